"""This module reads frames from a camera of this machine with OpenCV, since PyAV's FFmpeg opens no devices."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from time import perf_counter
from typing import TYPE_CHECKING, Any

import img2img

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

MOST_CAMERAS = 100
"""Number of the first camera that cannot be opened; OpenCV takes larger numbers for those of its backends."""
MILLISECOND = Fraction(1, 1000)
USUAL_RATE = 30
"""Frames a second of a camera that does not report its rate."""


class CameraSource(img2img.ClipSource):
    """Opens `camera:0`, `camera:1` and so on; frames have the times at which they arrived."""

    name = "camera"
    summary = "a camera of this machine: camera:0 is the first"
    endless = True
    reads_files = False

    def open(self, address: str, fps: Fraction | None) -> img2img.Clip:
        # OpenCV would open a path as a file.
        if not address.isdecimal() or int(address) >= MOST_CAMERAS:
            raise img2img.UsageError(
                f"{address!r} is no camera; give its number, from 0 to {MOST_CAMERAS - 1}, such as camera:0"
            )
        return CameraClip(int(address))


class CameraClip:
    """Reads the frames of a camera as a `Clip`, until `close`.

    Args:
        index: The number of the camera.

    Raises:
        UsageError: There is no such camera, or it delivers no frame.
    """

    damage = ""

    def __init__(self, index: int) -> None:
        import cv2

        self.index = index
        self._capture: Any = cv2.VideoCapture(index)
        opened = self._capture.isOpened()
        first = self._read() if opened else None
        if first is None:
            self.close()
            failure = "delivers no frame" if opened else "cannot be opened"
            raise img2img.UsageError(
                f"camera {index} {failure}; plug it in, close other programs that use it, allow this program to use it "
                "(on Linux: by the group video), or give the number of another camera"
            )
        self._first = first
        rate = Fraction(round(self._capture.get(cv2.CAP_PROP_FPS)) or USUAL_RATE)
        self.info = img2img.ClipInfo(first.shape[1], first.shape[0], MILLISECOND, rate)

    def close(self) -> None:
        self._capture.release()

    def frames(self) -> Iterator[img2img.Frame]:
        """Yield frames of uint8 RGB as fast as the camera delivers them.

        Raises:
            VideoError: The camera delivers no more frames.
        """
        begun, last = perf_counter(), -1
        pixels: Pixels | None = self._first
        duration = max(1, round(1 / (self.info.rate * MILLISECOND)))
        while pixels is not None:
            last = max(last + 1, int(1000 * (perf_counter() - begun)))
            yield img2img.Frame(last, duration, _always(pixels))
            pixels = self._read()
        raise img2img.VideoError(
            f"camera {self.index} delivers no more frames; check whether it is plugged in, and start again"
        )

    def _read(self) -> Pixels | None:
        import cv2

        delivered, pixels = self._capture.read()
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if delivered else None


def _always(pixels: Pixels) -> Any:
    return lambda: pixels
