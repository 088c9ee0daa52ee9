"""How a video is encoded: container, codec, pixel format and quality, tried before any work is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np
from av.codec.context import Flags

from img2img.errors import UsageError
from img2img.media import formats
from img2img.media.opencv import cv2
from img2img.media.video.colour import Colour, is_rgb
from img2img.media.video.container import reason

if TYPE_CHECKING:
    from img2img.media.clip.frames import ClipInfo
    from img2img.media.formats import Moving
    from img2img.media.video.options import VideoOptions

_CODECS = {
    "h264": ("libx264", "h264_videotoolbox", "h264_nvenc", "h264_amf", "h264_qsv"),
    "h265": ("libx265", "hevc_videotoolbox", "hevc_nvenc", "hevc_amf", "hevc_qsv"),
    "av1": ("libsvtav1", "av1_nvenc", "av1_amf", "av1_qsv"),
    "vp9": ("libvpx-vp9",),
    "vp8": ("libvpx",),
    "prores": ("prores_ks",),
    "ffv1": ("ffv1",),
}
"""Codec to encoders: the one of the CPU, then those of hardware."""

_QUALITY: dict[str, tuple[str, int, dict[str, str]]] = {
    "libx264": ("crf", 18, {"preset": "veryfast"}),  # the network needs the cores; as good and as small, nearly
    "libx265": ("crf", 20, {"x265-params": "log-level=error"}),
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
"""Encoder to the option that means quality, its default, and what else it needs for that."""

_PRESET = {"libvpx-vp9": "cpu-used", "libvpx": "cpu-used", "prores_ks": "profile"}
"""Encoders whose word for preset is another one."""

_AVX_512F = 13
"""OpenCV's number for that set of instructions."""

_STORES_ASPECT = {"libx264", "libx265", "mpeg4"}
"""Encoders that write the shape of a pixel into their own data; of the others, only MP4 and MOV tell it."""

os.environ.setdefault("SVT_LOG", "1")  # or SVT-AV1 prints its settings


@dataclass(frozen=True)
class Encoding:
    """All that an encoder must know; two encoders with equal ones write packets that fit into one stream.

    Attributes:
        container: FFmpeg's name of the container.
        encoder: FFmpeg's name of the encoder.
        pixel_format: What it is given.
        options: Its options.
        width: Of its frames.
        height: Likewise.
        time_base: Seconds of a tick.
        rate: Frames a second, on average.
        sample_aspect: Width of a pixel over its height.
        colour: What the numbers mean.
        notes: What of the source it does not keep.
    """

    container: str
    encoder: str
    pixel_format: str
    options: dict[str, str]
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    sample_aspect: Fraction
    colour: Colour
    notes: tuple[str, ...] = field(default=(), compare=False)

    def open(self) -> av.VideoCodecContext:
        """An encoder, ready for frames; its packets go into `add_to`'s stream.

        Raises:
            FFmpegError: It is not there, or does not take this.
        """
        codec: Any = av.CodecContext.create(self.encoder, "w")
        codec.flags |= Flags.global_header  # one header for all packets, wherever they were encoded
        self._configure(codec)
        codec.open()
        return codec

    def add_to(self, container: av.container.OutputContainer) -> av.VideoStream:
        """The stream of a container that takes the packets of these encoders."""
        stream: Any = container.add_stream(self.encoder)
        stream.codec_context.flags |= Flags.global_header
        self._configure(stream.codec_context)
        stream.time_base = self.time_base
        return stream

    def _configure(self, codec: Any) -> None:
        codec.width, codec.height, codec.pix_fmt = self.width, self.height, self.pixel_format
        codec.time_base, codec.framerate = self.time_base, self.rate
        codec.sample_aspect_ratio = self.sample_aspect
        codec.options = self.options
        self.colour.tag(codec)


def choose_encoding(suffix: str, options: VideoOptions, info: ClipInfo) -> Encoding:
    """Choose how to write frames of `info`'s size and kind, and try it.

    Args:
        suffix: Of the target, whose format has a container.
        options: What the user asks for.
        info: The frames as they come out of the network.

    Raises:
        UsageError: There is no such encoder, it does not take what is asked, or the container cannot hold it.
    """
    form = formats.of_suffix(suffix)
    if form is None or form.moving is None or not form.moving.container:
        raise UsageError(f"FFmpeg does not write {suffix!r} files here; choose another suffix, such as .mkv")
    failures = []
    for encoder in _encoders(form.moving, options):
        encoding = _encoding(encoder, suffix, form.moving, options, info)
        try:
            _try(encoding)
        except (av.error.FFmpegError, ValueError) as error:
            failures.append(f"{encoder}: {reason(error)}")
        else:
            return encoding
    raise UsageError(
        f"a {suffix} cannot be encoded this way ({'; '.join(failures)}); try another --codec (h264, h265, vp9, av1, "
        "prores, ffv1), --preset, --pixel-format or target (.mkv holds nearly everything)"
    )


