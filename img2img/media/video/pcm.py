"""This module stores uncompressed sound in another layout, where a container has no place for that of the source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import av
import av.error

_LAYOUTS = {"u8": "pcm_u8", "s16": "pcm_s16le", "s32": "pcm_s32le", "flt": "pcm_f32le", "dbl": "pcm_f64le"}
"""FFmpeg's name of how samples are held in memory to the layout of PCM in a file that holds the same samples."""
_HOLD_PCM = ("matroska", "mov")
"""Containers, by FFmpeg's names, in which players expect PCM."""
_OF_24_BITS = ("24", "bluray", "dvd")
"""Parts of the names of layouts whose samples have at most 24 bits, though FFmpeg holds them in 32."""


def other_layout(container: str, stream: Any) -> str:
    """Return the layout in which a container holds the samples of a stream of PCM; empty if there is none."""
    codec = stream.codec_context
    if (
        container not in _HOLD_PCM
        or stream.type != "audio"
        or codec is None
        or not codec.name.startswith("pcm_")
        or not codec.format
    ):
        return ""
    held = codec.format.packed.name
    if held == "s32" and any(part in codec.name for part in _OF_24_BITS):
        return "pcm_s24le"
    return _LAYOUTS.get(held, "")


class Relaid:
    """Copies the samples of a stream of PCM into a stream of another layout.

    Args:
        output: The target, to which a stream is added.
        layout: FFmpeg's name of the layout in the target.
        stream: The stream of the source.
    """

    def __init__(self, output: Any, layout: str, stream: Any) -> None:
        self._codec = stream.codec_context
        self.target = output.add_stream(layout, rate=self._codec.rate)
        self.target.codec_context.layout = self._codec.layout
        self._resampler = av.AudioResampler(self.target.codec_context.format, self._codec.layout, self._codec.rate)

    def packets(self, packet: Any) -> Iterator[Any]:
        """Yield the packets of the target for one of the source."""
        frames: list[Any] = []
        with suppress(av.error.FFmpegError):  # a damaged packet costs no other
            frames = self._codec.decode(packet)
        for frame in frames:
            frame.pts, frame.time_base = packet.pts, packet.time_base
            for samples in self._resampler.resample(frame):
                yield from self.target.encode(samples)
