"""Files that were cut off or spoilt after they were written."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

TS, HEAD = 188, 4


def cut(path: Path, fraction: float) -> Path:
    """Keep only the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * fraction)])
    return path


def spoil(path: Path, packet: int = 10, skip: int = 0, junk: int | None = None) -> Path:
    """Overwrite the n-th packet of the first video stream, counted as stored, but for its first bytes.

    Args:
        path: An MP4, MOV, Matroska, WebM, AVI or MPEG-TS file.
        packet: Which, from 0.
        skip: How many of its bytes stay.
        junk: The byte to write; None writes noise.
    """
    content = bytearray(path.read_bytes())
    found = video_packets(path)[packet]
    payload, start = bytes(found), found.pos
    if path.suffix == ".ts":
        places = _places_in_ts(content, start)[skip:]
    else:
        start = content.index(payload, start)  # after the head of a Matroska block or of an AVI chunk
        places = list(range(start + skip, start + len(payload)))
    noise = np.random.default_rng(packet).integers(0, 256, len(places)).tolist()
    for place, value in zip(places, noise, strict=True):
        content[place] = value if junk is None else junk
    path.write_bytes(content)
    return path


def video_packets(path: Path) -> list[av.Packet]:
    """Those of the first video stream, as stored."""
    with av.open(str(path)) as file:
        return [packet for packet in file.demux(file.streams.video[0]) if packet.size]


def _places_in_ts(content: bytearray, start: int) -> list[int]:
    """Where the payload of the packet is that begins at `start`: ISO/IEC 13818-1, 2.4.3."""
    track, places = _pid(content, start), []
    for at in range(start, len(content) - TS + 1, TS):
        if _pid(content, at) == track:
            if at > start and content[at + 1] & 0x40:
                break
            body = at + HEAD + (content[at + HEAD] + 1 if content[at + 3] & 0x20 else 0)
            if at == start:
                body += 9 + content[body + 8]  # the head of the packetised stream
            places += range(body, at + TS)
    return places


def _pid(content: bytearray, at: int) -> int:
    return int.from_bytes(content[at + 1 : at + 3], "big") & 0x1FFF
