"""Frames of a camera, through OpenCV: PyAV's FFmpeg knows files and no devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from img2img.errors import UsageError, VideoError
from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from img2img.media.images import Pixels

MOST_CAMERAS = 100
"""OpenCV takes larger indices for the numbers of its backends."""


class Camera:
    """A camera of this machine, open until `close`.

    Args:
        index: Which: 0 is the first.

    Raises:
        UsageError: There is no such camera, or it delivers no frame.
    """

    def __init__(self, index: int) -> None:
        # A path would make OpenCV open a file, which is what VideoReader is for.
        if not isinstance(index, int) or not 0 <= index < MOST_CAMERAS:
            raise UsageError(f"{index!r} is no camera; give its number, from 0 to {MOST_CAMERAS - 1}: --camera 0")
        self.index = index
        self._capture = cv2.VideoCapture(index)
        opened = self._capture.isOpened()
        first = self._read() if opened else None
        if first is None:
            self.close()
            failure = "delivers no frame" if opened else "cannot be opened"
            raise UsageError(
                f"camera {index} {failure}; plug it in, close what else uses it, allow it for this program (on Linux: "
                "by the group video), give another number (--camera 1), or show a clip: --source CLIP"
            )
        self._first: Pixels = first

    def close(self) -> None:
        self._capture.release()

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def frames(self) -> Iterator[Pixels]:
        """Yield frames, (H, W, 3) of uint8 RGB, as fast as the camera delivers them.

        Raises:
            VideoError: It delivers no more.
        """
        yield self._first
        while (pixels := self._read()) is not None:
            yield pixels
        raise VideoError(f"camera {self.index} delivers no more frames; see whether it is plugged in, and start again")

    def _read(self) -> Pixels | None:
        delivered, pixels = self._capture.read()
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if delivered else None
