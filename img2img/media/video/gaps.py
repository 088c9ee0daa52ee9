"""This module finds out whether a gap in the times of a transport or program stream is a loss, or a long picture."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import av.error

from img2img.media.video.container import open_container

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream


class Gaps:
    """Judges the gaps between the pictures of a stream whose packets FFmpeg may drop without a word.

    The parts of a transport or program stream have times of their own. A part whose time lies in a gap is lost. So are
    the pictures that a constant rate asks for where a counter of the stream shows that something is missing.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._path, self._index = path, stream.index
        self._applies = container.format.name in ("mpegts", "mpeg")
        self._is_even = stream.average_rate == stream.base_rate
        self._reach = int(1 / Fraction(stream.time_base or 1))
        self._damaged: list[int] = []

    def sent(self, packet: Packet[VideoStream]) -> None:
        """Note a packet that goes to the decoder."""
        if self._applies and packet.is_corrupt and packet.pts is not None:
            self._damaged.append(packet.pts)

    def begin_again(self) -> None:
        """Forget what was missing: the counter of the stream begins anew where two recordings are joined."""
        self._damaged.clear()

    def lost(self, after: int, before: int, usual: int, move: int) -> Iterable[int]:
        """Return the times of pictures that are lost in a gap.

        Args:
            after: When the gap begins, in ticks.
            before: When the next picture comes.
            usual: How long a picture usually lasts.
            move: Ticks that were added to the times of the file.
        """
        if not self._applies:
            return ()
        if self._is_even and any(after - self._reach < time < before + self._reach for time in self._damaged[-32:]):
            return range(after, before - usual // 2, usual)
        first, end = (bisect_left(self._stored, time - move) for time in (after - usual // 2, before - usual // 2))
        return [time + move for time in self._stored[first:end]]

    @cached_property
    def _stored(self) -> list[int]:
        """The times of all parts of the stream, sorted, also of those that FFmpeg drops."""
        times = []
        with open_container(self._path, raw=True) as container:
            try:
                for packet in container.demux(container.streams[self._index]):
                    if packet.pts is not None:
                        times.append(packet.pts)
            except (av.error.FFmpegError, IndexError):  # the reader of the pictures reports it
                pass
        return sorted(times)
