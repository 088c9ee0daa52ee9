"""What is lost of a damaged video: packets that become no picture, and an end that comes before the declared one."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_VP8_SHOWN = 0x10
"""The bit of a VP8 packet that tells whether its picture is shown at all."""

_TOLERANCE = 2
"""Frames that the declared end may be off."""


@dataclass
class Losses:
    """Holds what comes out of the decoder against what goes in, by the times of the packets.

    Decoders are silent about much of what they cannot decode; a packet whose time has passed without a picture is lost.
    """

    expected: list[int] = field(default_factory=list)
    """Times of packets that have not become pictures yet, sorted."""
    packets: int = 0
    failures: int = 0
    """Packets that the decoder refused."""

    def sent(self, packet: Packet[VideoStream], codec: str) -> None:
        """A packet goes to the decoder."""
        self.packets += 1
        hidden = codec == "vp8" and not bytes(memoryview(packet)[:1])[0] & _VP8_SHOWN
        if packet.pts is not None and not packet.is_discard and not hidden:
            insort(self.expected, packet.pts)

    def failed(self, packet: Packet[VideoStream]) -> None:
        """The decoder refused a packet."""
        self.failures += 1
        if packet.pts is not None and packet.pts not in self.expected:  # it only looked as if it were hidden
            insort(self.expected, packet.pts)

    def next(self) -> int:
        """The time of the next picture, where packets have no times of showing: one packet a picture, in order."""
        skipped, self.failures = min(self.failures, len(self.expected) - 1), 0
        return self.expected[skipped]

    def shown(self, pts: int) -> list[int]:
        """A picture came out of the decoder: return the times before it that will stay without one."""
        at = bisect_left(self.expected, pts)
        passed = self.expected[:at]
        del self.expected[: at + (self.expected[at : at + 1] == [pts])]
        return passed

    def ended(self) -> list[int]:
        """No more will come: return the times that stay without a picture."""
        passed, self.expected = self.expected, []
        return passed


def declared_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """When the picture ends, as the file says, in seconds; None where it does not say."""
    time_base = Fraction(stream.time_base or 1)
    begin = (stream.start_time or 0) * time_base
    if stream.duration:
        return begin + stream.duration * time_base
    tag = stream.metadata.get("DURATION", "")  # as Matroska has it, from the beginning of the file
    if match := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", tag):
        hours, minutes, seconds = match.groups()
        return Fraction(seconds) + int(hours) * 3600 + int(minutes) * 60
    only_stream = len(container.streams) == 1
    if only_stream and container.duration and container.format.name != "mpegts":
        return begin + Fraction(container.duration, 1_000_000)
    return None


def loses_in_silence(container: InputContainer, stream: VideoStream) -> bool:
    """Whether damaged packets are dropped before anybody sees them, so that only holes in a constant rate tell."""
    return container.format.name in ("mpegts", "mpeg") and stream.average_rate == stream.base_rate


def is_cut_off(end: Fraction, declared: Fraction | None, rate: Fraction) -> bool:
    """Whether the last picture ends so early that some must be missing."""
    return declared is not None and end < declared - _TOLERANCE / rate
