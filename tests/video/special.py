"""Files that are no ordinary clip: animations, playlists, one whose size changes, a very long one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from .clips import Clip, encoder, pictures
from .picture import draw

SHOWN = {"libvpx": 0x10, "libvpx-vp9": 0x02}
"""The bit of a packet's first byte that is set if its picture is shown: RFC 6386, 9.1, and VP9's profile 0."""


def animation(path: Path, frames: int = 6, size: tuple[int, int] = (96, 64), milliseconds: int = 100) -> Path:
    """An animated GIF, PNG or WebP by Pillow, after the name."""
    images = [Image.fromarray(np.rint(draw(number, size)).astype(np.uint8)) for number in range(frames)]
    more = {"lossless": True} if path.suffix == ".webp" else {}
    images[0].save(path, save_all=True, append_images=images[1:], duration=milliseconds, loop=0, **more)
    return path


def growing(
    path: Path, sizes: tuple[tuple[int, int], ...] = ((96, 64), (128, 96)), each: int = 10, **options: Any
) -> Path:
    """A clip of one track whose pictures change their size in the middle: H.264 in .ts, .mkv or .h264, VP9 in .webm."""
    clips = [Clip(size=size, frames=each, first=each * count, **options) for count, size in enumerate(sizes)]
    with av.open(str(path), "w") as file:
        stream = encoder(file, clips[0])
        _mux(file, stream, _encoded(stream.codec_context, clips[0]), 0)
        for count, clip in enumerate(clips[1:], 1):
            context = av.CodecContext.create(clip.codec, "w")
            context.width, context.height = clip.size  # type: ignore[attr-defined]
            context.pix_fmt, context.time_base, context.framerate = clip.pix_fmt, clip.base, Fraction(clip.rate)  # type: ignore[attr-defined]
            context.options = stream.codec_context.options
            _mux(file, stream, _encoded(context, clip), each * count)
    return path


def long(path: Path, frames: int = 20_000, group: int = 250, size: tuple[int, int] = (32, 32), **options: Any) -> Path:
    """Many tiny frames: the k-th has the number k modulo `group`, since the same packets are written again."""
    clip = Clip(frames=group, size=size, keyframes=group, b_frames=0, **options)
    with av.open(str(path), "w") as file:
        stream = encoder(file, clip)
        packets = _encoded(stream.codec_context, clip)
        contents = [(bytes(packet), packet.is_keyframe) for packet in packets]
        for packet in packets:
            packet.stream = stream
            file.mux(packet)
        for number in range(group, frames):
            content, key = contents[number % group]
            packet = av.Packet(content)
            packet.pts = packet.dts = number
            packet.duration, packet.time_base, packet.stream, packet.is_keyframe = 1, clip.base, stream, key
            file.mux(packet)
    return path


def hidden(path: Path, frames: int = 30, every: int = 12, codec: str = "libvpx") -> Path:
    """VP8 or VP9 in WebM with a hidden frame, which a decoder never shows, before each key frame but the first."""
    clip = Clip(frames=frames, codec=codec, keyframes=every)
    with av.open(str(path), "w") as file:
        stream = encoder(file, clip)
        for packet in _encoded(stream.codec_context, clip):
            if packet.is_keyframe and packet.pts:
                content = bytearray(bytes(packet))
                content[0] &= ~SHOWN[codec]
                copy = av.Packet(bytes(content))
                copy.time_base, copy.stream = Fraction(1, 1000), stream
                copy.pts = copy.dts = int(packet.pts * packet.time_base * 1000) - 1
                file.mux(copy)
            packet.stream = stream
            file.mux(packet)
    return path


def hls(path: Path, *targets: str) -> Path:
    """An HTTP Live Streaming playlist of files or addresses."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += [line for target in targets for line in ("#EXTINF:1.2,", target)]
    return _text(path, *lines, "#EXT-X-ENDLIST")


def ffconcat(path: Path, *targets: str) -> Path:
    """A list of files for FFmpeg's concat demuxer."""
    return _text(path, "ffconcat version 1.0", *(f"file '{target}'" for target in targets))


def text(path: Path) -> Path:
    """Prose, whatever the name says."""
    return _text(path, *["This is no video, but a text of several lines."] * 40)


def empty(path: Path) -> Path:
    """No byte at all."""
    path.write_bytes(b"")
    return path


def _text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _encoded(context: Any, clip: Clip) -> list[av.Packet]:
    return [packet for frame in [*pictures(clip), None] for packet in context.encode(frame)]


def _mux(file: Any, stream: Any, packets: list[av.Packet], late: int) -> None:
    for packet in packets:
        packet.stream = stream
        packet.pts += late
        packet.dts += late
        file.mux(packet)
