"""This module sends pictures through the network, in order or in groups of one size, within bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np
from torch import Tensor

from img2img.errors import FatalError, Stopped
from img2img.inference.condition_batches import shapes, stacked
from img2img.inference.executor import Executor
from img2img.inference.memory import Memory

if TYPE_CHECKING:
    from img2img.inference.picture import Picture
    from img2img.media import Pixels

MEMORY = 1 << 30
"""Bytes of pixels that may be between two stages; a single image may be larger."""
PENDING = 64
"""Works of differing sizes that may wait for others of their size."""
STOPPED = "stopped; what is done stays, and the same command goes on from there"

_ENDS_ALL = (FatalError, Stopped, CancelledError)
"""The errors that end the whole stream; any other error of a thread that works for it is that of one work."""

_PATIENCE = 0.1
"""Seconds between two calls of `stop`."""


class Work(Protocol):
    """A piece of work that a stream carries."""

    @property
    def picture(self) -> Picture | None:
        """Return the picture that goes through the network, or None where nothing does."""

    @property
    def conditions(self) -> Mapping[str, Tensor]:
        """Return the rows of the picture's conditions, without the batch dimension."""

    @property
    def bytes(self) -> int:
        """Return how many bytes of memory the work holds on its way to the network."""


W = TypeVar("W", bound=Work)
R = TypeVar("R")


@dataclass(frozen=True)
class Outcome(Generic[W, R]):
    """The outcome of one work: a value or an error."""

    work: W
    value: R | None = None
    """The return value of `finish`; None for a work without a picture."""
    error: BaseException | None = None
    seconds: float = 0
    """The work's share of the time in the network."""

    @property
    def is_lost_alone(self) -> bool:
        """Return whether the error costs this work and no other; any other error ends the job."""
        return self.error is not None and not isinstance(self.error, _ENDS_ALL)

    def result(self) -> R | None:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.value


