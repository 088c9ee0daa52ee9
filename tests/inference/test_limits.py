"""The limits that running out of memory sets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from img2img.inference.limits import Limit, Limits


def test_batches_are_halved_before_tiles() -> None:
    limits = Limits(1000, 4000)
    assert limits.shrink(1000, 4000, can_cut=True) == Limit(1000, 2000)
    assert limits.shrink(1000, 2000, can_cut=True) == Limit(1000, 1000)
    assert limits.shrink(1000, 1000, can_cut=True) == Limit(500, 1000)


def test_what_can_get_no_smaller_changes_nothing() -> None:
    limits = Limits(1000, 1000)
    assert limits.shrink(1000, 1000, can_cut=False) is None
    assert limits.now == Limit(1000, 1000)


def test_limits_that_did_not_help_are_taken_back_unless_another_thread_has_changed_them_since() -> None:
    limits = Limits(1000, 1000)
    before, since = limits.now, limits.shrink(1000, 1000, can_cut=True)
    assert since is not None
    limits.restore(before, since)
    assert limits.now == before
    since = limits.shrink(1000, 1000, can_cut=True)
    assert since is not None
    smaller = limits.shrink(500, 500, can_cut=True)
    limits.restore(before, since)
    assert limits.now == smaller


def test_no_thread_loses_what_another_one_learnt() -> None:
    limits = Limits(1 << 40, 1)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(30):
            pool.submit(lambda: limits.shrink(1 << 40, 1, can_cut=True))
    assert limits.now.tile == 1 << 10
