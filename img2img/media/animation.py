"""Animations, which are GIF and WebP files: reading them as clips, and writing clips as them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np

from img2img.errors import ImageError, UsageError, VideoError
from img2img.media.animation_parts import CLEAR, Canvas, Part, Stored, is_animation, parse
from img2img.media.animation_targets import Gif, WebP
from img2img.media.files import printable, read_file
from img2img.media.images import Encoded, Pixels
from img2img.media.video.frames import ClipInfo, Frame

__all__ = ["AnimationReader", "AnimationWriter", "is_animation"]

_MILLISECONDS = 1000


class AnimationReader:
    """A `Clip` in a GIF or WebP file; its ticks are milliseconds.

    Durations are what the file says, but for 0, which nobody can show: it counts as 100 ms, as in browsers. (10 ms,
    which browsers slow down too, stay 10.) The pixels have alpha if anything shines through any of the frames. A frame
    whose data are damaged shows the picture before it; if there is none, the first good one.

    Args:
        path: The file.
        start: Begin here, in seconds; what is shown from before it is then shown from here on.
        end: Likewise end here.
        max_pixels: Refuse larger frames.

    Raises:
        VideoError: It is no such file, none of its frames can be decoded, or they are too large.
    """

    def __init__(
        self,
        path: Path,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int = 100_000_000,
    ) -> None:
        self.path, self.damage = path, ""
        self._from, self._to = (None if at is None else ceil(at * _MILLISECONDS) for at in (start, end))
        self.shift = Fraction(self._from or 0, _MILLISECONDS)
        """Seconds taken off all times, so that what begins at `start` begins at 0."""
        self._max_pixels = max_pixels
        self._stored = self._parse()
        self.loops = self._stored.loops
        """How often the whole is shown; 0 is for ever."""
        self._channels = 3 if self._is_opaque() else 4
        parts = self._stored.parts
        self.info = ClipInfo(
            width=self._stored.width,
            height=self._stored.height,
            time_base=Fraction(1, _MILLISECONDS),
            rate=Fraction(len(parts) * _MILLISECONDS, sum(part.duration for part in parts)),
            frames=len(parts),
            chroma="4:4:4",
            notes=self._stored.notes,
        )

    def close(self) -> None:
        self._stored.parts.clear()

    def __enter__(self) -> AnimationReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in the order of their times; can be gone through once."""
        at, seen, shown = 0, None, None
        lost: list[int] = []
        waiting: list[tuple[int, int]] = []
        for part, pixels in self._pictures():
            if self._to is not None and at >= self._to:
                self.damage = self._judge(lost, "")  # what is missing further on was not asked for
                return
            if pixels is None:
                lost.append(at)
            elif seen is None or not np.array_equal(pixels, seen):
                seen, shown = pixels, _always(pixels)
            waiting.append((at, at + part.duration))
            at += part.duration
            if shown is not None:
                for begin, end in waiting:
                    yield from self._asked(begin, end, shown)
                waiting.clear()
        self.damage = self._judge(lost, self._stored.ending)

    def _asked(self, begin: int, end: int, picture: Callable[[], Pixels]) -> Iterator[Frame]:
        """The frame, as far as it lies in the asked time."""
        zero = self._from or 0
        begin, end = max(begin, zero), end if self._to is None else min(end, self._to)
        if begin < end:
            yield Frame(begin - zero, end - begin, picture)

    def _pictures(self) -> Iterator[tuple[Part, Pixels | None]]:
        """What is to be seen from part to part, (H, W, 3 or 4); None where the data are damaged."""
        canvas = Canvas(self._stored.width, self._stored.height)
        for part in self._stored.parts:
            drawn = self._decoded(part)
            if drawn is None:
                yield part, None
            else:
                canvas.draw(part, drawn)
                yield part, canvas.pixels[..., : self._channels].copy()

    def _decoded(self, part: Part) -> Pixels | None:
        if part.width * part.height > self._max_pixels:
            return None
        try:
            return part.decode()
        except MemoryError:
            raise
        except Exception:  # damaged data provoke many kinds
            return None

    def _is_opaque(self) -> bool:
        """Look through the frames until it is certain, which it mostly is after the first."""
        self._channels, good = 4, False
        stays_so = all(part.disposal != CLEAR and part.blended for part in self._stored.parts)
        for _, pixels in self._pictures():
            if pixels is not None:
                good = True
                if pixels[..., 3].min() < 255:
                    return False
                if stays_so:
                    return True
        if not good:
            raise VideoError(
                f"{printable(self.path)}: none of its {len(self._stored.parts)} frames can be decoded; "
                "copy it again from where it came from"
            )
        return True

    def _parse(self) -> Stored:
        name = printable(self.path)
        try:
            data = read_file(self.path)
            stored = parse(data)
        except ImageError as error:
            raise VideoError(str(error)) from error
        except EOFError as error:
            raise VideoError(f"{name}: it is cut off in its header; copy it again from where it came from") from error
        if stored is None:
            raise VideoError(
                f"{name}: this is no animation (it begins with {data[:8]!r}); give a GIF or an animated WebP file"
            )
        pixels = stored.width * stored.height
        if not pixels or not stored.parts:
            ending = f"; {stored.ending}" if stored.ending else ""
            raise VideoError(f"{name}: it holds no frames{ending}; copy it again from where it came from")
        if pixels > self._max_pixels:
            raise VideoError(
                f"{name}: its {stored.width}×{stored.height} pixels are more than the allowed {self._max_pixels}; "
                "raise --max-pixels"
            )
        return stored

    def _judge(self, lost: list[int], ending: str) -> str:
        """What of the file is lost, in words."""
        count, found = len(self._stored.parts), []
        if lost:
            found.append(
                f"{len(lost)} of {count} frames are damaged, the first at {lost[0] / _MILLISECONDS:.2f} s; "
                "the picture before stands in their place"
            )
        if ending:
            found.append(f"{ending} after {count} frames")
        return "; ".join(found)


