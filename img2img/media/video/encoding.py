"""This module chooses how a video is encoded (container, encoder, pixel format, quality), and tries it beforehand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np
from av.codec.context import Flags

from img2img.errors import UsageError
from img2img.media import formats
from img2img.media.video.colour import Colour
from img2img.media.video.container import reason
from img2img.media.video.encoders import (
    check_pixel_format,
    choose_pixel_format,
    encoders_of,
    options_of,
    pixel_formats_of,
)

if TYPE_CHECKING:
    from img2img.media.clip.frames import ClipInfo
    from img2img.media.formats import Moving
    from img2img.media.video.options import VideoOptions

_STORES_ASPECT = {"libx264", "libx265", "mpeg4"}
"""Encoders that store the shape of a pixel in their own data; with others, only the containers MP4 and MOV store it."""

os.environ.setdefault("SVT_LOG", "1")  # else SVT-AV1 prints its options


@dataclass(frozen=True)
class Encoding:
    """How a video is encoded; encoders with equal values write packets that fit into one stream.

    Attributes:
        container: FFmpeg's name of the container.
        encoder: FFmpeg's name of the encoder.
        pixel_format: FFmpeg's name of the pixel format of the frames.
        options: Options of the encoder.
        width: Width of the encoded frames, in pixels.
        height: Height of the encoded frames, in pixels.
        time_base: Length of a tick, in seconds.
        rate: Frames a second, on average.
        sample_aspect: Width of a pixel divided by its height.
        colour: The colour space of the encoded frames.
        notes: Properties of the source that the target does not keep, for the report.
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
        """Open an encoder; its packets belong into the stream that `add_to` makes.

        Raises:
            FFmpegError: The encoder is missing, or refuses these values.
        """
        codec: Any = av.CodecContext.create(self.encoder, "w")
        codec.flags |= Flags.global_header  # one header for all packets, wherever they were encoded
        self._configure(codec)
        codec.open()
        return codec

    def add_to(self, container: av.container.OutputContainer) -> av.VideoStream:
        """Add a stream to a container, for the packets of such encoders, and return it."""
        stream: Any = container.add_stream(self.encoder)
        stream.codec_context.flags |= Flags.global_header
        self._configure(stream.codec_context)
        stream.time_base = self.time_base
        return stream

    def in_matroska(self) -> Encoding:
        """Return the same encoding in Matroska, which holds nearly everything."""
        return replace(self, container="matroska")

    def _configure(self, codec: Any) -> None:
        codec.width, codec.height, codec.pix_fmt = self.width, self.height, self.pixel_format
        codec.time_base, codec.framerate = self.time_base, self.rate
        codec.sample_aspect_ratio = self.sample_aspect
        codec.options = self.options
        self.colour.tag(codec)


def choose_encoding(suffix: str, options: VideoOptions, info: ClipInfo) -> Encoding:
    """Choose how to encode frames, and try that with one black frame.

    Args:
        suffix: Suffix of the target; its format has a container.
        options: The user's options.
        info: The frames as they come out of the network.

    Raises:
        UsageError: The encoder is missing or refuses the options, or the container cannot hold its packets.
    """
    form = formats.of_suffix(suffix)
    if form is None or form.moving is None or not form.moving.container:
        raise UsageError(f"FFmpeg does not write {suffix!r} files here; choose another suffix, such as .mkv")
    failures = []
    for encoder in encoders_of(form.moving, options):
        encoding = _encoding(encoder, suffix, form.moving, options, info)
        try:
            _try(encoding)
        except (av.error.FFmpegError, ValueError) as error:
            failures.append(f"{encoder}: {reason(error)}")
        else:
            return encoding
    others = "--preset or --pixel-format"
    if form.moving.container != "matroska":
        others = "--preset, --pixel-format or target (.mkv holds nearly everything)"
    raise UsageError(
        f"a {suffix} cannot be encoded this way ({'; '.join(failures)}); try another --codec (h264, h265, vp9, av1, "
        f"prores, ffv1), {others}"
    )


def _encoding(encoder: str, suffix: str, moving: Moving, options: VideoOptions, info: ClipInfo) -> Encoding:
    taken = pixel_formats_of(encoder)
    notes = []
    pixel_format = options.pixel_format or choose_pixel_format(taken, info)
    check_pixel_format(pixel_format, taken, encoder)
    layout = av.VideoFormat(pixel_format)
    if info.deep and max(component.bits for component in layout.components) <= 8:
        notes.append(f"more than 8 bits became 8: {encoder} takes no 10 bits; choose another --codec to keep them")
    across, down = 64 // (layout.chroma_width(64) or 64), 64 // (layout.chroma_height(64) or 64)
    width, height = -(-info.width // across) * across, -(-info.height // down) * down
    if (width, height) != (info.width, info.height):
        notes.append(
            f"{info.width}×{info.height} became {width}×{height}, with the last column or row repeated, as "
            f"{pixel_format} needs even sizes; --pixel-format yuv444p keeps the size"
        )
    if info.chroma in ("4:4:4", "4:2:2") and not options.pixel_format and across == down == 2:
        notes.append(f"colours of {info.chroma} became 4:2:0, which plays everywhere; see --pixel-format")
    if info.sample_aspect != 1 and encoder not in _STORES_ASPECT and not moving.stores_aspect:
        notes.append(
            f"its pixels are {info.sample_aspect} as wide as high, which {encoder} in {suffix} cannot store; h264 can"
        )
    colour = info.colour or Colour(matrix=1 if height >= 720 else 6, full_range=False)
    chosen = options_of(encoder, options)
    stored = colour.hdr.options(encoder, chosen) if colour.hdr else chosen
    return Encoding(
        container=moving.container,
        encoder=encoder,
        pixel_format=pixel_format,
        options=stored or chosen,
        width=width,
        height=height,
        time_base=info.time_base,
        rate=info.rate,
        sample_aspect=info.sample_aspect,
        colour=colour.for_format(pixel_format),
        notes=(*notes, *_lost(colour, encoder, is_stored=stored is not None)),
    )


def _lost(colour: Colour, encoder: str, *, is_stored: bool) -> Iterator[str]:
    """Yield notes on what the target does not keep of the source's colours and of what its frames carry."""
    if colour.is_ycgco:
        yield "colours stored as YCgCo became BT.709, which players know"
    if not is_stored:
        yield f"left out: mastering display and light level of HDR10; {encoder} cannot store them, h265 can"
    yield from (f"left out: {what}" for what in colour.lost)


def _try(encoding: Encoding) -> None:
    """Encode one black frame and begin a file; raise FFmpegError or ValueError where either fails."""
    codec = encoding.open()
    black = np.zeros((encoding.height, encoding.width, 3), np.uint8)
    frame = encoding.colour.from_rgb(black, encoding.pixel_format)
    frame.pts, frame.time_base = 0, encoding.time_base
    codec.encode(frame)
    codec.encode(None)
    left = [name for name in codec.options if name in encoding.options]
    if left:
        raise ValueError(f"it has no option {', '.join(left)}")
    _begin_file(encoding)


def _begin_file(encoding: Encoding) -> None:
    """Write the beginning of a file with this video into memory, to see whether it works.

    Raises:
        FFmpegError: The container cannot hold the video.
        ValueError: The container has no place for the codec.
    """
    output = av.open(BytesIO(), "w", format=encoding.container)
    try:
        encoding.add_to(output)
        output.start_encoding()
    finally:
        with suppress(av.error.FFmpegError, ValueError):  # closing a file without a frame may fail
            output.close()
