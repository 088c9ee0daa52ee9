"""This module moves timecodes, the clock of a camera in hours, minutes, seconds and frames, such as 10:20:30:05."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from math import ceil

_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d+)")
_DAY = 24 * 60
"""Minutes after which a timecode begins anew."""
_UNEVEN = Fraction(1, 10)
"""Part of a frame by which the time of a frame may be late, since containers round times."""


def moved(metadata: Mapping[str, str], shift: Fraction, rate: Fraction, new_rate: Fraction) -> dict[str, str]:
    """Return metadata whose timecode is that of a later frame.

    Args:
        metadata: The metadata of a stream or a file, with or without a timecode.
        shift: Seconds from the first frame to the one that becomes the first.
        rate: Frames a second of the source.
        new_rate: Frames a second of the target.
    """
    return {
        name: later(text, shift, rate, new_rate) if name.lower() == "timecode" else text
        for name, text in metadata.items()
    }


def later(timecode: str, shift: Fraction, rate: Fraction, new_rate: Fraction) -> str:
    """Return the timecode of a later frame, at another rate if need be; what is no timecode is returned as it is."""
    match = _TIMECODE.fullmatch(timecode.strip())
    whole = round(rate)
    if not match or whole < 1:
        return timecode
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    skipped = _skipped(rate) if match[4] != ":" else 0
    minutes += 60 * hours
    number = (60 * minutes + seconds) * whole + frames - skipped * (minutes - minutes // 10)
    number += ceil(shift * rate - _UNEVEN)
    if skipped:
        number = _with_skipped(number, whole, skipped)
    seconds, frames = divmod(number % (_DAY * 60 * whole), whole)
    if round(new_rate) != whole:
        frames = frames * round(new_rate) // whole
    separator = match[4] if skipped and _skipped(new_rate) else ":"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{separator}{frames:02}"


def _skipped(rate: Fraction) -> int:
    """Return how many numbers drop-frame timecodes skip each minute but each tenth, so as to follow the clock."""
    return round(rate) // 30 * 2 if round(rate) % 30 == 0 else 0


def _with_skipped(number: int, whole: int, skipped: int) -> int:
    """Return the number of a frame in a count that skips numbers, from the number of frames before it."""
    minute = 60 * whole - skipped
    tens, rest = divmod(number, 10 * minute + skipped)
    return number + skipped * (9 * tens + max(0, (rest - skipped) // minute))