class Stream(Generic[W, R]):
    """Carries works through the network, several batches at once, and through what comes after it.

    Args:
        executor: Runs the network; its threads are the only ones around it.
        finish: Called with a work that has a picture, and the network's result for it; returns the outcome's value.
        stop: Called between works; True ends the stream.
        finishers: The number of threads that call `finish`; if 0, the network's threads do.
        memory: What the translator remembers of the thing whose parts the works are; without it, each is for itself.
    """

    def __init__(
        self,
        executor: Executor,
        finish: Callable[[W, Pixels], R],
        stop: Callable[[], bool],
        finishers: int = 0,
        memory: Memory | None = None,
    ) -> None:
        self.executor, self.stop = executor, stop
        self._finish, self._memory = finish, memory
        self._finishers = ThreadPoolExecutor(finishers, "finish") if finishers else None
        self._pending = max(PENDING, executor.asked_batch_size)
        self._outcomes: SimpleQueue[Outcome[W, R]] = SimpleQueue()
        self._arrived: dict[int, Outcome[W, R]] = {}
        self._in_flight: dict[int, W] = {}
        self._batches: list[Future[None]] = []
        self._largest = 1

    def by_group(self, works: Iterable[W]) -> Iterator[Outcome[W, R]]:
        """Carry works that are independent of each other; works of equal size go together.

        A batch that fails is tried work by work, so that only the one at fault is lost. Outcomes come in any order.

        Raises:
            Stopped: `stop` returned True.
        """
        return self._carry(self._groups(works), in_order=False)

    def in_order(self, works: Iterable[W], ends: Callable[[W], bool]) -> Iterator[Outcome[W, R]]:
        """Carry works that are parts of one thing, so that all are lost with one.

        Args:
            works: Works whose pictures have one size.
            ends: Returns whether a batch ends after a work, however small the batch is.

        Raises:
            Stopped: `stop` returned True.
        """
        return self._carry(self._runs(works, ends), in_order=True)

    def heed_stop(self) -> None:
        """Raise `Stopped` if `stop` returns True."""
        if self.stop():
            raise Stopped(STOPPED)

    def close(self) -> list[Outcome[W, R]]:
        """Drop the batches that have not begun, wait for the others, and return the outcomes that nobody has seen."""
        wait([batch for batch in self._batches if not batch.cancel()])
        if self._finishers is not None:
            self._finishers.shutdown(cancel_futures=True)
        while not self._outcomes.empty():
            self._receive(self._outcomes.get())
        return [outcome for outcome in self._arrived.values() if not isinstance(outcome.error, CancelledError)]

    def _groups(self, works: Iterable[W]) -> Iterator[list[W]]:
        """Put works together whose pictures and rows fit; when many wait, the group that began first goes."""
        groups: dict[object, list[W]] = {}
        for work in works:
            group = groups.setdefault(self._key(work), [])
            group.append(work)
            if self._is_full(group, self._pending):
                yield groups.pop(self._key(work))
            waiting = [one for other in groups.values() for one in other]
            if len(waiting) >= self._pending or sum(one.bytes for one in waiting) > MEMORY // 4:
                yield groups.pop(next(iter(groups)))
        yield from groups.values()

    def _key(self, work: W) -> object:
        """Return a key that is equal for works that can go through the network together."""
        if work.picture is None:
            return None
        entering = work.picture.entering
        return entering.shape, entering.dtype, shapes(work.conditions, self.executor.traits.conditions)

    def _runs(self, works: Iterable[W], ends: Callable[[W], bool]) -> Iterator[list[W]]:
        """Put works together in the order in which they come."""
        run: list[W] = []
        for work in works:
            run.append(work)
            if ends(work) or self._is_full(run, sys.maxsize):
                yield run
                run = []
        if run:
            yield run

    def _is_full(self, batch: Sequence[W], most: int) -> bool:
        sizes = [work.picture.entering.shape[:2] for work in batch if work.picture]
        return bool(sizes) and len(sizes) >= min(most, self.executor.batch_size(*sizes[-1]))

    def _carry(self, batches: Iterable[list[W]], *, in_order: bool) -> Iterator[Outcome[W, R]]:
        for batch in batches:
            while self._in_flight and not self._has_room(batch):
                yield self._next(in_order)
            self._in_flight |= {id(work): work for work in batch}
            self._batches = [other for other in self._batches if not other.done()]
            self._batches.append(self.executor.submit(self._translate, batch, not in_order))
        while self._in_flight:
            yield self._next(in_order)

    def _has_room(self, batch: list[W]) -> bool:
        """Return whether few enough works wait for the network and for `finish`."""
        self._largest = max(self._largest, len(batch))
        if len(self._in_flight) > (2 * self.executor.workers + 2) * self._largest:
            return False
        traits = self.executor.traits
        larger = 1 + traits.scale * traits.scale * traits.frames_out
        return sum(work.bytes for work in (*self._in_flight.values(), *batch)) * larger <= MEMORY

    def _next(self, in_order: bool) -> Outcome[W, R]:
        """Wait for the outcome of the work that went in first or, without an order, for any outcome."""
        while True:
            self.heed_stop()
            first = next(iter(self._in_flight if in_order else self._arrived), None)
            if first is not None and first in self._arrived:
                del self._in_flight[first]
                return self._arrived.pop(first)
            with suppress(Empty):
                self._receive(self._outcomes.get(timeout=_PATIENCE))

    def _receive(self, outcome: Outcome[W, R]) -> None:
        self._arrived[id(outcome.work)] = outcome

    def _translate(self, batch: list[W], one_by_one: bool) -> None:
        """Run the network on a batch, in a thread of the executor."""
        started = perf_counter()
        results = self._results(batch, one_by_one)
        share = (perf_counter() - started) / len(batch)
        for work, result in zip(batch, results, strict=True):
            if isinstance(result, BaseException):
                self._outcomes.put(Outcome(work, error=result, seconds=share))
            elif result is None:
                self._outcomes.put(Outcome(work))
            else:
                self._hand_over(work, result, share)

    def _results(self, batch: Sequence[W], one_by_one: bool) -> Sequence[Pixels | BaseException | None]:
        try:
            return self._run(batch)
        except BaseException as error:
            if one_by_one and len(batch) > 1 and not isinstance(error, _ENDS_ALL):
                return [result for work in batch for result in self._results([work], False)]
            return [error] * len(batch)

    def _run(self, batch: Sequence[W]) -> list[Pixels | None]:
        entering = [work.picture.seen() for work in batch if work.picture]
        if not entering:
            return [None] * len(batch)
        rows = [work.conditions for work in batch if work.picture]
        conditions = stacked(rows, self.executor.traits.conditions, *entering[0].shape[:2])
        results = iter(self.executor.run(np.stack(entering), conditions, self._memory))
        return [next(results) if work.picture else None for work in batch]

    def _hand_over(self, work: W, result: Pixels, seconds: float) -> None:
        if self._finishers is None:
            return self._conclude(work, result, seconds)
        try:
            self._finishers.submit(self._conclude, work, result, seconds)
        except RuntimeError:  # the threads that finish are gone: the stream is being closed
            self._outcomes.put(Outcome(work, error=CancelledError()))

    def _conclude(self, work: W, result: Pixels, seconds: float) -> None:
        try:
            outcome = Outcome(work, self._finish(work, result), seconds=seconds)
        except BaseException as error:
            outcome = Outcome(work, error=error, seconds=seconds)
        self._outcomes.put(outcome)
