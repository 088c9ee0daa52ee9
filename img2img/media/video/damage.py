"""This module finds out what of a damaged video is lost: packets without a picture, and a missing end."""

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
"""The bit of a VP8 packet that is set if its picture is shown."""

_TOLERANCE = 2
"""Number of frames by which a video may end before its declared end and still count as whole."""


@dataclass
class Losses:
    """Compares the pictures that come out of a decoder with the packets that went in, by their times.

    Decoders report only a part of what they cannot decode; a packet whose time has passed without a picture is lost.
    """

    expected: list[int] = field(default_factory=list)
    """Times of packets that have not become pictures yet, sorted."""
    packets: int = 0
    failures: int = 0
    """Packets that the decoder refused."""

    def sent(self, packet: Packet[VideoStream], codec: str) -> None:
        """Note that a packet goes to the decoder."""
        self.packets += 1
        hidden = codec == "vp8" and not bytes(memoryview(packet)[:1])[0] & _VP8_SHOWN
        if packet.pts is not None and not packet.is_discard and not hidden:
            insort(self.expected, packet.pts)

    def failed(self, packet: Packet[VideoStream]) -> None:
        """Note that the decoder refused a packet."""
        self.failures += 1
        if packet.pts is not None and packet.pts not in self.expected:  # a damaged packet may look hidden
            insort(self.expected, packet.pts)

    def next(self) -> int:
        """Return the time of the next picture where packets have no presentation times: one packet is one picture."""
        skipped, self.failures = min(self.failures, len(self.expected) - 1), 0
        return self.expected[skipped]

    def shown(self, pts: int) -> list[int]:
        """Note that a picture came out of the decoder, and return the times before it that stay without a picture."""
        at = bisect_left(self.expected, pts)
        passed = self.expected[:at]
        del self.expected[: at + (self.expected[at : at + 1] == [pts])]
        return passed

    def rest(self) -> list[int]:
        """Note that the decoder is empty, and return the times that stay without a picture."""
        passed, self.expected = self.expected, []
        return passed


def declared_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return when the picture ends according to the file, in seconds; None where the file does not give it."""
    time_base = Fraction(stream.time_base or 1)
    begin = (stream.start_time or 0) * time_base
    if stream.duration:
        return begin + stream.duration * time_base
    tag = stream.metadata.get("DURATION", "")  # Matroska's tag counts from the beginning of the file
    if match := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", tag):
        hours, minutes, seconds = match.groups()
        return Fraction(seconds) + int(hours) * 3600 + int(minutes) * 60
    only_stream = len(container.streams) == 1
    if only_stream and container.duration and container.format.name != "mpegts":
        return begin + Fraction(container.duration, 1_000_000)
    return None


def loses_in_silence(container: InputContainer, stream: VideoStream) -> bool:
    """Return whether FFmpeg drops damaged packets unseen, so that only gaps in a constant frame rate show the loss."""
    return container.format.name in ("mpegts", "mpeg") and stream.average_rate == stream.base_rate


def is_cut_off(end: Fraction, declared: Fraction | None, rate: Fraction) -> bool:
    """Return whether the last picture ends so early that pictures must be missing after it."""
    return declared is not None and end < declared - _TOLERANCE / rate
