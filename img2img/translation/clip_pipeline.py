"""The frames of a clip are decoded ahead, carried through the network by the stream, and given to a sink in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from img2img.errors import FatalError, Stopped
from img2img.inference import stream
from img2img.inference.ahead import Ahead
from img2img.inference.executor import Executor
from img2img.inference.filtering import Passage, State
from img2img.inference.memory import Memory
from img2img.inference.picture import Picture
from img2img.inference.stream import Outcome, Stream
from img2img.translation.clip_state import SEGMENT, ClipState
from img2img.translation.clip_time import divided, lasting, with_neighbours
from img2img.translation.sinks import Sink
from img2img.translation.values import FrameRows

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.media import Pixels
    from img2img.media.video import ClipInfo, Frame

_MODEL = "model."
"""Begins the names of what the translator, and no filter, remembers."""
_MOST_AHEAD = 32
"""Frames that may be decoded before the network needs them, if the memory allows."""


Result: TypeAlias = "tuple[Pixels, State]"
"""The network's result for a frame and, at the end of a segment, what the translator remembers."""


@dataclass(frozen=True)
class Shown:
    """A frame of the clip as it is shown; `picture` is None where the frame repeats the one before it."""

    index: int
    frame: Frame
    picture: Picture | None = None
    state: State = field(default_factory=dict)
    """At the end of a segment, the memory of the filters before the network as the next one needs it; else empty."""
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
    of a segment gives the same result as a job that was never interrupted. The frames that a translator looks at may
    lie in other segments; a job that resumes reads them again.

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
        memory, traits = Memory(), self.executor.traits
        if self.filters or traits.remembers:
            self._remember(state, memory)
        count = begin = state.finished * SEGMENT
        frame_bytes = info.width * info.height * (6 if info.deep else 3)
        room = max(2, min(_MOST_AHEAD, stream.MEMORY // 4 // (frame_bytes * (2 if self.filters else 1))))
        network = Stream(self.executor, partial(self._finish, memory), self.stop, memory=memory)
        with closing(network), closing(Ahead(self._prepared(frames, begin, network), room, "decode")) as prepared:
            before: Pixels | None = None
            try:
                for outcome in network.in_order(prepared, lambda shown: shown.ends_segment):
                    shown = outcome.work
                    for number, pixels in enumerate(_finished(outcome, before)):
                        index, frame = divided(shown.index, number, shown.frame, info, traits.frames_out)
                        sink.add(index, pixels, frame)
                        before = pixels
                    count += 1
                    if shown.ends_segment:
                        self._end_segment(sink, state, shown.state | (outcome.value[1] if outcome.value else {}))
                    self.on_frame(count)
            except (Stopped, FatalError, KeyboardInterrupt):
                self.executor.close()  # so as not to wait for the batches under way and their tiles
                raise
        if count % SEGMENT and count > begin:
            self._end_segment(sink, state, {})
        return count

    def _remember(self, state: ClipState, memory: Memory) -> None:
        stored = state.memory()
        if state.finished and stored is None:
            state.start_over()
        self.filters.restore(stored or {})
        of_model = {key.removeprefix(_MODEL): value for key, value in (stored or {}).items() if key.startswith(_MODEL)}
        memory.load(of_model, self.executor.device.place)

    def _finish(self, memory: Memory, shown: Shown, result: Pixels) -> Result:
        """Note at the end of a segment what the translator remembers, before the next frame goes through it."""
        if not (self.executor.traits.remembers and shown.ends_segment):
            return result, {}
        stored = self.executor.recall.pass_through_disk(memory, self.executor.device.place)
        return result, {_MODEL + key: value for key, value in stored.items()}

    def _end_segment(self, sink: Sink, state: ClipState, before: State) -> None:
        """Finish a segment; `before` is the memory of the translator and of the filters before it."""
        if sink.resumes and (self.filters or self.executor.traits.remembers):
            state.remember(before | self.filters.state_after())
        sink.write_segment(state.segment(state.finished))
        state.finish()

    def _prepared(self, frames: Iterable[Frame], begin: int, network: Stream[Shown, Result]) -> Iterator[Shown]:
        """Yield the frames from `begin` on, with their pixels ready for the network."""
        if self.executor.traits.knows_time:
            yield from self._prepared_with_neighbours(frames, begin, network)
            return
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

    def _prepared_with_neighbours(
        self, frames: Iterable[Frame], begin: int, network: Stream[Shown, Result]
    ) -> Iterator[Shown]:
        """Yield the frames from `begin` on, each with those that the translator looks at beside it.

        At the beginning of a segment the filters go on with the first frame that its first window holds.
        """
        traits, states = self.executor.traits, dict[int, State]()
        back = traits.window[0]

        def entered() -> Iterator[Shown]:
            """Yield the frames that any window holds, one by one, through the filters."""
            for index, (frame, given) in enumerate(zip(lasting(frames), self.conditions, strict=False)):
                network.heed_stop()
                if index >= begin - back:
                    picture = Picture.enter(frame.picture(), traits, self.filters)
                    if (index + 1 + back) % SEGMENT == 0:
                        states[index + 1 + back] = self.filters.state_before()
                    yield Shown(index, frame, picture, conditions=given.rows)

        for window in with_neighbours(entered(), *traits.window):
            shown = window[back]
            if shown.index >= begin and shown.picture is not None:
                seen = tuple(near.picture.entering for near in window if near.picture)
                picture = replace(shown.picture, window=seen)
                yield replace(shown, picture=picture, state=states.pop(shown.index + 1, {}))

    def _state_before(self, index: int) -> State:
        return {} if (index + 1) % SEGMENT else self.filters.state_before()


def _finished(outcome: Outcome[Shown, Result], before: Pixels | None) -> Iterable[Pixels]:
    """Return the pixels that are written for a frame; a repeated frame gets those of the one before it."""
    done, picture = outcome.result(), outcome.work.picture
    if picture is not None and done is not None:
        return picture.leave_all(done[0])
    assert before is not None
    return [before]
