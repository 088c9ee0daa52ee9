"""This module reads what frames carry beside their pixels, and passes on what an encoder can store of it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from img2img.media.video.side_data import side_data

if TYPE_CHECKING:
    import av

_STORED = {
    "libx264": ("x264-params", "mastering-display", "cll", (50_000, 10_000)),
    "libx265": ("x265-params", "master-display", "max-cll", (50_000, 10_000)),
    "libsvtav1": ("svtav1-params", "mastering-display", "content-light", (1, 1)),
}
"""Encoder to its option that takes both values of HDR10, the names of the two in it, and their units: ticks in 1 of
colour and in 1 cd/m²."""

_LOST = {
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
    "DYNAMIC_HDR_VIVID": "HDR Vivid metadata",
    "DOVI_RPU_BUFFER": "Dolby Vision metadata",
    "DOVI_METADATA": "Dolby Vision metadata",
    "AMBIENT_VIEWING_ENVIRONMENT": "description of the ambient light",
    "SPHERICAL": "mark as a picture of 360°",
    "STEREO3D": "mark as a stereoscopic picture",
    "AFD": "active format description",
    "ICC_PROFILE": "ICC profile",
}
"""FFmpeg's names of what a frame may carry and no target keeps, in words."""


@dataclass(frozen=True)
class Hdr:
    """The brightness of an HDR10 video.

    Attributes:
        mastering: The display on which the video was graded: x and y of red, green, blue and white, then the darkest
            and the brightest it shows in cd/m²; None where the video does not say.
        light: The brightest pixel, and the brightest average of a frame, in cd/m²; None where the video does not say.
    """

    mastering: tuple[Fraction, ...] | None = None
    light: tuple[int, int] | None = None

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Hdr | None:
        """Read the values from a frame; None where it carries none."""
        mastering, light = side_data(frame, "MASTERING_DISPLAY_METADATA"), side_data(frame, "CONTENT_LIGHT_LEVEL")
        if mastering is None and light is None:
            return None
        return cls(_mastering(mastering or b""), _light(light or b""))

    def options(self, encoder: str, options: Mapping[str, str]) -> dict[str, str] | None:
        """Return an encoder's options with which it stores these values; None if it has none for them."""
        if encoder not in _STORED or self == Hdr():
            return None
        option, mastering, light, units = _STORED[encoder]
        parts = [options[option]] if option in options else []
        if self.mastering:
            parts.append(f"{mastering}={self._in_words(*units)}")
        if self.light:
            parts.append(f"{light}={self.light[0]},{self.light[1]}")
        return {**options, option: ":".join(parts)}

    def _in_words(self, colour_unit: int, light_unit: int) -> str:
        assert self.mastering is not None
        *colours, darkest, brightest = self.mastering
        shown = [_number(value * colour_unit, colour_unit) for value in colours]
        red, green, blue, white = (f"({x},{y})" for x, y in zip(shown[::2], shown[1::2], strict=True))
        light = f"({_number(brightest * light_unit, light_unit)},{_number(darkest * light_unit, light_unit)})"
        return f"G{green}B{blue}R{red}WP{white}L{light}"


def lost_with(frame: av.VideoFrame) -> list[str]:
    """Return what a frame carries and no target keeps, in words."""
    return list(dict.fromkeys(word for name, word in _LOST.items() if side_data(frame, name) is not None))


def _mastering(data: bytes) -> tuple[Fraction, ...] | None:
    """Read FFmpeg's AVMasteringDisplayMetadata: ten fractions, and whether it holds colours and brightness."""
    *numbers, has_colours, has_brightness = struct.unpack("=20i2i", data[:88].ljust(88, b"\0"))
    if not (has_colours and has_brightness and all(numbers[1::2])):
        return None
    return tuple(Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True))


def _light(data: bytes) -> tuple[int, int] | None:
    """Read FFmpeg's AVContentLightMetadata."""
    if len(data) < 8:
        return None
    brightest, average = struct.unpack("=2I", data[:8])
    return brightest, average


def _number(value: Fraction, unit: int) -> str:
    return str(round(value)) if unit > 1 else f"{float(value):.5f}"
