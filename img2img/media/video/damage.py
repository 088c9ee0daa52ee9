"""This module finds out what of a damaged video is lost: packets without a picture, and a missing end."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from img2img.media.video.hidden import is_hidden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

_DECLARES_STREAMS = ("mov,mp4,m4a,3gp,3g2,mj2", "avi", "mxf", "ivf", "gxf")
_DECLARES_ALL = ("matroska,webm", "flv", "asf", "nut")
"""Formats whose header gives a duration; elsewhere FFmpeg estimates it from what there is."""
_UNEVEN_SOUND = Fraction(1, 2)
"""Seconds by which the length of sound may be declared too long."""
_TOLERANCE = 2
"""Number of frames by which a video may end before its declared end and still count as whole."""


@dataclass
class Losses:
    """Compares the pictures that come out of a decoder with the packets that went in, by their times.

    Decoders report only a part of what they cannot decode; a packet whose time has passed without a picture is lost.
    """

    codec: str
    begins_anywhere: bool = False
    """Whether a whole file may begin between two key frames, as recordings of broadcasts do."""
    expected: list[int] = field(default_factory=list)
    """Times of packets that have not become pictures yet, sorted."""
    packets: int = 0
    undecodable: int = 0
    """Packets that have not become pictures because the file begins after a picture that they need."""
    failures: int = 0
    """Packets that the decoder refused."""
    never_goes_back: bool = True
    """Whether the times of packets have always risen, as only times of decoding do where pictures are reordered."""
    _latest: int | None = None
    _key: int | None = None
    """The time of the first key frame since the beginning; the packets before it cannot be decoded."""
    _before_key: list[int] = field(default_factory=list)
    _excused: set[int] = field(default_factory=set)
    """Times of packets that need a picture before the beginning, so that they need not become pictures."""

    def sent(self, packet: Packet[VideoStream]) -> None:
        """Note that a packet goes to the decoder."""
        self.packets += 1
        if packet.is_discard or is_hidden(self.codec, memoryview(packet)):
            return
        if packet.pts is None:
            self.never_goes_back = False
            return
        self.never_goes_back &= self._latest is None or packet.pts >= self._latest
        self._latest = packet.pts
        if self._key is None and packet.is_keyframe:
            self._key = packet.pts
            self._excused.update(self._before_key)
        elif self._key is None and self.begins_anywhere:
            self._before_key.append(packet.pts)
        elif self._key is not None and packet.pts < self._key:
            self._excused.add(packet.pts)
        insort(self.expected, packet.pts)

    def begin_again(self) -> None:
        """Note that the next packet begins a recording that is joined to the one before."""
        self._key, self._before_key = None, []

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
        return self._unexcused(passed)

    def rest(self) -> list[int]:
        """Note that the decoder is empty, and return the times that stay without a picture."""
        passed, self.expected = self.expected, []
        return self._unexcused(passed)

    def _unexcused(self, times: list[int]) -> list[int]:
        lost = [time for time in times if time not in self._excused]
        self.undecodable += len(times) - len(lost)
        return lost


def declared_end(container: InputContainer, stream: Stream) -> Fraction | None:
    """Return when a stream ends according to the file, in seconds; None where the file does not give it."""
    time_base = Fraction(stream.time_base or 1)
    if stream.duration and container.format.name in _DECLARES_STREAMS:
        return ((stream.start_time or 0) + stream.duration) * time_base
    tag = stream.metadata.get("DURATION", "")  # Matroska's tag counts from the beginning of the file
    if match := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", tag):
        hours, minutes, seconds = match.groups()
        return Fraction(seconds) + int(hours) * 3600 + int(minutes) * 60
    return None


def declared_length(container: InputContainer) -> Fraction | None:
    """Return when the longest stream ends according to the file, in seconds; None where the file does not give it."""
    if container.duration and container.format.name in _DECLARES_ALL:
        return Fraction(container.duration, 1_000_000)  # counted from 0, also where the file begins later
    return None


def is_cut_off(end: Fraction, declared: Fraction | None, tolerance: Fraction) -> bool:
    """Return whether a stream ends so early that something must be missing after it."""
    return declared is not None and end < declared - tolerance


def shortened(container: InputContainer, picture: VideoStream, ends: Mapping[int, Fraction], usual: Fraction) -> str:
    """Return in words by how much a file is shorter than it declares; empty if it is as long, or declares nothing.

    Args:
        container: The open file, which was read to its end.
        picture: The main video stream.
        ends: When each stream ended, in seconds, by its number.
        usual: How long pictures last at most, in seconds; the last one may last as long without saying so.
    """
    frames = _TOLERANCE * usual
    last = max(ends.values(), default=Fraction(0))
    if is_cut_off(last, declared_length(container), max(frames, _UNEVEN_SOUND)):
        return f"it ends at {float(last):.2f} of {float(declared_length(container) or 0):.2f} s"
    for stream in container.streams:
        if stream is not picture and stream.type != "audio":
            continue
        end, declared = ends.get(stream.index, Fraction(0)), declared_end(container, stream)
        if is_cut_off(end, declared, frames if stream is picture else max(frames, _UNEVEN_SOUND)):
            what = "picture" if stream is picture else f"sound (stream {stream.index})"
            return f"its {what} ends at {float(end):.2f} of {float(declared or 0):.2f} s"
    return ""
