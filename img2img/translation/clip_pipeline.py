"""The frames of a clip are decoded ahead, carried through the network by the stream, and given to a sink in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from img2img.errors import FatalError, Stopped
from img2img.inference import stream
from img2img.inference.ahead import Ahead
from img2img.inference.executor import Executor
from img2img.inference.filtering import Passage, State
from img2img.inference.picture import Picture
from img2img.inference.stream import Outcome, Stream
from img2img.translation.clip_state import SEGMENT, ClipState
from img2img.translation.sinks import Sink
from img2img.translation.values import FrameRows

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.media import Pixels
    from img2img.media.video import ClipInfo, Frame

_MOST_AHEAD = 32
"""Frames that may be decoded before the network needs them, if the memory allows."""


@dataclass(frozen=True)
class Shown:
    """A frame of the clip as it is shown; `picture` is None where the frame repeats the one before it."""

    index: int
    frame: Frame
    picture: Picture | None = None
    state: State = field(default_factory=dict)
    """At the end of a segment, the memory of the filters before the network; otherwise empty."""
    conditions: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Return how much memory the frame's picture holds."""
        return self.picture.bytes if self.picture else 0

    @property
    def ends_segment(self) -> bool:
        """Return whether a segment ends with this frame."""
        return (self.index + 1) % SEGMENT == 0


@dataclass(frozen=True)
class ClipPipeline:
    """Carries the frames of one clip through filters and network into a sink.

    The result depends on the frames alone: batches never reach across segments, and a job that resumes at the beginning
    of a segment gives the same result as a job that was never interrupted.

    Attributes:
        executor: Runs the network.
        conditions: The rows of each frame; it goes on for as long as it is asked.
        filters: The filters before and after the network.
        on_frame: Called after each frame with the number of frames that are done.
        stop: Called between frames; True ends the run.
    """

    executor: Executor
    conditions: Iterator[FrameRows]
    filters: Passage
    on_frame: Callable[[int], None]
    stop: Callable[[], bool]

    def run(self, frames: Iterator[Frame], info: ClipInfo, sink: Sink, state: ClipState) -> int:
        """Translate all frames behind the segments that are finished, and return how many frames there are.

        Args:
            frames: All frames of the clip.
            info: Size, rate and depth of the frames.
            sink: The sink that the results go to.
            state: The segments that are finished; further ones are added.

        Raises:
            ItemError: The clip cannot be read to its end, or the network failed.
            FatalError: The target cannot be written.
            Stopped: `stop` returned True.
        """
        if self.filters:
            self._remember(state)
        count = begin = state.finished * SEGMENT
        frame_bytes = info.width * info.height * (6 if info.deep else 3)
        room = max(2, min(_MOST_AHEAD, stream.MEMORY // 4 // (frame_bytes * (2 if self.filters else 1))))
        network = Stream(self.executor, _unchanged, self.stop)
        with closing(network), closing(Ahead(self._prepared(frames, begin, network), room, "decode")) as prepared:
            before: Pixels | None = None
            try:
                for outcome in network.in_order(prepared, lambda shown: shown.ends_segment):
                    shown = outcome.work
                    before = pixels = _finished(outcome, before)
                    sink.add(shown.index, pixels, shown.frame)
                    count += 1
                    if shown.ends_segment:
                        self._end_segment(sink, state, shown.state)
                    self.on_frame(count)
            except (Stopped, FatalError, KeyboardInterrupt):
                self.executor.close()  # so as not to wait for the batches under way and their tiles
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

    def _prepared(self, frames: Iterable[Frame], begin: int, network: Stream[Shown, Pixels]) -> Iterator[Shown]:
        """Yield the frames from `begin` on, with their pixels ready for the network."""
        last: Callable[[], Pixels] | None = None
        last_rows: FrameRows | None = None
        for index, (frame, given) in enumerate(zip(frames, self.conditions, strict=False)):
            network.heed_stop()
            if index < begin:
                continue
            if frame.picture is last and given is last_rows and index % SEGMENT:
                yield Shown(index, frame, state=self._state_before(index))
                continue
            picture = Picture.enter(frame.picture(), self.executor.traits, self.filters)
            last, last_rows = frame.picture, given
            yield Shown(index, frame, picture, self._state_before(index), given.rows)

    def _state_before(self, index: int) -> State:
        return {} if (index + 1) % SEGMENT else self.filters.state_before()


def _unchanged(shown: Shown, result: Pixels) -> Pixels:
    return result


def _finished(outcome: Outcome[Shown, Pixels], before: Pixels | None) -> Pixels:
    """Return the pixels that are written for a frame; a repeated frame gets those of the one before it."""
    result, picture = outcome.result(), outcome.work.picture
    if picture is not None and result is not None:
        return picture.leave(result)
    assert before is not None
    return before
