"""Which frames of a plugin's clip are shown, when, and how long."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from img2img import Frame
from img2img.media.clip.part import Part

from ..translation.foreign import Told, grey

SECOND = 25
"""Ticks."""


def shown(times: list[tuple[int, int]], start: Any = None, end: Any = None) -> list[tuple[int, int]]:
    """Time and duration of what is shown of frames of these times and durations."""
    part = Part(Told([Frame(*time, grey(0)) for time in times]), "told:x", start, end)
    return [(frame.pts, frame.duration) for frame in part.frames()]


def test_the_end_cuts_what_is_shown_then() -> None:
    assert shown([(0, 100 * SECOND)], end=Fraction(1)) == [(0, SECOND)]
    assert shown([(0, 20), (20, 9), (29, 1)], end=Fraction(1)) == [(0, 20), (20, 5)]


def test_times_before_0_are_kept_and_begin_at_0() -> None:
    assert shown([(-2, 1), (-1, 1), (0, 3)]) == [(0, 1), (1, 1), (2, 3)]


def test_a_late_beginning_stays_late() -> None:
    assert shown([(5, 1), (6, 1)]) == [(5, 1), (6, 1)]


def test_what_begins_before_the_start_is_left_out() -> None:
    assert shown([(-5, 5), (0, 25), (25, 10), (35, 10)], start=Fraction(1)) == [(0, 10), (10, 10)]


class Counted:
    """A picture that is equal to all others, and, with `hash` of None, cannot be hashed."""

    __hash__: Any = None

    def __init__(self, level: int) -> None:
        self.level = level

    def __eq__(self, other: object) -> bool:
        return True

    def __call__(self) -> Any:
        return grey(self.level)()


def test_pictures_that_are_equal_are_not_the_same() -> None:
    part = Part(Told([Frame(tick, 1, Counted(tick)) for tick in range(3)]), "told:x", None, None)
    assert [frame.picture()[0, 0, 0] for frame in part.frames()] == [0, 1, 2]


@pytest.mark.parametrize("repeated", [True, False])
def test_frames_share_a_function_if_they_share_a_picture(repeated: bool) -> None:
    picture = grey(7)
    frames = [Frame(0, 1, picture), Frame(1, 1, picture if repeated else grey(7))]
    first, second = Part(Told(frames), "told:x", None, None).frames()
    assert (first.picture is second.picture) is repeated
