"""This module decodes the frames of a video in the order of their times, and accounts for those that are lost."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.error

from img2img.media.video.container import reason
from img2img.media.video.damage import Losses, loses_in_silence

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_PROGRESSIVE = 1
"""FFmpeg's number for progressive frames; 0 is unknown, and higher numbers are interlaced."""
UNTIMED = {"avi"}
"""Formats whose packets have the times of decoding; sorted, these are the times of showing."""

Decoded = tuple[int, "av.VideoFrame | None"]
"""The time of a frame in ticks, and the frame; None instead of the frame where its data are damaged."""


class Timeline:
    """Decodes a video stream from where its container stands to the end.

    Args:
        container: The open file.
        stream: The video stream in it.

    Attributes:
        losses: The packets that have not become pictures.
        broken: FFmpeg's words for the error at which reading stopped; empty if there was none.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self._time_base = Fraction(stream.time_base or 1)
        self.losses, self.broken, self._following = Losses(), "", 0

    def frames(self) -> Iterator[Decoded]:
        """Yield all frames in the order of their times, with None in place of each frame that is lost."""
        count_losses = not self.is_interlaced()  # two packets may make one frame
        untimed = self._container.format.name in UNTIMED and self._stream.codec_context.has_b_frames
        silent = loses_in_silence(self._container, self._stream)
        for frame in self._decode():
            after = self._following
            pts = self.losses.next() if untimed and self.losses.expected else self._pts(frame)
            usual = self._usual_duration
            missing = range(after, pts - usual // 2, usual) if silent and after else ()
            for lost in sorted({*self.losses.shown(pts), *missing}):
                if count_losses:
                    yield lost, None
            yield pts, None if frame.is_corrupt else frame
        for lost in self.losses.rest():
            if count_losses:
                yield lost, None

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Decode packet by packet, so that a damaged packet costs no other, and empty the decoder at the end."""
        codec = self._stream.codec_context
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self.broken, packet = reason(error), None
            if packet is None or not packet.size:
                yield from _pictures_of(codec, None) or []
                return
            self.losses.sent(packet, codec.name)
            pictures = _pictures_of(codec, packet)
            if pictures is None:
                self.losses.failed(packet)
            else:
                yield from pictures

    def _pts(self, frame: av.VideoFrame) -> int:
        pts = frame.pts if frame.pts is not None else self._following
        self._following = pts + (frame.duration or self._usual_duration)
        return pts

    def end_of(self, pts: int) -> int:
        """Return when the frame at `pts` ends, in ticks, if it came last out of the decoder."""
        return self._following if self._following > pts else pts + self._usual_duration

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average; 25 where the file does not give a rate."""
        return Fraction(self._stream.average_rate or self._stream.guessed_rate or 25)

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