def _encoders(moving: Moving, options: VideoOptions) -> Iterator[str]:
    name = options.codec.lower() or moving.codec
    software, *hardware = _CODECS.get({"hevc": "h265", "x264": "h264", "x265": "h265"}.get(name, name), (name,))
    if options.hardware == "auto":
        yield from (encoder for encoder in hardware if encoder in av.codecs_available)
    yield software


def _encoding(encoder: str, suffix: str, moving: Moving, options: VideoOptions, info: ClipInfo) -> Encoding:
    taken = _pixel_formats(encoder)
    notes = []
    pixel_format = options.pixel_format or _pixel_format(taken, info)
    _check_pixel_format(pixel_format, taken, encoder)
    layout = av.VideoFormat(pixel_format)
    if info.deep and max(component.bits for component in layout.components) <= 8:
        notes.append(f"more than 8 bits became 8: {encoder} takes no 10 bits; choose another --codec to keep them")
    across, down = 64 // (layout.chroma_width(64) or 64), 64 // (layout.chroma_height(64) or 64)
    width, height = -(-info.width // across) * across, -(-info.height // down) * down
    if (width, height) != (info.width, info.height):
        notes.append(
            f"{info.width}×{info.height} became {width}×{height}, the last column or row repeated, as {pixel_format} "
            "needs even sizes; --pixel-format yuv444p keeps the size"
        )
    if info.chroma in ("4:4:4", "4:2:2") and not options.pixel_format and across == down == 2:
        notes.append(f"colours of {info.chroma} became 4:2:0, which plays everywhere; see --pixel-format")
    if info.sample_aspect != 1 and encoder not in _STORES_ASPECT and not moving.stores_aspect:
        notes.append(
            f"its pixels are {info.sample_aspect} as wide as high, which {encoder} in {suffix} does not tell; h264 does"
        )
    colour = info.colour or Colour(matrix=1 if height >= 720 else 6, full_range=False)
    return Encoding(
        container=moving.container,
        encoder=encoder,
        pixel_format=pixel_format,
        options=_options(encoder, options),
        width=width,
        height=height,
        time_base=info.time_base,
        rate=info.rate,
        sample_aspect=info.sample_aspect,
        colour=colour.for_format(pixel_format),
        notes=tuple(notes),
    )


def _options(encoder: str, options: VideoOptions) -> dict[str, str]:
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


def _pixel_formats(encoder: str) -> tuple[str, ...]:
    try:
        codec = av.Codec(encoder, "w")
    except (av.error.FFmpegError, ValueError):
        codec = None
    if codec is None or codec.type != "video":
        raise UsageError(
            f"there is no encoder {encoder!r} here; choose one of {', '.join(_CODECS)}, or one of FFmpeg's by its name"
        )
    return tuple(one.name for one in codec.video_formats or ())


def _pixel_format(formats: tuple[str, ...], info: ClipInfo) -> str:
    wanted = ["yuv420p10le", "yuv422p10le", "yuv444p10le"] if info.deep else []
    wanted += ["yuv420p", "yuv422p", "yuv444p", "yuv422p10le", "yuv444p10le"]
    return next((name for name in wanted if name in formats), formats[0] if formats else "yuv420p")


def _check_pixel_format(name: str, formats: tuple[str, ...], encoder: str) -> None:
    if formats and name not in formats:
        raise UsageError(f"{encoder} does not take the pixel format {name!r}; it takes {', '.join(formats)}")
    try:
        is_rgb(name)
    except ValueError as error:
        raise UsageError(f"there is no pixel format {name!r}; write for example yuv420p or yuv444p10le") from error


def _try(encoding: Encoding) -> None:
    """Encode one black frame, and begin a file."""
    codec = encoding.open()
    black = np.zeros((encoding.height, encoding.width, 3), np.uint8)
    frame = encoding.colour.from_rgb(black, encoding.pixel_format)
    frame.pts, frame.time_base = 0, encoding.time_base
    codec.encode(frame)
    codec.encode(None)
    left = [name for name in codec.options if name in encoding.options]
    if left:
        raise ValueError(f"it has no option {', '.join(left)}")
    begin_file(encoding)


def begin_file(encoding: Encoding, *templates: Any) -> None:
    """Write the head of a file with this video and copies of other streams, into memory.

    Raises:
        FFmpegError: The container cannot hold them together.
        ValueError: It has no place for one of them.
    """
    output = av.open(BytesIO(), "w", format=encoding.container)
    try:
        encoding.add_to(output)
        for template in templates:
            output.add_stream_from_template(template)
        output.start_encoding()
    finally:
        with suppress(av.error.FFmpegError, ValueError):  # a file without a frame need not end well
            output.close()
