"""This module converts between the YUV of videos and RGB, by the matrix and the range that the video declares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels

# Numbers of ITU-T H.273, which FFmpeg and all containers use.
_RGB, _BT709, _UNKNOWN, _BT470BG, _BT601, _SMPTE240M, _BT2020 = 0, 1, 2, 5, 6, 7, 9
_CONVERTED = {_BT709: 1, 4: 4, _BT470BG: 5, _BT601: 5, _SMPTE240M: 7, _BT2020: 9}
"""Matrix of H.273 to swscale's number for it; swscale knows no others."""

HD_HEIGHT = 720
"""Height in pixels from which on players assume BT.709 where a video declares no matrix."""

# swscale's fast methods repeat chroma and round down; these cost some milliseconds more and are exact to 1/255.
_PRECISE = int(
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


@dataclass(frozen=True)
class Colour:
    """The colour space of a video, as numbers of ITU-T H.273, where 2 means unknown."""

    matrix: int
    full_range: bool
    primaries: int = _UNKNOWN
    transfer: int = _UNKNOWN

    @classmethod
    def of(cls, frame: av.VideoFrame, height: int) -> Colour:
        """Read the colour space of a frame; where it declares no matrix, the height decides, as in players."""
        matrix = frame.colorspace
        if matrix not in _CONVERTED:
            matrix = _BT709 if height >= HD_HEIGHT or _is_rgb(frame) else _BT601
        full = frame.color_range == ColorRange.JPEG
        return cls(matrix, full and not _is_rgb(frame), frame.color_primaries, frame.color_trc)

    def to_rgb(self, frame: av.VideoFrame, *, deep: bool) -> Pixels:
        """Convert a frame to RGB, (H, W, 3): uint8, or with `deep` uint16 over the full range."""
        name = "rgb48le" if deep else "rgb24"
        if _is_rgb(frame):
            return frame.to_ndarray(format=name, threads=1)
        matrix, extent = _CONVERTED[self.matrix], _extent(self.full_range)
        return frame.to_ndarray(
            format=name,
            src_colorspace=matrix,
            src_color_range=extent,
            dst_color_range=ColorRange.JPEG,
            interpolation=_PRECISE,
            threads=1,
        )

    def from_rgb(self, pixels: Pixels, pixel_format: str) -> av.VideoFrame:
        """Convert RGB, (H, W, 3) of uint8 or uint16, to a frame in a pixel format, tagged with this colour space."""
        deep = pixels.dtype == np.uint16
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb48le" if deep else "rgb24")
        if not is_rgb(pixel_format):
            frame = frame.reformat(
                format=pixel_format,
                dst_colorspace=_CONVERTED[self.matrix],
                src_color_range=ColorRange.JPEG,
                dst_color_range=_extent(self.full_range),
                interpolation=_PRECISE,
                threads=1,
            )
        elif frame.format.name != pixel_format:
            frame = frame.reformat(format=pixel_format, threads=1)
        self.tag(frame)
        return frame

    def tag(self, target: av.VideoFrame | av.VideoCodecContext) -> None:
        """Write this colour space into the tags of a frame or an encoder."""
        target.colorspace = self.matrix
        target.color_range = _extent(self.full_range)
        target.color_primaries, target.color_trc = self.primaries, self.transfer

    def for_format(self, pixel_format: str) -> Colour:
        """Return the colour space with which the same colours are stored in a pixel format."""
        return replace(self, matrix=_RGB, full_range=True) if is_rgb(pixel_format) else self


def is_rgb(pixel_format: str) -> bool:
    """Return whether the pixel format of a name holds RGB."""
    return av.VideoFormat(pixel_format).is_rgb or pixel_format == "pal8"


def _is_rgb(frame: av.VideoFrame) -> bool:
    return is_rgb(frame.format.name)


def _extent(full_range: bool) -> ColorRange:
    return ColorRange.JPEG if full_range else ColorRange.MPEG
