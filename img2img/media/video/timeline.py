"""This module decodes the frames of a video in the order of their times, and accounts for those that are lost."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from img2img.errors import VideoError
from img2img.media.video.clock import Clock
from img2img.media.video.container import reason
from img2img.media.video.damage import Losses
from img2img.media.video.entry import is_indexed
from img2img.media.video.gaps import Gaps

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_PROGRESSIVE = 1
"""FFmpeg's number for progressive frames; 0 is unknown, and higher numbers are interlaced."""
_LONGEST_DELAY = 4
"""Packets that a decoder may wait for before the first picture, where pictures are reordered."""

Decoded = tuple[int, "av.VideoFrame | None"]
"""The time of a frame in ticks, and the frame; None instead of the frame where its data are damaged."""


class Timeline:
    """Decodes a video stream from where its container stands to the end.

    Args:
        container: The open file.
        stream: The video stream in it.
        path: The path of the file.
        skip: How many packets of the stream are passed over first, since no picture that is wanted needs them.

    Attributes:
        losses: The packets that have not become pictures.
        ends: When the latest packet of each stream ends, in seconds, by the number of the stream.
        last_byte: Where the latest packet of the picture ends in the file.
        broken: FFmpeg's words for the error at which reading stopped; empty if there was none.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, path: Path, skip: int = 0) -> None:
        self._container, self._stream, self._path, self._skip = container, stream, path, skip
        self._time_base = Fraction(stream.time_base or 1)
        self._clock = Clock(container)
        self._gaps = Gaps(path, container, stream)
        self.losses = Losses(stream.codec_context.name, begins_anywhere=not is_indexed(container))
        self.broken, self._following = "", 0
        self._delay = 0
        self.ends: dict[int, Fraction] = {}
        self.last_byte = 0

    def frames(self) -> Iterator[Decoded]:
        """Yield all frames in the order of their times, with None in place of each frame that is lost."""
        count_losses = not self.is_interlaced()  # two packets may make one frame
        for frame in self._decode():
            after = self._following
            pts = self.losses.next() if self._is_unordered() else self._pts(frame)
            passed = {*self.losses.shown(pts)}
            if self.losses.lacks_times:
                passed.clear()
            elif after and pts - after > self._usual_duration // 2:
                passed.update(self._gaps.lost(after, pts, self._usual_duration, self._clock.move(self._stream)))
            for lost in sorted(passed):
                if count_losses:
                    yield lost, None
            yield pts, None if frame.is_corrupt else frame
        for lost in self.losses.rest():
            if count_losses and not self.losses.lacks_times:
                yield lost, None

    def _is_unordered(self) -> bool:
        """Return whether the packets have the times of decoding; sorted, these are the times of showing."""
        return self._stream.codec_context.has_b_frames and self.losses.never_goes_back and bool(self.losses.expected)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Decode packet by packet, so that a damaged packet costs no other, and empty the decoder at the end."""
        codec = self._stream.codec_context
        section = 0
        for packet in self._packets():
            if section != self._clock.section(self._stream):
                section = self._clock.section(self._stream)
                self.losses.begin_again()
                self._gaps.begin_again()
            self._gaps.sent(packet)
            self.losses.sent(packet)
            pictures = _pictures_of(codec, packet)
            if pictures is None:
                self.losses.failed(packet)
            else:
                yield from pictures
        yield from _pictures_of(codec, None) or []

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield the packets of the video that hold data; an empty one stands for the picture before it."""
        packets = self._clock.packets(self._container.streams)
        while True:
            try:
                packet: Any = next(packets, None)
            except av.error.FFmpegError as error:
                self.broken = reason(error)
                return
            if packet is None:
                return
            if packet.has_sidedata("encryption_info"):
                raise VideoError(
                    f"{self._path}: it is encrypted (copy protection) and cannot be read without its key; "
                    "give a file that is not encrypted"
                )
            self._note_end(packet)
            if packet.stream_index != self._stream.index or not packet.size:
                continue
            if self._skip:
                self._skip -= 1
            else:
                yield self._in_order(packet)

    def _in_order(self, packet: Packet[VideoStream]) -> Packet[VideoStream]:
        """Return a packet; one that is hidden only because of the decoder's delay is shown.

        Files whose table of the times of showing is lost still have the edit that takes away the delay of reordering:
        it would hide the first pictures.
        """
        if packet.pts is None:
            return packet
        is_delay = packet.is_discard and packet.pts == packet.dts and self.losses.packets < _LONGEST_DELAY
        if is_delay and self._stream.codec_context.has_b_frames and packet.pts < 0:
            self._delay = self._delay or -packet.pts
            copy: Any = av.Packet(bytes(packet))
            copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
            copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
            packet = copy
        packet.pts = (packet.pts or 0) + self._delay
        return packet

    def _note_end(self, packet: Packet[Any]) -> None:
        if packet.stream_index == self._stream.index and packet.size and packet.pos is not None:
            self.last_byte = packet.pos + packet.size
        if packet.pts is not None:
            end = (packet.pts + (packet.duration or 0)) * Fraction(packet.time_base or 1)
            self.ends[packet.stream_index] = max(end, self.ends.get(packet.stream_index, end))

    def _pts(self, frame: av.VideoFrame) -> int:
        pts = self._following if frame.pts is None else frame.pts
        if self.losses.lacks_times and 0 < abs(pts - self._following) < 1 / self._time_base and self._following:
            pts = self._following
        self._following = pts + (frame.duration or self._usual_duration)
        return pts

    def end_of(self, pts: int) -> int:
        """Return when the frame at `pts` ends, in ticks, if it came last out of the decoder."""
        return self._following if self._following > pts else pts + self._usual_duration

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average; 25 where the file does not give a rate."""
        average, guessed = self._stream.average_rate, self._stream.guessed_rate
        if average and guessed and average > 2 * guessed:  # some files give the rate of their clock
            average = guessed
        return Fraction(average or guessed or 25)

    @property
    def _usual_duration(self) -> int:
        return max(1, round(1 / (self.rate * self._time_base)))

    def is_interlaced(self) -> bool:
        """Return whether the stream stores two fields instead of whole frames."""
        return self._stream.codec_context.field_order > _PROGRESSIVE


def _pictures_of(codec: av.VideoCodecContext, packet: Packet[VideoStream] | None) -> list[av.VideoFrame] | None:
    """Decode a packet, or for None the frames left in the decoder; return None where the data are damaged."""
    try:
        return codec.decode(packet)
    except av.error.FFmpegError:
        return None