class AnimationWriter:
    """Makes a GIF or WebP file of the frames of a clip.

    Args:
        path_suffix: `.gif` or `.webp`.
        time_base: Seconds of a tick.
        loops: How often it is shown; 0 is for ever.
        quality: 1 to 100 for WebP (90 if not given); at 100, it loses nothing.

    Raises:
        UsageError: The suffix is another one, or the quality out of range.
    """

    def __init__(self, path_suffix: str, time_base: Fraction, loops: int = 0, quality: int | None = None) -> None:
        if path_suffix.lower() not in (".gif", ".webp"):
            raise UsageError(f"cannot write an animation as {path_suffix!r}; choose .gif or .webp")
        if quality is not None and not 1 <= quality <= 100:
            raise UsageError(f"quality {quality} is out of range; give 1 to 100")
        self._target: Gif | WebP = Gif(loops) if path_suffix.lower() == ".gif" else WebP(loops, quality or 90)
        self._tick = time_base * self._target.rate
        self._origin, self._end, self._begins = 0, 0, list[int]()
        self._shown: Pixels | None = None
        self._given = self._left_out = 0
        self._reduced = False

    def add(self, pixels: Pixels, pts: int, duration: int) -> None:
        """Add a frame.

        Args:
            pixels: (H, W, 1 to 4) of uint8 or uint16, as many channels in all frames.
            pts: When it is shown, in ticks; later than the frame before. The first frame's time becomes 0.
            duration: How long it is shown, which counts only for the last one: the others stay up to the next.

        Raises:
            VideoError: It has another size than the first one, or the file cannot hold it.
            WriteError: There is no room for frames that wait.
        """
        self._reduced |= pixels.dtype == np.uint16
        pixels = _as_colour(pixels)
        self._check(pixels.shape)
        self._origin = self._origin if self._given else pts
        self._given += 1
        # From the beginning on, not from frame to frame, so that rounding does not add up.
        begin, self._end = (round((at - self._origin) * self._tick) for at in (pts, pts + duration))
        if self._begins and begin - self._begins[-1] < self._target.shortest:
            self._left_out += 1
        elif self._shown is None or not np.array_equal(pixels, self._shown):
            self._target.add(pixels, self._shown)
            self._begins.append(begin)
            self._shown = pixels

    def encode(self) -> Encoded:
        """The file, and what it could not hold of the frames.

        Raises:
            VideoError: There are no frames, or too many for the format.
        """
        if not self._begins:
            raise VideoError("there are no frames to write; check --start and --end")
        end = max(self._end, self._begins[-1] + self._target.shortest)
        data = self._target.encode([after - begin for begin, after in pairwise([*self._begins, end])])
        notes = ["16 bits reduced to 8"] if self._reduced else []
        if self._left_out:
            most = self._target.rate // self._target.shortest
            notes.append(f"{self._left_out} of {self._given} frames left out: it shows {most} a second at most")
        return Encoded(data, (*notes, *self._target.notes))

    def _check(self, shape: tuple[int, ...]) -> None:
        if self._shown is not None and shape != self._shown.shape:
            now, was = (f"{of[1]}×{of[0]} pixels with {of[2]} channels" for of in (shape, self._shown.shape))
            raise VideoError(f"a frame of {now} comes after one of {was}, and all need one size; resize them")
        if max(shape[:2]) > self._target.longest_side:
            raise VideoError(
                f"{shape[1]}×{shape[0]} pixels are too many for an animation, which holds {self._target.longest_side} "
                "in a row; choose .mp4"
            )


def _as_colour(pixels: Pixels) -> Pixels:
    """A copy of 8 bits, rounded, grey as RGB."""
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    if pixels.shape[2] < 3:
        return np.concatenate([np.repeat(pixels[..., :1], 3, axis=2), pixels[..., 1:]], axis=2)
    return pixels.copy()


def _always(pixels: Pixels) -> Callable[[], Pixels]:
    return lambda: pixels
