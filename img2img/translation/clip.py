"""This module translates one clip, such as a video, an animation or a folder of frames, into another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from img2img.errors import FatalError, Stopped, UsageError, VideoError
from img2img.inference.executor import Executor
from img2img.inference.stream import STOPPED
from img2img.media.video import ClipInfo, Frame
from img2img.media.video.captions import MOST_CAPTIONS
from img2img.media.video.options import VideoOptions
from img2img.translation.clip_pipeline import ClipPipeline
from img2img.translation.clip_state import ClipState, tidy
from img2img.translation.clip_time import multiplied
from img2img.translation.failures import ends_job, fail, reason
from img2img.translation.journal import Journal, digest
from img2img.translation.pipeline import Settings
from img2img.translation.place import Place
from img2img.translation.report import ClipItem, Item
from img2img.translation.sinks import Sink
from img2img.translation.values import ItemConditions

if TYPE_CHECKING:
    from img2img.media import Folder
    from img2img.media.video import Clip

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


def translate_clips(
    items: Sequence[ClipItem],
    executor: Executor,
    settings: Settings,
    journal: Journal | None,
    on_frame: Callable[[Item, int, int], None],
    on_items_done: Callable[[Sequence[Item]], None],
    stop: Callable[[], bool],
) -> None:
    """Translate clips one after the other; the `status` of each item records how it ended.

    Args:
        items: The clips, each with its source and its target.
        executor: Runs the network; is closed at the end.
        settings: The options of the job.
        journal: Knows what is done already and notes what gets done; None for a single target.
        on_frame: Called after each frame with the item, the number of its frames that are done, and the number of all
            its frames (0 where that is not known).
        on_items_done: Called with items that are done, failed or skipped.
        stop: Called between frames; True ends the run.

    Raises:
        UsageError: The only clip cannot be encoded as the options ask.
        FatalError: A target cannot be written; what is finished stays, and the same job goes on from there.
        Stopped: `stop` returned True; what is finished stays here, too.
    """
    try:
        for item in items:
            if stop():
                raise Stopped(STOPPED)
            started = perf_counter()
            try:
                on_frame_of_item = partial(on_frame, item)
                _translate(item, executor, settings, journal, _outside(on_frame_of_item), _outside(stop))
            except _CallbackError as error:
                raise error.error from None
            except BaseException as error:
                is_refused = journal is None and isinstance(error, UsageError)
                if is_refused or ends_job(error):
                    raise
                if item.status in ("done", "damaged"):
                    log.warning("%s", reason(item, error))  # the target stands; only the clip could not be closed
                else:
                    fail(item, error)
            finally:
                item.seconds += perf_counter() - started
            on_items_done([item])
    finally:
        executor.close()


def _translate(
    item: ClipItem,
    executor: Executor,
    settings: Settings,
    journal: Journal | None,
    on_frame: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> None:
    content = _Content.of(item, settings)
    place = Place.of(item, journal, overwrite=settings.output.overwrite)
    if journal is not None and _is_done(item, content.made_of, journal, place):
        return
    options = _for_source(settings.video, executor.traits.frames_out)
    with closing(item.reads.open(options, settings.compute.max_pixels, settings.host)) as clip:
        info, frames = _timed(clip, options.fps)
        total = _expected_frames(clip, info, options)
        with (
            content.given.over(clip.info, settings, partial(_frames, options.fps)) as rows,
            closing(item.writes.open(clip, _enlarged(info, executor), options, settings.host, place)) as sink,
            _state(item, place.root, settings, content.made_of, sink) as state,
        ):
            filters = settings.filters.start(executor.device.place)
            pipeline = ClipPipeline(executor, rows, filters, lambda done: on_frame(done, total), stop)

            def record(target_sha256: str) -> None:
                content.check_unchanged()
                if journal is not None:
                    journal.record(item, content.made_of, target_sha256, item.reason)
                state.about_to_publish(target_sha256)

            if not pipeline.run(frames, info, sink, state):
                raise VideoError(
                    f"{item.reads.name}: there is no frame between the chosen start and end; change --start or --end"
                )
            content.check_unchanged()
            item.reason = clip.damage and f"{item.reads.name}: {clip.damage}"
            sink.finish(state.segments(), state.part, record)
        item.notes = (*info.notes, *content.given.notes, *sink.notes, *executor.notes(info.height, info.width))
        item.status = "damaged" if item.reason else "done"


def _is_done(item: ClipItem, made_of: str, journal: Journal, place: Place) -> bool:
    """Return whether an earlier job has made the target, and set the status of the item if so."""
    if entry := journal.done(item, made_of):
        item.status, item.reason = ("damaged", entry.damage) if entry.damage else ("skipped", "done already")
        tidy(place.root, item.target)
    return entry is not None


@dataclass(frozen=True)
class _Content:
    """What a clip and its conditions hold at the beginning."""

    item: ClipItem
    given: ItemConditions
    stamp: object
    sha256: str

    @classmethod
    def of(cls, item: ClipItem, settings: Settings) -> _Content:
        """Read the content of a clip and its conditions."""
        return cls(item, settings.conditions.of(item), item.reads.stamp(), item.reads.digest())

    @property
    def made_of(self) -> str:
        """Return a digest of all of it."""
        return self.given.made_of(self.sha256)

    def check_unchanged(self) -> None:
        """Refuse a clip or a condition that has changed since."""
        self.item.reads.check_unchanged(self.stamp, self.sha256)
        self.given.check_unchanged()


class _CallbackError(FatalError):
    """A function of the caller failed, which is no clip's fault."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(type(error)))
        self.error = error


