"""This module reads video files: every frame comes at its time, also where its data are damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from img2img.errors import VideoError
from img2img.media.clip.frames import ClipInfo, Frame, TracksOf
from img2img.media.files import MAX_PIXELS
from img2img.media.video.alpha import with_alpha
from img2img.media.video.captions import captions_of
from img2img.media.video.colour import Colour
from img2img.media.video.container import main_video, open_container
from img2img.media.video.damage import declared_end, shortened
from img2img.media.video.ending import CUT_OFF, missing_end
from img2img.media.video.entry import is_indexed, packets_before_key
from img2img.media.video.threads import share_out
from img2img.media.video.timeline import Decoded, Timeline
from img2img.media.video.turning import turn_of, turn_upright

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels

_EARLY = Fraction(-1, 2)
"""Seconds; sound that begins later than this before 0 is but the delay of its decoder."""
MICROSECONDS = 1_000_000
"""Ticks a second of the times of a container, unlike those of its streams."""


class VideoReader:
    """Reads a video file as a `Clip`.

    A frame whose data are damaged shows the picture before it, so that no later frame moves; `damage` then says so.

    Args:
        path: The file.
        start: Frames shown before this time, in seconds from the file's beginning, are left out.
        end: Frames shown from this time on are left out.
        max_pixels: Frames with more pixels are refused.

    Raises:
        VideoError: The file holds no video that can be read, or its frames are too large.
    """

    def __init__(
        self,
        path: Path,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.path, self.damage = path, ""
        self.info: ClipInfo
        self.shift: Fraction
        """Seconds subtracted from all times, so that the part from `start` on begins at 0."""
        self._longest = 0
        self._next: int | None = None
        """When the first frame after `end` begins, once it has been met."""
        self._resources = ExitStack()
        try:
            self._container = self._resources.enter_context(open_container(path))
            self._stream = main_video(self._container, path)
            share_out(self._stream, blames_packets=self._container.format.name == "avi")
            self._time_base = Fraction(self._stream.time_base or 1)
            self._origin = Fraction(self._container.start_time or 0, MICROSECONDS)
            self._from, self._to = (None if at is None else self._tick(at) for at in (start, end))
            self._declared = declared_end(self._container, self._stream)
            self._decoded = self._begin(start, max_pixels)
            self.shift = self._first_tick() * self._time_base
            begin = self._origin - self.shift if start is None else Fraction(0)
            tracks = TracksOf(path, self.shift, None if end is None else self._origin + end)
            self.info = replace(self.info, start=begin, tracks=tracks)
        except BaseException:
            self._resources.close()
            raise

    def _begin(self, start: Fraction | None, max_pixels: int) -> Iterator[Decoded]:
        """Yield decoded frames from a key frame before `start` on, or from the beginning; set `info` before."""
        seeks = bool(start) and is_indexed(self._container) and self._seek(start or 0)
        skip = packets_before_key(self.path, self._from) if self._from and start and not seeks else 0
        self._timeline = Timeline(self._container, self._stream, self.path, skip)
        timeline = self._timeline.frames()
        head = self._head(timeline, max_pixels)
        if seeks and self._from is not None and head[-1][0] > self._from:  # the seek went too far
            if not self._seek(0):
                raise VideoError(f"{self.path}: its index is damaged; translate it without --start")
            self._stream.codec_context.flush_buffers()
            return self._begin(None, max_pixels)
        self._first = head[0][0]
        return chain(head, timeline)

    def _seek(self, start: Fraction | int) -> bool:
        """Go to a key frame at or before a time since the beginning, and return whether the index led there."""
        try:
            self._container.seek(int((self._origin + start) * MICROSECONDS))
        except av.error.FFmpegError:
            return False
        return True

    def _first_tick(self) -> int:
        """Return the time that becomes 0: that of `start`, or that of a beginning before 0, which few formats hold."""
        if self._from is not None:
            return self._from
        first, origin = self._first, floor(self._origin / self._time_base)
        return min(first, origin) if first < 0 or self._origin < _EARLY else 0

    def close(self) -> None:
        """Close the file."""
        self._resources.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in the order of their times; this works once.

        Raises:
            VideoError: The size of the picture changes in the middle.
        """
        waiting: Frame | None = None
        begin = self._first_tick()
        for at, picture, captions in self._pictures():
            pts = at - begin
            if waiting is not None:
                yield replace(waiting, duration=pts - waiting.pts)
            waiting = Frame(pts, self._timeline.end_of(at) - at, picture, captions)
        if waiting is not None:
            shown_until = max(waiting.pts + waiting.duration, (self._to or 0) - begin)
            yield (
                waiting
                if self._next is None
                else replace(waiting, duration=min(self._next - begin, shown_until) - waiting.pts)
            )

    def _pictures(self) -> Iterator[tuple[int, Callable[[], Pixels], bytes]]:
        """Yield when each picture from `start` to `end` is shown, a function that returns it, and its captions."""
        shown, last, count, lost, is_whole = None, None, 0, list[int](), True
        for pts, frame in self._decoded:
            if self._to is not None and pts >= self._to:
                is_whole, self._next = False, pts  # damage after `end` does not matter
                break
            if last is not None and pts <= last:
                pts = last + 1
            self._longest = max(self._longest, pts - (pts if last is None else last))
            last = pts
            is_in_part = self._from is None or pts >= self._from
            if frame is not None:
                shown = self._picture(frame, pts)
            elif is_in_part:
                lost.append(pts)
            if shown is not None and is_in_part:
                count += 1
                yield pts, shown, captions_of(frame)
        self.damage = self._judge(count, lost, last or 0, is_whole)

    def _judge(self, count: int, lost: list[int], last: int, is_whole: bool) -> str:
        """Return what of the file is lost, in words; empty if nothing is."""
        broken = self._timeline.broken and f"the file is damaged: {self._timeline.broken}"
        if is_whole:
            ends = {**self._timeline.ends, self._stream.index: self._timeline.end_of(last) * self._time_base}
            usual = max(1 / self.info.rate, self._longest * self._time_base)
            shorter = shortened(self._container, self._stream, ends, usual)
            torn = missing_end(self.path, self._container.format.name, self._timeline.last_byte)
            if shorter or torn:
                broken = ": ".join(part for part in (torn or CUT_OFF, shorter) if part)
        holes = bool(lost) and (
            f"{len(lost)} of {count} frames are damaged, the first at {self._seconds(lost[0])}; the picture before "
            "stands in their place"
        )
        return "; ".join(part for part in (holes, broken) if part)

    def _head(self, timeline: Iterator[Decoded], max_pixels: int) -> list[Decoded]:
        """Return everything up to the first frame that can be decoded, with that frame; set `info` from it."""
        head: list[Decoded] = []
        for pts, frame in timeline:
            head.append((pts, frame))
            if frame is not None:
                self.info = self._describe(frame, max_pixels)
                return head
        if not self._timeline.losses.packets:
            raise VideoError(
                f"{self.path}: it holds no frames; the recording or the copy was cut off, so copy it again"
            )
        raise VideoError(
            f"{self.path}: none of its {self._timeline.losses.packets} frames can be decoded "
            f"({self._stream.codec_context.name}); copy it again from where it came from, or convert it"
        )

    def _picture(self, frame: av.VideoFrame, pts: int) -> Callable[[], Pixels]:
        if (frame.width, frame.height) != self._coded_size:
            was, now = (f"{width}×{height}" for width, height in (self._coded_size, (frame.width, frame.height)))
            raise VideoError(
                f"{self.path}: its picture changes from {was} to {now} at {self._seconds(pts)}, and a video "
                "has one size; cut it there (--end, --start) and translate the parts"
            )
        return lambda: turn_upright(with_alpha(self._colour.to_rgb(frame, deep=self.info.deep), frame), self._turn)

    def _describe(self, frame: av.VideoFrame, max_pixels: int) -> ClipInfo:
        stream, layout = self._stream, frame.format
        self._coded_size = frame.width, frame.height
        self._colour = Colour.of(frame, frame.height)
        self._turn = turn_of(frame)
        if frame.width * frame.height > max_pixels:
            raise VideoError(
                f"{self.path}: its {frame.width}×{frame.height} pixels are more than the allowed "
                f"{max_pixels}; raise --max-pixels"
            )
        aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        sideways = self._turn[0] == 0
        width, height = (frame.height, frame.width) if sideways else (frame.width, frame.height)
        notes = []
        if self._timeline.is_interlaced() or frame.interlaced_frame:
            notes.append("it is interlaced; its frames are translated as they are, both fields together")
        if stream.metadata.get("alpha_mode") == "1":  # of VP8 and VP9, whose decoders leave it out
            notes.append("its transparency is not kept")
        if (left_out := self._timeline.losses.undecodable) and self._from is None:
            notes.append(f"{left_out} pictures at its beginning need one that comes before it, and are left out")
        return ClipInfo(
            width=width,
            height=height,
            time_base=self._time_base,
            rate=self._timeline.rate,
            frames=stream.frames or self._estimated_frames(),
            deep=any(component.bits > 8 for component in layout.components),
            chroma=_subsampling(layout),
            sample_aspect=1 / aspect if sideways else aspect,
            colour=self._colour,
            notes=tuple(notes),
        )

    def _estimated_frames(self) -> int:
        if self._declared is None:
            seconds = Fraction(self._container.duration or 0, MICROSECONDS)
        else:
            seconds = self._declared - self._origin
        return int(seconds * self._timeline.rate)

    def _tick(self, seconds: Fraction) -> int:
        return -int(-(self._origin + seconds) // self._time_base)

    def _seconds(self, pts: int) -> str:
        return f"{float(pts * self._time_base - self._origin):.2f} s"


def _subsampling(layout: av.VideoFormat) -> str:
    if len(layout.components) < 3 or layout.is_rgb:
        return "" if layout.is_rgb else "4:0:0"
    across, down = layout.chroma_width(64), layout.chroma_height(64)
    return {(64, 64): "4:4:4", (32, 64): "4:2:2", (64, 32): "4:4:0", (16, 64): "4:1:1"}.get((across, down), "4:2:0")
