"""Sound files with odd times or odd packets, of kinds that other people's programs write."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from . import clips
from .clips import Clip, encoder, pictures
from .picture import draw

OPEN_GROUPS: dict[str, dict[str, Any]] = {
    "libx264": {
        "x264-params": "asm=0:open-gop=1:keyint=12:min-keyint=12:scenecut=0:b-adapt=0:bframes=3",
    },
    "libx265": {
        "x265-params": "log-level=none:pools=none:frame-threads=1:open-gop=1:keyint=12:min-keyint=12:scenecut=0:"
        "b-adapt=0:bframes=3",
    },
}
"""Options of encoders whose pictures before a key frame need pictures of the group before."""

CLOCK = Fraction(1 << 33, 90_000)
"""Seconds after which the clock of a transport stream begins anew."""


def joined(path: Path, *parts: Path) -> Path:
    """Write files one behind the other, as `cat` does."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def without_composition(path: Path, **options: Any) -> Path:
    """Write an MP4 with B-frames that has lost the table of the times at which pictures are shown."""
    content = clips.write(path, **options).read_bytes()
    assert b"ctts" in content
    path.write_bytes(content.replace(b"ctts", b"free"))
    return path


def with_empty_samples(path: Path, frames: int = 50, empty: tuple[int, ...] = (5, 20, 33)) -> Path:
    """Write a MOV in which some samples have no byte, as recorders do to repeat the picture before."""
    clip = Clip(times=[time for time in range(frames) if time not in empty], b_frames=0, keyframes=1000)
    with av.open(str(path), "w") as file:
        stream = encoder(file, clip)
        packets = [packet for frame in [*pictures(clip), None] for packet in stream.encode(frame)]
        for time in empty:
            repeat = av.Packet(FILLER)
            repeat.pts = repeat.dts = time
            repeat.time_base, repeat.stream = clip.base, stream
            packets.append(repeat)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            packet.duration = round(clip.base / packet.time_base)
            file.mux(packet)
    content = bytearray(path.read_bytes())
    table = content.index(b"stsz") + 16
    sizes = list(struct.unpack_from(f">{frames}I", content, table))
    for number in empty:  # the filler becomes part of the sample before
        sizes[number - 1] += sizes[number]
        sizes[number] = 0
    struct.pack_into(f">{frames}I", content, table, *sizes)
    path.write_bytes(content)
    return path


FILLER = b"\0\0\0\1\x0c"
"""A unit of H.264 that holds nothing."""


def without_beginning(path: Path, source: Path, packets: int) -> Path:
    """Copy the packets of the picture but for the first ones."""
    with av.open(str(source)) as file, av.open(str(path), "w") as output:
        stream = file.streams.video[0]
        target = output.add_stream_from_template(stream)
        for number, packet in enumerate(packet for packet in file.demux(stream) if packet.size):
            if number >= packets:
                packet.stream = target
                output.mux(packet)
    return path


def key_packets(path: Path) -> list[int]:
    """The numbers of the packets that hold key frames, as stored."""
    with av.open(str(path)) as file:
        stored = [packet for packet in file.demux(video=0) if packet.size]
    return [number for number, packet in enumerate(stored) if packet.is_keyframe]


def with_own_packets(path: Path, source: Path, codec: str, cut: Callable[[bytes], list[bytes]]) -> Path:
    """Copy a video, with each picture in a packet of its own, also those that are never shown."""
    with av.open(str(source)) as file, av.open(str(path), "w") as output:
        target: Any = output.add_mux_stream(codec, rate=25, width=96, height=64)
        for packet in file.demux(video=0):
            for part in cut(bytes(packet)) if packet.size else ():
                copy = av.Packet(part)
                copy.time_base, copy.stream, copy.is_keyframe = packet.time_base, target, packet.is_keyframe
                copy.pts = copy.dts = packet.pts
                output.mux(copy)
    return path


def av1_pictures(packet: bytes) -> list[bytes]:
    """The pictures of a packet of AV1: its units, of which one of kind 3 or 6 ends a picture."""
    parts, begin, at = [], 0, 0
    while at < len(packet):
        kind = packet[at] >> 3 & 15
        at += 2 if packet[at] & 4 else 1
        size = shift = 0
        while True:
            size |= (packet[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if packet[at - 1] < 128:
                break
        at += size
        if kind in (3, 6):
            parts.append(packet[begin:at])
            begin = at
    return parts


def photos(path: Path, frames: int = 8, **exif: Any) -> Path:
    """Write an AVI of JPEG pictures that carry EXIF, as cameras do."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_mux_stream("mjpeg", rate=10, width=96, height=64)
        for number in range(frames):
            content, about = BytesIO(), Image.Exif()
            about[0x010F] = exif.get("maker", "Camera")
            about[0x0112] = exif.get("orientation", 1)
            Image.fromarray(np.rint(draw(number)).astype(np.uint8)).save(content, "JPEG", quality=95, exif=about)
            packet = av.Packet(content.getvalue())
            packet.pts = packet.dts = number
            packet.duration, packet.time_base, packet.stream, packet.is_keyframe = 1, Fraction(1, 10), stream, True
            file.mux(packet)
    return path
