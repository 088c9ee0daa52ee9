"""This module converts between the YUV of videos and RGB, by the matrix and the range that the video declares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorRange, Interpolation

from img2img.errors import ItemError
from img2img.media.video.hdr import Hdr, lost_with

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels

# Numbers of ITU-T H.273, which FFmpeg and all containers use.
_RGB, _BT709, _UNKNOWN, _BT470BG, _BT601, _SMPTE240M, _BT2020 = 0, 1, 2, 5, 6, 7, 9
_CONVERTED = {_BT709: 1, 4: 4, _BT470BG: 5, _BT601: 5, _SMPTE240M: 7, _BT2020: 9}
"""Matrix of H.273 to swscale's number for it; swscale knows no others."""
_YCGCO, _DERIVED = 8, 12
_SAME = {"primaries": "bt709", "trc": "bt709"}
"""What FFmpeg's filter takes for equal in source and result, so that it converts by the matrix alone."""
_DERIVED_FROM = {_BT709: _BT709, 9: _BT2020}
"""Primaries to the matrix that is derived from them, where it is one of those above."""
_REFUSED = {
    10: "BT.2020 with constant luminance",
    11: "SMPTE 2085",
    _DERIVED: "a matrix derived from its primaries",
    13: "a matrix derived from its primaries, with constant luminance",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
"""Matrices that no part of the program converts, by their names."""

HD_HEIGHT = 720
"""Height in pixels from which on players assume BT.709 where a video declares no matrix."""

# swscale's fast methods repeat chroma and round down; these cost some milliseconds more and are exact to 1/255.
_PRECISE = int(
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


@dataclass(frozen=True)
class Colour:
    """The colour space of a video, with numbers of ITU-T H.273, where 2 means unknown.

    Attributes:
        matrix: The matrix between YUV and RGB in the target.
        full_range: Whether the values of a channel fill the whole range of numbers.
        primaries: The primaries.
        transfer: The transfer characteristics.
        is_ycgco: Whether the source stores YCgCo, so that its matrix is not that of the target.
        hdr: The brightness of an HDR10 video.
        lost: What the source's frames carry beside the colour, and no target keeps, in words.
    """

    matrix: int
    full_range: bool
    primaries: int = _UNKNOWN
    transfer: int = _UNKNOWN
    is_ycgco: bool = False
    hdr: Hdr | None = None
    lost: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: av.VideoFrame, height: int) -> Colour:
        """Read the colour space of a frame; where it declares no matrix, the height decides, as in players.

        Raises:
            ItemError: The frame has a matrix that cannot be converted.
        """
        matrix, is_rgb = frame.colorspace, _is_rgb(frame)
        if matrix == _DERIVED and not is_rgb:
            matrix = _DERIVED_FROM.get(frame.color_primaries, matrix)
        if not is_rgb and (matrix in _REFUSED or (matrix == _YCGCO and _in_bt709(frame) is None)):
            name = _REFUSED.get(matrix, f"YCgCo in {frame.format.name}")
            raise ItemError(f"its colours are stored as {name}, which cannot be converted; convert it to BT.709 first")
        is_ycgco = matrix == _YCGCO and not is_rgb
        if matrix not in _CONVERTED:
            matrix = _BT709 if height >= HD_HEIGHT or is_rgb or is_ycgco else _BT601
        full = frame.color_range == ColorRange.JPEG and not is_rgb
        lost = tuple(lost_with(frame))
        return cls(matrix, full, frame.color_primaries, frame.color_trc, is_ycgco, Hdr.of(frame), lost)

    def to_rgb(self, frame: av.VideoFrame, *, deep: bool) -> Pixels:
        """Convert a frame to RGB, (H, W, 3): uint8, or with `deep` uint16 over the full range."""
        name = "rgb48le" if deep else "rgb24"
        if _is_rgb(frame):
            return frame.to_ndarray(format=name, threads=1)
        if self.is_ycgco:
            frame = _in_bt709(frame) or frame
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


def _in_bt709(frame: av.VideoFrame) -> av.VideoFrame | None:
    """Convert a frame from YCgCo to BT.709; return None where FFmpeg cannot do that to its pixel format."""
    extent = "pc" if frame.color_range == ColorRange.JPEG else "tv"
    same = ":".join(f"i{name}={value}:{name}={value}" for name, value in _SAME.items())
    graph = Graph()
    try:
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1)
        )
        matrix = graph.add("colorspace", f"ispace=ycgco:space=bt709:irange={extent}:range={extent}:{same}")
        sink = graph.add("buffersink")
        source.link_to(matrix)
        matrix.link_to(sink)
        graph.configure()
        graph.push(frame)
        converted = graph.pull()
    except (av.error.FFmpegError, ValueError):
        return None
    return converted if isinstance(converted, av.VideoFrame) else None


def _extent(full_range: bool) -> ColorRange:
    return ColorRange.JPEG if full_range else ColorRange.MPEG
