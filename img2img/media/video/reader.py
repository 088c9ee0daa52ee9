"""Reading video files: every frame at its time, also those whose data are damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from img2img.errors import VideoError
from img2img.media.files import printable
from img2img.media.video.colour import Colour
from img2img.media.video.container import main_video, open_container, reason
from img2img.media.video.damage import Losses, declared_end, is_cut_off, loses_in_silence
from img2img.media.video.frames import ClipInfo, Frame
from img2img.media.video.threads import share_out
from img2img.media.video.turning import turn_of, turn_upright

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

    from img2img.media.images import Pixels

MICROSECONDS = 1_000_000
"""Ticks a second of the times that belong to a container and not to a stream."""

_PROGRESSIVE = 1
"""FFmpeg's number for frames that are no pair of fields; 0 is unknown, higher ones are interlaced."""
_UNTIMED = {"avi"}
"""Formats whose times are those of decoding; sorted, they are those of showing."""

Decoded = tuple[int, "av.VideoFrame | None"]
"""The time of a frame, and the frame; None where its data are damaged."""


class VideoReader:
    """A `Clip` in a video file.

    A frame whose data are damaged shows the picture before it, so that nothing after it moves; `damage` then tells.

    Args:
        path: The file.
        start: Leave out what is shown before this, in seconds from the file's beginning.
        end: Leave out what is shown from here on.
        max_pixels: Refuse larger frames.

    Raises:
        VideoError: It holds no video that can be read, or its frames are too large.
    """

    def __init__(
        self,
        path: Path,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int = 100_000_000,
    ) -> None:
        self.path, self.damage = path, ""
        self.has_tracks: bool
        """Whether there are sound or subtitles beside the picture."""
        self.shift: Fraction
        """Seconds taken off all times, so that what begins at `start` begins at 0."""
        self._resources = ExitStack()
        try:
            self._container = self._resources.enter_context(open_container(path))
            self._stream = main_video(self._container, path)
            self.has_tracks = any(stream.type in ("audio", "subtitle") for stream in self._container.streams)
            share_out(self._stream, blames_packets=self._container.format.name in _UNTIMED)
            self._time_base = Fraction(self._stream.time_base or 1)
            self._origin = Fraction(self._container.start_time or 0, MICROSECONDS)
            self._from, self._to = (None if at is None else self._tick(at) for at in (start, end))
            self.shift = Fraction(0) if self._from is None else self._from * self._time_base
            self._declared = declared_end(self._container, self._stream)
            self._decoded = self._begin(start, max_pixels)
        except BaseException:
            self._resources.close()
            raise

    def _begin(self, start: Fraction | None, max_pixels: int) -> Iterator[Decoded]:
        """What is decoded, from a key frame before `start` on, or from the beginning."""
        self._losses, self._broken, self._following = Losses(), "", 0
        if start:
            self._container.seek(int((self._origin + start) * MICROSECONDS))
        timeline = self._timeline()
        head = self._head(timeline, max_pixels)
        if start and self._from is not None and head[-1][0] > self._from:  # it led too far
            self._container.seek(int(self._origin * MICROSECONDS))
            self._stream.codec_context.flush_buffers()
            return self._begin(None, max_pixels)
        return chain(head, timeline)

    def close(self) -> None:
        self._resources.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in the order of their times; can be gone through once.

        Raises:
            VideoError: The size of the picture changes on the way.
        """
        waiting: Frame | None = None
        begin = self._from or 0
        for at, picture in self._pictures():
            pts = at - begin
            if waiting is not None:
                yield Frame(waiting.pts, pts - waiting.pts, waiting.picture)
            waiting = Frame(pts, self._end_of(at) - at, picture)
        if waiting is not None:
            yield waiting

    def _pictures(self) -> Iterator[tuple[int, Callable[[], Pixels]]]:
        """What is shown from when on, within the asked time."""
        shown, last, count, lost = None, None, 0, list[int]()
        for pts, frame in self._decoded:
            if self._to is not None and pts >= self._to:
                self._declared = None  # what is missing further on was not asked for
                break
            if last is not None and pts <= last:
                pts = last + 1
            last = pts
            is_asked = self._from is None or pts >= self._from
            if frame is not None:
                shown = self._picture(frame, pts)
            elif is_asked:
                lost.append(pts)
            if shown is not None and is_asked:
                count += 1
                yield pts, shown
        self.damage = self._judge(count, lost, last or 0)

    def _judge(self, count: int, lost: list[int], last: int) -> str:
        """What of the file is lost, in words."""
        end, declared = self._end_of(last) * self._time_base, self._declared
        if is_cut_off(end, declared, self.info.rate):
            broken = f"the file is cut off: its picture ends at {float(end):.2f} of {float(declared or 0):.2f} s"
        else:
            broken = self._broken and f"the file is damaged: {self._broken}"
        holes = bool(lost) and (
            f"{len(lost)} of {count} frames are damaged, the first at {self._seconds(lost[0])}; the picture before "
            "stands in their place"
        )
        return "; ".join(part for part in (holes, broken) if part)

    def _head(self, timeline: Iterator[Decoded], max_pixels: int) -> list[Decoded]:
        """What comes up to and with the first frame that can be decoded."""
        head: list[Decoded] = []
        for pts, frame in timeline:
            head.append((pts, frame))
            if frame is not None:
                self.info = self._describe(frame, max_pixels)
                return head
        raise VideoError(
            f"{printable(self.path)}: none of its {self._losses.packets} frames can be decoded "
            f"({self._stream.codec_context.name}); copy it again from where it came from, or convert it"
        )

    def _timeline(self) -> Iterator[Decoded]:
        """All frames in order; a time that comes up without a picture yields None."""
        count_losses = not self._is_interlaced()  # two packets may make one frame
        untimed = self._container.format.name in _UNTIMED and self._stream.codec_context.has_b_frames
        silent = loses_in_silence(self._container, self._stream)
        for frame in self._decode():
            after = self._following
            pts = self._losses.next() if untimed and self._losses.expected else self._pts(frame)
            usual = self._usual_duration
            missing = range(after, pts - usual // 2, usual) if silent and after else ()
            for lost in sorted({*self._losses.shown(pts), *missing}):
                if count_losses:
                    yield lost, None
            yield pts, None if frame.is_corrupt else frame
        for lost in self._losses.ended():
            if count_losses:
                yield lost, None

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Packet by packet: an error of one must not end the others, and the decoder's rest comes at the end."""
        codec = self._stream.codec_context
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self._broken, packet = reason(error), None
            if packet is None or not packet.size:
                yield from _pictures_of(codec, None) or []
                return
            self._losses.sent(packet, codec.name)
            pictures = _pictures_of(codec, packet)
            if pictures is None:
                self._losses.failed(packet)
            else:
                yield from pictures

    def _pts(self, frame: av.VideoFrame) -> int:
        pts = frame.pts if frame.pts is not None else self._following
        self._following = pts + (frame.duration or self._usual_duration)
        return pts

    def _end_of(self, pts: int) -> int:
        """When the frame ends that came last out of the decoder."""
        return self._following if self._following > pts else pts + self._usual_duration

    def _picture(self, frame: av.VideoFrame, pts: int) -> Callable[[], Pixels]:
        if (frame.width, frame.height) != self._coded_size:
            was, now = (f"{width}×{height}" for width, height in (self._coded_size, (frame.width, frame.height)))
            raise VideoError(
                f"{printable(self.path)}: its picture changes from {was} to {now} at {self._seconds(pts)}, and a video "
                "has one size; cut it there (--end, --start) and translate the parts"
            )
        return lambda: turn_upright(self._colour.to_rgb(frame, deep=self.info.deep), self._turn)

    def _describe(self, frame: av.VideoFrame, max_pixels: int) -> ClipInfo:
        stream, layout = self._stream, frame.format
        self._coded_size = frame.width, frame.height
        self._colour = Colour.of(frame, frame.height)
        self._turn = turn_of(frame)
        if frame.width * frame.height > max_pixels:
            raise VideoError(
                f"{printable(self.path)}: its {frame.width}×{frame.height} pixels are more than the allowed "
                f"{max_pixels}; raise --max-pixels"
            )
        aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        sideways = self._turn[0] == 0
        width, height = (frame.height, frame.width) if sideways else (frame.width, frame.height)
        notes = []
        if self._is_interlaced() or frame.interlaced_frame:
            notes.append("it is interlaced; its frames are translated as they are, both fields together")
        if any(component.is_alpha for component in layout.components) or stream.metadata.get("alpha_mode") == "1":
            notes.append("its transparency is not kept")
        return ClipInfo(
            width=width,
            height=height,
            time_base=self._time_base,
            rate=self._rate,
            frames=stream.frames or self._estimated_frames(),
            start=self._origin,
            deep=any(component.bits > 8 for component in layout.components),
            chroma=_subsampling(layout),
            sample_aspect=1 / aspect if sideways else aspect,
            colour=self._colour,
            notes=tuple(notes),
        )

    @property
    def _rate(self) -> Fraction:
        return Fraction(self._stream.average_rate or self._stream.guessed_rate or 25)

    @property
    def _usual_duration(self) -> int:
        return max(1, round(1 / (self._rate * self._time_base)))

    def _estimated_frames(self) -> int:
        if self._declared is None:
            seconds = Fraction(self._container.duration or 0, MICROSECONDS)
        else:
            seconds = self._declared - self._origin
        return int(seconds * self._rate)

    def _is_interlaced(self) -> bool:
        return self._stream.codec_context.field_order > _PROGRESSIVE

    def _tick(self, seconds: Fraction) -> int:
        return -int(-(self._origin + seconds) // self._time_base)

    def _seconds(self, pts: int) -> str:
        return f"{float(pts * self._time_base - self._origin):.2f} s"


def _pictures_of(codec: av.VideoCodecContext, packet: Packet[VideoStream] | None) -> list[av.VideoFrame] | None:
    """What comes out of the decoder for a packet, or as its rest; None where the data are damaged."""
    try:
        return codec.decode(packet)
    except av.error.FFmpegError:
        return None


def _subsampling(layout: av.VideoFormat) -> str:
    if len(layout.components) < 3 or layout.is_rgb:
        return "" if layout.is_rgb else "4:0:0"
    across, down = layout.chroma_width(64), layout.chroma_height(64)
    return {(64, 64): "4:4:4", (32, 64): "4:2:2", (64, 32): "4:4:0", (16, 64): "4:1:1"}.get((across, down), "4:2:0")
