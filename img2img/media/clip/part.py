"""This module checks the clips that plugins read against the contract, and cuts them to `--start` and `--end`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import ceil
from operator import index
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from img2img.errors import Img2ImgError, VideoError, is_ctrl_c
from img2img.media.clip.frames import Clip, ClipInfo, Frame, TracksOf
from img2img.media.files import MAX_PIXELS
from img2img.text import error_text

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels

T = TypeVar("T")

log = logging.getLogger(__name__)


class Part:
    """A `Clip` that shows another clip from `start` to `end` and turns whatever that clip raises into a VideoError.

    Args:
        clip: The whole clip. It is closed together with the part, also when the part cannot be made.
        name: The name of the clip in messages.
        start: Where the part begins, in seconds from the clip's beginning; None means the first frame, or time 0 if
            the first frame comes later.
        end: Where the part ends, in seconds from the clip's beginning; None means the last frame.
        max_pixels: Frames with more pixels are refused.

    Raises:
        VideoError: The clip's `info` breaks the contract, or its frames are too large.
    """

    def __init__(
        self, clip: Clip, name: str, start: Fraction | None, end: Fraction | None, max_pixels: int = MAX_PIXELS
    ) -> None:
        self._clip, self._name = clip, name
        try:
            self.info = guarded(name, lambda: _checked(clip.info, name, max_pixels))
        except BaseException:
            self.close()
            raise
        self._from = None if start is None else self._tick(start)
        self._end = None if end is None else self._tick(end)
        self.shift = (self._from or 0) * self.info.time_base
        """Seconds subtracted from all times, so that the part from `start` on begins at 0."""
        if self.info.tracks:
            to = None if self._end is None else self._end * self.info.time_base
            self.info = replace(self.info, tracks=self.info.tracks.part(self.shift, to))

    @property
    def damage(self) -> str:
        """Describes what of the whole clip could not be read; empty if everything could."""
        return guarded(self._name, lambda: str(self._clip.damage or ""))

    def frames(self) -> Iterator[Frame]:
        """Yield the frames that are shown in the part, from time 0 on; this works once."""
        begin, before, picture = self._from, None, None
        for frame in self._whole():
            pts, duration = guarded(self._name, partial(self._times, frame, before))
            if self._end is not None and pts >= self._end:
                return
            before = pts
            begin = min(0, pts) if begin is None else begin
            if pts < begin:
                continue
            if frame.picture is not picture:  # frames of one picture keep sharing one function
                picture = frame.picture
                checked = partial(self._picture, picture)
            lasts = duration if self._end is None else min(duration, self._end - pts)
            yield Frame(pts - begin, lasts, checked, frame.captions)

    def close(self) -> None:
        """Close the whole clip; a failure is logged, since the frames read before are good."""
        try:
            guarded(self._name, lambda: self._clip.close())
        except (Img2ImgError, MemoryError) as error:
            log.warning("%s; it could not be closed", error)

    def _tick(self, seconds: Fraction) -> int:
        return ceil((seconds + self.info.start) / self.info.time_base)

    def _whole(self) -> Iterator[Any]:
        frames = guarded(self._name, lambda: iter(self._clip.frames()))
        end = object()
        while (frame := guarded(self._name, partial(next, frames, end))) is not end:
            yield frame

    def _times(self, frame: Any, before: int | None) -> tuple[int, int]:
        if not isinstance(frame, Frame) or not callable(frame.picture) or not isinstance(frame.captions, bytes):
            raise VideoError(
                f"{self._name}: its plugin yields {frame!r}, which is no Frame with a callable picture; report this to "
                "the author of the plugin"
            )
        pts, duration = index(frame.pts), index(frame.duration)
        if before is not None and pts <= before:
            raise VideoError(f"{self._name}: a frame at tick {pts} follows one at {before}; times must rise")
        if duration <= 0:
            raise VideoError(f"{self._name}: the frame at tick {pts} lasts {duration} ticks; it must last 1 or more")
        return pts, duration

    def _picture(self, picture: Callable[[], Pixels]) -> Pixels:
        pixels = guarded(self._name, picture)
        info = self.info
        dtype = "uint16" if info.deep else "uint8"
        if not isinstance(pixels, np.ndarray):
            raise VideoError(f"{self._name}: a frame is of {type(pixels).__name__}, where an array was promised")
        if pixels.shape[:2] != (info.height, info.width) or pixels.shape[2:] not in ((1,), (3,), (4,)):
            raise VideoError(f"{self._name}: a frame is {pixels.shape}, where {info.width}×{info.height} was promised")
        if pixels.dtype != dtype:
            raise VideoError(f"{self._name}: a frame is of {pixels.dtype}, where {dtype} was promised")
        return pixels


def guarded(name: str, call: Callable[[], T], does: Literal["reads", "writes"] = "reads") -> T:
    """Call a function of a plugin; whatever it raises, sys.exit included, fails this clip and no other.

    Raises:
        VideoError: The function failed.
    """
    try:
        return call()
    except (Img2ImgError, MemoryError):
        raise
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        raise VideoError(f"{name}: the plugin that {does} it failed: {error_text(error)}") from error


def _checked(info: Any, name: str, max_pixels: int) -> ClipInfo:
    """Return `info` with numbers of the declared types, or raise a VideoError that names what is wrong."""
    if not isinstance(info, ClipInfo):
        raise VideoError(f"{name}: its info is {info!r}, which is no ClipInfo")
    fractions = {field: _fraction(info, field, name) for field in ("time_base", "rate", "start", "sample_aspect")}
    whole = {field: index(getattr(info, field)) for field in ("width", "height", "frames")}
    numbers: dict[str, Any] = {**whole, **fractions}
    info = replace(info, **numbers)
    if min(info.width, info.height) < 1 or info.frames < 0:
        raise VideoError(
            f"{name}: its info declares {info.frames} frames of {info.width}×{info.height} pixels; the sides must be 1 "
            "or more, and the number of frames 0 or more"
        )
    if min(info.time_base, info.rate, info.sample_aspect) <= 0:
        raise VideoError(f"{name}: time_base, rate and sample_aspect of its info must be more than 0")
    if not (isinstance(info.chroma, str) and isinstance(info.notes, tuple)):
        raise VideoError(f"{name}: its info has chroma {info.chroma!r} and notes {info.notes!r}, not a str and a tuple")
    if not isinstance(info.tracks, TracksOf | None):
        raise VideoError(f"{name}: its info has tracks {info.tracks!r}, which are no TracksOf")
    if info.width * info.height > max_pixels:
        raise VideoError(
            f"{name}: its {info.width}×{info.height} pixels are more than the allowed {max_pixels}; raise --max-pixels"
        )
    return info


def _fraction(info: ClipInfo, field: str, name: str) -> Fraction:
    value = getattr(info, field)
    if not isinstance(value, Fraction | int):
        raise VideoError(
            f"{name}: the {field} of its info is {value!r}; it must be a Fraction, such as Fraction(1, 25)"
        )
    return Fraction(value)
