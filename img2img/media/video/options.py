"""This module holds the options that a user may give for videos."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from img2img.media.image.alpha import WHITE, Ground


@dataclass(frozen=True)
class VideoOptions:
    """The user's options for a video.

    Attributes:
        codec: `h264`, `h265`, `av1`, `vp9`, `vp8`, `prores`, `ffv1`, or the name of one of FFmpeg's encoders; empty for
            the container's usual codec.
        quality: Quality as the codec counts it: the CRF of x264, x265, AV1 and VP9, where less is better. None chooses
            a good one.
        preset: Preset as the codec names it: x264's `fast`, AV1's `6`, VP9's `cpu-used`, ProRes' profile.
        pixel_format: FFmpeg's name, such as `yuv444p`; empty for 4:2:0 with as many bits as the source has.
        start: Frames shown before this time, in seconds, are left out.
        end: Frames shown from this time on, in seconds, are left out.
        fps: Constant frame rate to which the clip is brought by leaving out and repeating frames; for images, the rate
            at which they are shown.
        hardware: `auto` tries encoders of graphics cards before that of the CPU.
        ground: The colour behind what is transparent, where the target holds no transparency: red, green and blue, 0 to
            255.
        drop_unsupported_streams: Whether streams that the target's container cannot hold are left out, instead of
            refusing the job.
    """

    codec: str = ""
    quality: int | None = None
    preset: str = ""
    pixel_format: str = ""
    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None
    hardware: Literal["auto", "off"] = "off"
    ground: Ground = WHITE
    drop_unsupported_streams: bool = False
