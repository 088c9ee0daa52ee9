"""Encoded frames in pieces of their own, so that a job that was killed can go on behind the last whole one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from img2img.media.files import write_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from img2img.media.image.images import Pixels
    from img2img.media.video.encoding import Encoding


class SegmentEncoder:
    """Encodes consecutive frames with an encoder of their own: nothing in one segment depends on another."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._codec = encoding.open()
        self._packets: list[Any] = []
        self._durations: dict[int, int] = {}

    def add(self, pixels: Pixels, pts: int, duration: int) -> None:
        """Encode one frame.

        Args:
            pixels: (H, W, 3) of uint8 or uint16; at right and below, edges are repeated up to the encoder's size.
            pts: In ticks; more than that of the frame before.
            duration: In ticks.
        """
        encoding, (height, width) = self.encoding, pixels.shape[:2]
        if (width, height) != (encoding.width, encoding.height):
            pixels = np.pad(pixels, ((0, encoding.height - height), (0, encoding.width - width), (0, 0)), "edge")
        frame = encoding.colour.from_rgb(pixels, encoding.pixel_format)
        frame.pts, frame.time_base = pts, encoding.time_base
        self._durations[pts] = duration
        self._packets += self._codec.encode(frame)

    def write(self, path: Path) -> None:
        """Finish the segment and write it, completely or not at all.

        Raises:
            WriteError: The disk is full, or the folder not writable.
        """
        packets = self._packets + self._codec.encode(None)
        durations = [self._durations[packet.pts] for packet in packets]
        file = BytesIO()
        np.savez(
            file,
            pts=np.array([packet.pts for packet in packets], np.int64),
            duration=np.array(durations, np.int64),
            keyframe=np.array([packet.is_keyframe for packet in packets], bool),
            size=np.array([packet.size for packet in packets], np.int64),
            data=np.frombuffer(b"".join(bytes(packet) for packet in packets), np.uint8),
        )
        write_file(path, file.getbuffer())


@dataclass(frozen=True)
class Segment:
    """A finished segment on the disk; packets are in the order of decoding."""

    pts: NDArray[np.int64]
    duration: NDArray[np.int64]
    keyframe: NDArray[np.bool_]
    size: NDArray[np.int64]
    data: NDArray[np.uint8]

    @classmethod
    def read(cls, path: Path) -> Segment:
        with np.load(path, allow_pickle=False) as arrays:
            return cls(*(arrays[name] for name in ("pts", "duration", "keyframe", "size", "data")))


def read_packets(paths: list[Path], time_base: Fraction) -> Iterator[Any]:
    """Yield the packets of segments that follow each other, their decoding times made anew for the whole.

    A packet is decoded when the frame is shown that is `delay` frames before it in the order of showing, `delay` being
    the furthest that any frame comes before its place.
    """
    delay = max(_reordering(path) for path in paths)
    shown: deque[int] = deque()
    for path in paths:
        segment = Segment.read(path)
        order = np.sort(segment.pts).tolist()
        if not shown:
            step = min((after - before for before, after in pairwise(order)), default=int(segment.duration[0]))
            shown.extend(order[0] - step * ahead for ahead in range(delay, 0, -1))
        shown.extend(order)
        begin = 0
        for pts, duration, keyframe, size in zip(
            segment.pts.tolist(), segment.duration.tolist(), segment.keyframe, segment.size.tolist(), strict=True
        ):
            packet: Any = av.Packet(segment.data[begin : begin + size].tobytes())
            packet.pts, packet.dts, packet.duration, packet.time_base = pts, shown.popleft(), duration, time_base
            packet.is_keyframe = bool(keyframe)
            begin += size
            yield packet


def _reordering(path: Path) -> int:
    """How many places a frame of a segment is decoded after its place in the order of showing, at most."""
    with np.load(path, allow_pickle=False) as arrays:
        pts = arrays["pts"]
    rank = np.argsort(np.argsort(pts))
    return int(np.max(np.arange(len(pts)) - rank, initial=0))
