"""This module knows FFmpeg's video encoders: their names, options and pixel formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import av
import av.error

from img2img.errors import UsageError
from img2img.media.opencv import cv2
from img2img.media.video.colour import HD_HEIGHT, is_rgb

if TYPE_CHECKING:
    from img2img.media.clip.frames import ClipInfo
    from img2img.media.formats import Moving
    from img2img.media.video.options import VideoOptions

CODECS = {
    "h264": ("libx264", "h264_videotoolbox", "h264_nvenc", "h264_amf", "h264_qsv"),
    "h265": ("libx265", "hevc_videotoolbox", "hevc_nvenc", "hevc_amf", "hevc_qsv"),
    "av1": ("libsvtav1", "av1_nvenc", "av1_amf", "av1_qsv"),
    "vp9": ("libvpx-vp9",),
    "vp8": ("libvpx",),
    "prores": ("prores_ks",),
    "ffv1": ("ffv1",),
}
"""Codec to its encoders: first the encoder of the CPU, then those of hardware."""

_QUALITY: dict[str, tuple[str, int, dict[str, str]]] = {
    "libx264": ("crf", 18, {"preset": "veryfast"}),  # leaves the cores to the network, and is nearly as good and small
    "libx265": ("crf", 20, {"x265-params": "log-level=error", "a53cc": "1"}),
    "libsvtav1": ("crf", 25, {"preset": "8"}),
    "libvpx-vp9": ("crf", 24, {"b": "0", "row-mt": "1", "cpu-used": "3", "deadline": "good"}),
    "libvpx": ("crf", 10, {"b": "20M", "cpu-used": "3", "deadline": "good"}),
    "mpeg4": ("", 0, {"b": "10M"}),
    "h264_nvenc": ("cq", 20, {"rc": "vbr"}),
    "hevc_nvenc": ("cq", 22, {"rc": "vbr"}),
    "av1_nvenc": ("cq", 28, {"rc": "vbr"}),
    "h264_qsv": ("global_quality", 20, {}),
    "hevc_qsv": ("global_quality", 22, {}),
    "av1_qsv": ("global_quality", 28, {}),
}
"""Encoder to the name of its option for quality, the default of this, and further options that it needs."""

_PRESET = {"libvpx-vp9": "cpu-used", "libvpx": "cpu-used", "prores_ks": "profile"}
"""Encoder to the name of its option for the preset, where that is not `preset`."""

_SIGNAL_RANGE = ("libx26", "h264_", "hevc_", "av1_", "libsvtav1", "libvpx-vp9", "mjpeg")
"""Beginnings of the names of encoders whose own data say which range they use; of others, only the container may."""

_AVX_512F = 13
"""OpenCV's number for the instruction set AVX-512F."""


def encoders_of(moving: Moving, options: VideoOptions) -> Iterator[str]:
    """Yield FFmpeg's names of the encoders to try, in order; encoders of hardware come first where they are wanted."""
    name = options.codec.lower() or moving.codec
    software, *hardware = CODECS.get({"hevc": "h265", "x264": "h264", "x265": "h265"}.get(name, name), (name,))
    if options.hardware == "auto":
        yield from (encoder for encoder in hardware if encoder in av.codecs_available)
    yield software


def options_of(encoder: str, options: VideoOptions) -> dict[str, str]:
    """Return the options of an encoder for the quality and the preset that the user chose.

    Raises:
        UsageError: The user chose a quality, and the encoder has none.
    """
    word, default, others = _QUALITY.get(encoder, ("", 0, {}))
    chosen = dict(others)
    if encoder == "libx264" and cv2.checkHardwareSupport(_AVX_512F):
        chosen["x264-params"] = "asm=avx2"  # its AVX-512 code gives other bytes in each run, where there are B-frames
    if word:
        chosen[word] = str(default if options.quality is None else options.quality)
    elif options.quality is not None:
        raise UsageError(f"{encoder} has no quality to choose; leave out --quality, or choose another --codec")
    if options.preset:
        chosen[_PRESET.get(encoder, "preset")] = options.preset
    return chosen


def pixel_formats_of(encoder: str) -> tuple[str, ...]:
    """Return the pixel formats that an encoder takes; empty where FFmpeg does not list them.

    Raises:
        UsageError: There is no such encoder.
    """
    try:
        codec = av.Codec(encoder, "w")
    except (av.error.FFmpegError, ValueError):
        codec = None
    if codec is None or codec.type != "video":
        raise UsageError(
            f"there is no encoder {encoder!r} here; choose one of {', '.join(CODECS)}, or one of FFmpeg's by its name"
        )
    return tuple(one.name for one in codec.video_formats or ())


def choose_pixel_format(formats: tuple[str, ...], info: ClipInfo) -> str:
    """Choose the pixel format that keeps the depth of the frames and plays on most devices."""
    wanted = ["yuv420p10le", "yuv422p10le", "yuv444p10le"] if info.deep else []
    wanted += ["yuv420p", "yuv422p", "yuv444p", "yuv422p10le", "yuv444p10le"]
    return next((name for name in wanted if name in formats), formats[0] if formats else "yuv420p")


def stores_full_range(encoder: str, container: str) -> bool:
    """Return whether a video that an encoder writes into a container can say that it uses the full range."""
    return encoder.startswith(_SIGNAL_RANGE) or (
        container in ("matroska", "webm") and not encoder.startswith(("prores", "libvpx"))
    )


def only_matrix(encoder: str, container: str, height: int) -> int | None:
    """Return the matrix for which every player takes a video; None where the video itself says which it is."""
    if encoder == "libvpx":
        return 5
    if container in ("mp4", "mov") and not encoder.startswith((*_SIGNAL_RANGE, "prores", "dnxhd", "mpeg2video")):
        return 1 if height >= HD_HEIGHT else 6
    return None


def check_pixel_format(name: str, formats: tuple[str, ...], encoder: str) -> None:
    """Refuse a pixel format that does not exist, or that the encoder does not take.

    Raises:
        UsageError: The format cannot be used; the message lists those that can.
    """
    if formats and name not in formats:
        raise UsageError(f"{encoder} does not take the pixel format {name!r}; it takes {', '.join(formats)}")
    try:
        is_rgb(name)
    except ValueError as error:
        raise UsageError(f"there is no pixel format {name!r}; write for example yuv420p or yuv444p10le") from error
