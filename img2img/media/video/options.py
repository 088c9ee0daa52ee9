"""What a user may ask of a video."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True)
class VideoOptions:
    """How a video is to be made.

    Attributes:
        codec: `h264`, `h265`, `av1`, `vp9`, `vp8`, `prores`, `ffv1`, or the name of one of FFmpeg's encoders; empty for
            the container's usual one.
        quality: In the codec's sense: the CRF of x264, x265, AV1 and VP9, where less is better. None for a good one.
        preset: In the codec's sense: x264's `fast`, AV1's `6`, VP9's `cpu-used`, ProRes' profile.
        pixel_format: FFmpeg's name, such as `yuv444p`; empty for 4:2:0 with as many bits as the source has.
        start: Leave out what is shown before, in seconds.
        end: Leave out what is shown from then on.
        fps: Change to this constant rate by leaving out and repeating frames; for images, the rate they are shown at.
        hardware: `auto` tries encoders of graphics cards before that of the CPU.
        drop_unsupported_streams: Leave out what the target's container cannot hold, instead of refusing.
    """

    codec: str = ""
    quality: int | None = None
    preset: str = ""
    pixel_format: str = ""
    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None
    hardware: Literal["auto", "off"] = "off"
    drop_unsupported_streams: bool = False
