"""This module stores encoded frames in segments, so that a killed job can go on after the last complete segment."""

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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from img2img.media.folder import Folder
    from img2img.media.image.images import Pixels
    from img2img.media.video.encoding import Encoding


class SegmentEncoder:
    """Encodes consecutive frames as one segment, with its own encoder: no segment depends on another."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._codec = encoding.open()
        self._packets: list[Any] = []
        self._durations: dict[int, int] = {}

    def add(self, pixels: Pixels, pts: int, duration: int) -> None:
        """Encode one frame.

        Args:
            pixels: (H, W, 3) of uint8 or uint16; the right and lower edges are repeated up to the encoder's size.
            pts: When the frame is shown, in ticks; later than the frame before.
            duration: How long the frame is shown, in ticks.
        """
        encoding, (height, width) = self.encoding, pixels.shape[:2]
        if (width, height) != (encoding.width, encoding.height):
            pixels = np.pad(pixels, ((0, encoding.height - height), (0, encoding.width - width), (0, 0)), "edge")
        frame = encoding.colour.from_rgb(pixels, encoding.pixel_format)
        frame.pts, frame.time_base = pts, encoding.time_base
        self._durations[pts] = duration
        self._packets += self._codec.encode(frame)

    def write(self, folder: Folder, path: Path) -> None:
        """Finish the segment and write it below a folder, completely or not at all.

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
        folder.write(path, file.getbuffer())


@dataclass(frozen=True)
class Segment:
    """A finished segment read from the disk; its packets are in the order of decoding."""

    pts: NDArray[np.int64]
    duration: NDArray[np.int64]
    keyframe: NDArray[np.bool_]
    size: NDArray[np.int64]
    data: NDArray[np.uint8]

    @classmethod
    def read(cls, path: Path) -> Segment:
        """Read a segment from a file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(*(arrays[name] for name in ("pts", "duration", "keyframe", "size", "data")))


def read_packets(paths: list[Path], time_base: Fraction) -> Iterator[Any]:
    """Yield the packets of consecutive segments, with decoding times computed for the whole video.

    The packet at place n in the order of decoding gets, as its decoding time, the time at which the frame at place
    n - `delay` in the order of showing is shown; `delay` is the largest number of places by which a frame is decoded
    after its place in the order of showing.
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
    """Return by how many places at most a frame is decoded after its place in the order of showing."""
    with np.load(path, allow_pickle=False) as arrays:
        pts = arrays["pts"]
    rank = np.argsort(np.argsort(pts))
    return int(np.max(np.arange(len(pts)) - rank, initial=0))
