"""This module moves the times of packets of joined recordings, whose clock begins anew, behind what came before."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.container import InputContainer
    from av.packet import Packet

_RESTARTS = ("mpegts", "mpeg")
"""Formats that may be joined by writing one file behind the other."""
_BACK, _AHEAD = 0.1, 10.0
"""Seconds by which a time must go back, or ahead, to show that the clock has begun anew."""
_UNEVEN = 0.5
"""Seconds by which the streams of a recording may end at different times."""


class Clock:
    """Corrects the times of the packets of a container, from its beginning on.

    A joined recording consists of sections, each with a clock of its own. All streams of a section are moved by the
    same time, so that sound and picture stay together.
    """

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self.restarts = container.format.name in _RESTARTS
        """Whether the format allows sections; without them, no time is changed."""
        self._moves = [Fraction(0)]
        self._section: dict[int, int] = {}
        self._last: dict[int, float] = {}
        self._ends: dict[int, float] = {}

    def packets(self, streams: Iterable[Any]) -> Iterator[Packet[Any]]:
        """Yield the packets of some streams, with their times corrected."""
        wanted = {stream.index for stream in streams}
        read = [s for s in self._container.streams if s.index in wanted or (self.restarts and s.type in _TIMED)]
        packets = self._container.demux(read)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, IndexError):  # PyAV fails at the end if streams have appeared since the beginning
                return
            if self.restarts:
                self._correct(packet)
            if packet.stream_index in wanted:
                yield packet

    def section(self, stream: Any) -> int:
        """Return in which section the latest packet of a stream lies."""
        return self._section.get(stream.index, 0)

    def move(self, stream: Any) -> int:
        """Return by how many ticks the latest packet of a stream was moved."""
        return round(self._moves[self.section(stream)] / Fraction(stream.time_base or 1))

    def _correct(self, packet: Packet[Any]) -> None:
        time = packet.pts if packet.dts is None else packet.dts
        if time is None:
            return
        stream = packet.stream
        base = Fraction(packet.time_base or 1)
        seconds = float(time * base)
        self._section[stream.index] = section = self._section_of(stream, seconds, exact=packet.dts is not None)
        self._last[stream.index] = seconds
        if stream.type in _TIMED:
            self._ends[stream.index] = seconds + float(self._moves[section]) + float((packet.duration or 0) * base)
        if move := self.move(stream):
            packet.pts = None if packet.pts is None else packet.pts + move
            packet.dts = None if packet.dts is None else packet.dts + move

    def _section_of(self, stream: Any, seconds: float, *, exact: bool) -> int:
        section, newest = self._section.get(stream.index, 0), len(self._moves) - 1
        now = max(self._ends.values(), default=seconds)
        if section < newest:  # the stream stays behind where a packet of the section before comes late
            section = min(
                range(section, newest + 1), key=lambda number: abs(seconds + float(self._moves[number]) - now)
            )
        if section < newest or stream.type not in _TIMED or not self._ends:
            return section
        is_same = section == self._section.get(stream.index)
        goes_back = is_same and seconds < self._last[stream.index] - (_BACK if exact else _UNEVEN)
        if goes_back or seconds + float(self._moves[section]) > now + _AHEAD:
            own = self._ends.get(stream.index, now)
            self._moves.append(Fraction((own if now - own < _UNEVEN else now) - seconds).limit_denominator(90_000))
            return newest + 1
        return section


_TIMED = ("video", "audio")
"""Kinds of streams that go on without a pause; subtitles come now and then."""