def _outside(call: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function of the caller, so that its error ends the job and not only the clip."""

    def attempt(*arguments: P.args, **named: P.kwargs) -> T:
        """Call the function, and mark its error as the caller's."""
        try:
            return call(*arguments, **named)
        except BaseException as error:
            raise _CallbackError(error) from error

    return attempt


@contextmanager
def _state(item: ClipItem, root: Folder, settings: Settings, made_of: str, sink: Sink) -> Iterator[ClipState]:
    """Keep what an earlier job has finished of a clip until the target stands, or cannot be made at all."""
    target = item.target / "frames" if item.is_folder else item.target
    decisive = f"{settings.digest} {made_of} {sink.about}"
    with closing(ClipState(root, target, digest(decisive.encode()))) as state:
        try:
            item.writes.prepare(replaces=state.is_resumed or settings.output.overwrite)
            yield state
        except BaseException as error:
            if not ends_job(error) or not sink.resumes:
                sink.close()  # first, so that it writes nothing more into the folder
                state.remove()
            raise
        state.remove()


def at_rate(frames: Iterable[Frame], info: ClipInfo, rate: Fraction) -> Iterator[Frame]:
    """Yield frames at a constant rate: at each tick the picture that is shown then, left out or repeated as needed."""
    tick: int | None = None
    captions = b""
    for frame in frames:
        captions = (captions + frame.captions)[:MOST_CAPTIONS]
        begin, end = (pts * info.time_base * rate for pts in (frame.pts, frame.pts + frame.duration))
        tick = round(begin) if tick is None else tick
        while tick < end:
            yield Frame(tick, 1, frame.picture, captions)
            tick, captions = tick + 1, b""


def _timed(clip: Clip, fps: Fraction | None) -> tuple[ClipInfo, Iterator[Frame]]:
    if fps is None:
        return clip.info, clip.frames()
    return replace(clip.info, time_base=1 / fps, rate=fps), at_rate(clip.frames(), clip.info, fps)


def _frames(fps: Fraction | None, clip: Clip) -> Iterator[Frame]:
    """Return the frames of a condition's clip, at the rate of the clip for which it is given."""
    return _timed(clip, fps)[1]


def _enlarged(info: ClipInfo, executor: Executor) -> ClipInfo:
    scale = executor.traits.scale
    width, height = int(info.width * scale), int(info.height * scale)
    if not width or not height:
        raise VideoError(
            f"{info.width}×{info.height} is too small for a scale of {scale}: no pixel would be left; give a larger "
            "clip or another model"
        )
    return multiplied(replace(info, width=width, height=height), executor.traits.frames_out)


def _for_source(options: VideoOptions, frames_out: int) -> VideoOptions:
    """Return the options for reading a clip; the rate that the user gives is that of the target."""
    return replace(options, fps=None if options.fps is None else options.fps / frames_out)


def _expected_frames(clip: Clip, info: ClipInfo, options: VideoOptions) -> int:
    """Estimate how many frames there will be; 0 where that is not known."""
    seconds = clip.info.frames / clip.info.rate
    seconds = min(seconds, options.end or seconds) - (options.start or 0)
    return max(0, round(seconds * info.rate))
