"""Time that passes only while all wait for it, and then at once, so that no load of the machine changes what happens.

It stands in for the clock, the threads and the condition of `img2img.live.live`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

GUARD = 60
"""Real seconds after which those who wait are told that nothing will come."""


class Clock:
    """A clock, and a condition on which threads wait until its time comes.

    Waiting are the thread of the source and whoever else is at work: the one that shows, or else the network.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._changed = threading.Condition()
        self._sources: list[threading.Thread] = []
        self._waiting: dict[int, tuple[Callable[[], object], float]] = {}

    def thread(self, **options: object) -> threading.Thread:
        """Make the thread of a source, in place of `Thread`."""
        self._sources.append(threading.Thread(**options))  # type: ignore[arg-type]
        return self._sources[-1]

    def __enter__(self) -> None:
        self._changed.acquire()

    def __exit__(self, *_: object) -> None:
        self._changed.release()

    def notify_all(self) -> None:
        self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        with self:
            self.wait_for(lambda: False, seconds)

    def wait_for(self, so: Callable[[], object], seconds: float) -> bool:
        """As the method of `Condition`, but in the time of this clock."""
        mine, until, guard = threading.get_ident(), self.now + seconds, time.monotonic() + GUARD
        self._waiting[mine] = so, until
        try:
            while not so() and self.now < until:
                if self._all_wait():
                    self.now = min(until for _, until in self._waiting.values())
                    self._changed.notify_all()
                else:
                    self._changed.wait(0.01)
                assert time.monotonic() < guard, "some thread neither works nor waits"
        finally:
            del self._waiting[mine]
        return bool(so())

    def _all_wait(self) -> bool:
        goes_on = any(so() or until <= self.now for so, until in self._waiting.values())
        sources = sum(thread.ident is None or thread.is_alive() for thread in self._sources)
        return not goes_on and len(self._waiting) == sources + 1
