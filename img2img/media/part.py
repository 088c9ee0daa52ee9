"""What a plugin reads as a clip, held to the contract and cut to the time that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache, partial
from math import ceil
from typing import TYPE_CHECKING, TypeVar

from img2img.errors import Img2ImgError, VideoError
from img2img.media.video.frames import Clip, ClipInfo, Frame

if TYPE_CHECKING:
    from img2img.media.images import Pixels

T = TypeVar("T")


class Part:
    """A `Clip` that shows what another shows from one time to another; whatever that raises becomes a VideoError.

    Args:
        clip: The whole; it is closed with this one.
        name: What to call it.
        start: Seconds from its beginning; None for there.
        end: Likewise, for its end.
    """

    def __init__(self, clip: Clip, name: str, start: Fraction | None, end: Fraction | None) -> None:
        self._clip, self._name, self._end = clip, name, end
        self.info: ClipInfo = clip.info
        self._from = 0 if start is None else ceil((start + self.info.start) / self.info.time_base)
        self.shift = self._from * self.info.time_base
        """Seconds taken off all times, so that what begins at `start` begins at 0."""

    @property
    def damage(self) -> str:
        return self._clip.damage

    def frames(self) -> Iterator[Frame]:
        """Yield the frames that are shown in the part; can be gone through once."""
        frames = self._clip.frames()
        checked = lru_cache(maxsize=1)(lambda picture: partial(self._picture, picture))  # one picture, one function
        while (frame := guarded(self._name, partial(next, frames, None))) is not None:
            if self._end is not None and frame.pts * self.info.time_base - self.info.start >= self._end:
                return
            if frame.pts >= self._from:
                yield Frame(frame.pts - self._from, frame.duration, checked(frame.picture))

    def close(self) -> None:
        self._clip.close()

    def _picture(self, picture: Callable[[], Pixels]) -> Pixels:
        pixels = guarded(self._name, picture)
        info = self.info
        dtype = "uint16" if info.deep else "uint8"
        if pixels.shape[:2] != (info.height, info.width) or pixels.shape[2:] not in ((1,), (3,), (4,)):
            raise VideoError(f"{self._name}: a frame is {pixels.shape}, where {info.width}×{info.height} was promised")
        if pixels.dtype != dtype:
            raise VideoError(f"{self._name}: a frame is of {pixels.dtype}, where {dtype} was promised")
        return pixels


def guarded(name: str, read: Callable[[], T]) -> T:
    """Call what is a plugin's; whatever it raises costs this clip and no other.

    Raises:
        VideoError: It failed.
    """
    try:
        return read()
    except (Img2ImgError, KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:
        raise VideoError(f"{name}: the plugin that reads it failed: {type(error).__name__}: {error}") from error
