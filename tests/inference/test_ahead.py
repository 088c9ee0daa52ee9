"""An iterator that runs ahead in a thread: its order, its bounds, its errors, its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from img2img.inference.ahead import Ahead


def test_all_items_come_in_order() -> None:
    assert list(Ahead(iter(range(100)), 3, "test")) == list(range(100))


def test_no_more_is_taken_than_there_is_room_for() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    ahead = Ahead(items(), 3, "test")
    assert next(ahead) == 0
    deadline = time.monotonic() + 60
    while len(taken) < 5:  # one was given, three wait, one is in the thread's hands
        assert time.monotonic() < deadline, "it does not run ahead"
        time.sleep(0.001)
    time.sleep(0.1)  # for one that would be too many
    assert len(taken) == 5
    ahead.close()


def test_an_error_comes_where_the_next_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("broken")

    ahead = Ahead(items(), 3, "test")
    assert next(ahead) == 1
    with pytest.raises(OSError, match="broken"):
        next(ahead)
    assert list(ahead) == []


def test_close_ends_the_thread_of_an_iterator_that_nobody_consumes() -> None:
    ahead = Ahead(iter(range(1000)), 1, "never consumed")
    ahead.close()
    assert "never consumed" not in [thread.name for thread in threading.enumerate()]


def test_the_thread_ends_with_the_last_item() -> None:
    list(Ahead(iter(range(3)), 1, "all consumed"))
    assert "all consumed" not in [thread.name for thread in threading.enumerate()]
