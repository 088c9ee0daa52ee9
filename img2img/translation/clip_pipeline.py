"""The frames of a clip through the network: decode, network, and what comes after beside each other, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from img2img.errors import FatalError, Stopped
from img2img.inference.ahead import Ahead
from img2img.inference.executor import Executor
from img2img.inference.filtering import Passage, State
from img2img.inference.picture import Picture
from img2img.translation.clip_state import SEGMENT, ClipState
from img2img.translation.pipeline import MEMORY, STOPPED
from img2img.translation.sinks import Sink

if TYPE_CHECKING:
    from img2img.media import Pixels
    from img2img.media.video import ClipInfo, Frame

_MOST_AHEAD = 32
"""Frames that may be decoded before the network needs them, if the memory allows."""

_PATIENCE = 0.1
"""Seconds after which it is asked again whether to stop."""


@dataclass(frozen=True)
class Shown:
    """A frame on its way; `picture` is None where it shows the one before it once more."""

    index: int
    frame: Frame
    picture: Picture | None = None
    state: State = field(default_factory=dict)
    """At the end of a segment: what the filters before the network remember of it."""


@dataclass(frozen=True)
class ClipPipeline:
    """Carries the frames of one clip through filters and network into a sink.

    What comes out is a function of the frames alone: batches never reach across segments, and a job that goes on at
    the beginning of a segment gives what one gives that was never interrupted.

    Attributes:
        executor: Runs the network.
        conditions: One row each, without the batch dimension.
        workers: Batches in the network at once.
        filters: What the frames go through before and after the network.
        told: Called with the number of frames that are done, after each.
        stop: Asked between frames; True ends the run.
    """

    executor: Executor
    conditions: dict[str, Tensor]
    workers: int
    filters: Passage
    told: Callable[[int], None]
    stop: Callable[[], bool]

    def run(self, frames: Iterator[Frame], info: ClipInfo, sink: Sink, state: ClipState) -> int:
        """Translate all frames behind the segments that are finished, and return how many frames there are.

        Args:
            frames: All frames of the clip.
            info: What the frames have in common.
            sink: Where they go.
            state: Which segments are finished; those that get finished are added.

        Raises:
            ItemError: The clip cannot be read to its end, or the network failed.
            FatalError: The target cannot be written.
            Stopped: `stop` said so.
        """
        if self.filters:
            self._remember(state)
        count = begin = state.finished * SEGMENT
        frame_bytes = info.width * info.height * (6 if info.deep else 3)
        room = max(2, min(_MOST_AHEAD, MEMORY // 4 // (frame_bytes * (2 if self.filters else 1))))
        before: Pixels | None = None
        with (
            ThreadPoolExecutor(self.workers + 1, "batch") as networks,
            closing(Ahead(self._prepared(frames, begin), room, "decode")) as prepared,
        ):
            try:
                for shown, result in self._translated(prepared, networks):
                    before = pixels = self._finished(shown, result, before)
                    sink.add(shown.index, pixels, shown.frame)
                    count += 1
                    if count % SEGMENT == 0:
                        self._end_segment(sink, state, shown.state)
                    self.told(count)
            except (Stopped, FatalError, KeyboardInterrupt):
                self.executor.close()  # or the batches under way would be waited for, with all their tiles
                raise
        if count % SEGMENT and count > begin:
            self._end_segment(sink, state, {})
        return count

    def _remember(self, state: ClipState) -> None:
        memory = state.memory()
        if state.finished and memory is None:
            state.start_over()
        self.filters.restore(memory or {})

    def _end_segment(self, sink: Sink, state: ClipState, state_before: State) -> None:
        if self.filters and sink.resumes:
            state.remember(state_before | self.filters.state_after())
        sink.write_segment(state.segment(state.finished))
        state.finish()

    def _prepared(self, frames: Iterable[Frame], begin: int) -> Iterator[Shown]:
        """Pixels of the frames from `begin` on, ready for the network."""
        last: Callable[[], Pixels] | None = None
        for index, frame in enumerate(frames):
            self._heed_stop()
            if index < begin:
                continue
            if frame.picture is last and index % SEGMENT:
                yield Shown(index, frame, state=self._state_before(index))
                continue
            picture = Picture.enter(frame.picture(), self.executor.traits, self.filters)
            last = frame.picture
            yield Shown(index, frame, picture, self._state_before(index))

    def _state_before(self, index: int) -> State:
        return {} if (index + 1) % SEGMENT else self.filters.state_before()

    def _batches(self, prepared: Iterable[Shown]) -> Iterator[list[Shown]]:
        batch: list[Shown] = []
        fresh = 0
        for shown in prepared:
            batch.append(shown)
            fresh += shown.picture is not None
            ends = (shown.index + 1) % SEGMENT == 0
            if ends or (shown.picture and fresh >= self.executor.batch_size(*shown.picture.entering.shape[:2])):
                yield batch
                batch, fresh = [], 0
        if batch:
            yield batch

    def _translated(
        self, prepared: Iterable[Shown], networks: ThreadPoolExecutor
    ) -> Iterator[tuple[Shown, Pixels | None]]:
        """Batches through the network, several at once, their frames in order."""
        under_way: deque[tuple[list[Shown], Future[list[Pixels]]]] = deque()
        try:
            for batch in self._batches(prepared):
                under_way.append((batch, networks.submit(self._run, batch)))
                if len(under_way) > self.workers + 1:
                    yield from self._in_order(*under_way.popleft())
            while under_way:
                yield from self._in_order(*under_way.popleft())
        finally:
            for _, future in under_way:
                future.cancel()

    def _run(self, batch: list[Shown]) -> list[Pixels]:
        fresh = [shown.picture.entering for shown in batch if shown.picture]
        if not fresh:
            return []
        conditions = {name: row.expand(len(fresh), *row.shape) for name, row in self.conditions.items()}
        return list(self.executor.run(np.stack(fresh), conditions))

    def _in_order(self, batch: list[Shown], future: Future[list[Pixels]]) -> Iterator[tuple[Shown, Pixels | None]]:
        while not wait([future], _PATIENCE).done:
            self._heed_stop()
        results = iter(future.result())
        for shown in batch:
            self._heed_stop()
            yield shown, next(results) if shown.picture else None

    def _heed_stop(self) -> None:
        if self.stop():
            raise Stopped(STOPPED)

    def _finished(self, shown: Shown, result: Pixels | None, before: Pixels | None) -> Pixels:
        """What is written for a frame; the picture before it where it shows that again."""
        if shown.picture is None or result is None:
            assert before is not None
            return before
        return shown.picture.leave(result)
