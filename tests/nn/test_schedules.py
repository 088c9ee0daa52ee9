"""Learning-rate schedules."""

from __future__ import annotations

import pytest

from img2img.nn.schedules import cosine, halved, linear


def test_a_cosine_falls_from_one_to_its_end() -> None:
    factor = cosine(100, end=0.01)
    assert factor(0) == 1
    assert factor(50) == pytest.approx(0.505)
    assert factor(100) == pytest.approx(0.01)
    assert factor(10_000) == pytest.approx(0.01)
    assert all(factor(step) > factor(step + 1) for step in range(100))


def test_a_warm_up_rises_linearly_from_more_than_nothing() -> None:
    factor = cosine(100, warmup=4)
    assert [factor(step) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert factor(5) < 1


def test_a_warm_up_as_long_as_the_whole_ends_at_one() -> None:
    factor = cosine(3, warmup=3)
    assert [factor(step) for step in range(4)] == pytest.approx([0.25, 0.5, 0.75, 1])


def test_no_steps_at_all_are_no_error() -> None:
    assert cosine(0)(0) == 1


def test_it_is_halved_from_each_step_on() -> None:
    factor = halved(10, 15)
    assert [factor(step) for step in (0, 9, 10, 14, 15, 99)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert halved()(5) == 1


def test_a_line_is_level_and_then_falls_by_the_factor_of_the_authors_code() -> None:
    """1 - max(0, n + 1 - 100) / 101, with n epochs done."""
    factor = linear(100, 100)
    assert {factor(step) for step in range(100)} == {1}
    assert [factor(step) for step in (100, 149, 199)] == pytest.approx([100 / 101, 51 / 101, 1 / 101])


def test_a_line_never_reaches_nothing_within_its_steps() -> None:
    assert [linear(3, 4)(step) for step in range(7)] == pytest.approx([1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    assert linear(0, 1)(0) == 0.5
    assert linear(7, 0)(6) == 1
