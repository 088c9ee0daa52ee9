"""Frames in time: which frames stand beside a frame, how long it is shown, and several frames in the place of one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from img2img.media.video import ClipInfo, Frame

T = TypeVar("T")

_FINEST = (1 << 31) - 1
"""The largest denominator that FFmpeg takes for the length of a tick."""


def with_neighbours(items: Iterable[T], before: int, after: int) -> Iterator[tuple[T, ...]]:
    """Yield each item between those before and after it; the first and the last item stand in for what is missing."""
    near: deque[T] = deque(maxlen=before + 1 + after)
    count = 0
    for item in items:
        near.extend([item] if near else [item] * (before + 1 + after))
        count += 1
        if count > after:
            yield tuple(near)
    for missing in range(after if near else 0):
        near.append(near[-1])
        if count + missing + 1 > after:
            yield tuple(near)


def lasting(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield frames none of which is shown for longer than until the next one begins."""
    waiting: Frame | None = None
    for frame in frames:
        if waiting is not None:
            yield replace(waiting, duration=min(waiting.duration, frame.pts - waiting.pts))
        waiting = frame
    if waiting is not None:
        yield waiting


def multiplied(info: ClipInfo, frames_out: int) -> ClipInfo:
    """Return the properties of a clip in which each frame has become several, as `divided` makes them."""
    if frames_out == 1:
        return info
    finer = info.time_base / frames_out
    time_base = finer if finer.denominator <= _FINEST else info.time_base
    return replace(info, time_base=time_base, rate=info.rate * frames_out, frames=info.frames * frames_out)


def divided(index: int, number: int, frame: Frame, info: ClipInfo, frames_out: int) -> tuple[int, Frame]:
    """Return the index and the times of one of several results for a frame.

    Args:
        index: The index of the frame in its clip.
        number: Which of its results this is, from 0 on.
        frame: The source's frame, whose ticks are those of `info`.
        info: The source's properties.
        frames_out: How many results there are.
    """
    if frames_out == 1:
        return index, frame
    ticks = info.time_base / multiplied(info, frames_out).time_base
    parts = (frame.pts + frame.duration * Fraction(part, frames_out) for part in (number, number + 1))
    begin, end = (round(part * ticks) for part in parts)
    return index * frames_out + number, Frame(begin, end - begin, frame.picture, b"" if number else frame.captions)
