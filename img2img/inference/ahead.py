"""An iterator runs in a thread of its own, a bounded number of items ahead of its consumer."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, Full, Queue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE = 0.1
"""Seconds after which a waiting thread checks whether the iteration was closed."""


class Ahead(Generic[T]):
    """Iterates over `items`, which a thread takes from their iterator, up to `room` items ahead of the consumer.

    An error of the iterator is raised where its next item would have come. `close` ends the thread.
    """

    def __init__(self, items: Iterator[T], room: int, name: str) -> None:
        self._items = items
        self._queue: Queue[tuple[T | None, BaseException | None]] = Queue(max(1, room))
        self._closed = False
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while not self._closed:
            try:
                item, error = self._queue.get(timeout=_PATIENCE)  # a timeout lets Ctrl-C through
            except Empty:
                continue
            if error is not None:
                self.close()
                raise error
            return item  # type: ignore[return-value]
        raise StopIteration

    def close(self) -> None:
        """End the thread and drop the items that nobody has taken."""
        self._closed = True
        self._thread.join()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item, None):
                    return
            self._put(None, StopIteration())
        except BaseException as error:
            self._put(None, error)

    def _put(self, item: T | None, error: BaseException | None) -> bool:
        while not self._closed:
            try:
                self._queue.put((item, error), timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False
