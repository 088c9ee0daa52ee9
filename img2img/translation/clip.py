"""Translating one clip: a video, an animation or a folder of frames, into one of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from img2img.errors import ImageError, ItemError, Stopped, UsageError, VideoError
from img2img.inference.executor import Executor
from img2img.inference.stream import STOPPED
from img2img.media import printable, remove_leftovers
from img2img.media.clip.animation import AnimationReader
from img2img.media.clip.kinds import is_animated
from img2img.media.clip.part import Part, guarded
from img2img.media.clip.sequence import SequenceReader
from img2img.media.video import ClipInfo, Frame
from img2img.media.video.encoding import choose_encoding
from img2img.media.video.options import VideoOptions
from img2img.media.video.reader import VideoReader
from img2img.media.video.tracks import choose_tracks
from img2img.translation.clip_pipeline import ClipPipeline
from img2img.translation.clip_state import ClipState, tidy
from img2img.translation.journal import Journal, digest, digest_file
from img2img.translation.pipeline import Settings
from img2img.translation.report import Item
from img2img.translation.sinks import ANIMATIONS, AnimationSink, ImagesSink, Sink, VideoSink, WriterSink

if TYPE_CHECKING:
    from img2img.media.video import Clip

    Opened = VideoReader | AnimationReader | SequenceReader | Part


def check_options(options: VideoOptions, suffixes: Iterable[str]) -> None:
    """Refuse what cannot be, whatever the sources are.

    Args:
        options: What the user asks.
        suffixes: Of the targets.

    Raises:
        UsageError: It makes no sense, or there is no such encoder for such targets.
    """
    if options.fps is not None and options.fps <= 0:
        raise UsageError(f"{options.fps} frames a second cannot be shown; give more than 0")
    if (options.start or 0) < 0 or (options.end is not None and options.end <= (options.start or 0)):
        raise UsageError(f"nothing lies between start {options.start or 0} and end {options.end}; give start < end")
    usual = ClipInfo(64, 64, Fraction(1, 12800), Fraction(25))
    for suffix in set(suffixes) - ANIMATIONS:
        choose_encoding(suffix, options, usual)


def translate_clips(
    items: Sequence[Item],
    executor: Executor,
    settings: Settings,
    journal: Journal | None,
    on_frame: Callable[[Item, int, int], None],
    on_items_done: Callable[[Sequence[Item]], None],
    stop: Callable[[], bool],
) -> None:
    """Translate clips one after the other; the `status` of each item tells what became of it.

    Args:
        items: What to translate, and into what.
        executor: Runs the network; is closed at the end.
        settings: What to do.
        journal: Tells what is done already and notes what gets done; None for a single target.
        on_frame: Called with an item, the number of its frames that are done, and of all (0 where that is not known).
        on_items_done: Called with items that came to their end.
        stop: Asked between frames; True ends the run.

    Raises:
        UsageError: The only clip cannot be encoded as it was asked for.
        FatalError: A target cannot be written; what is finished stays, and the same job goes on from there.
        Stopped: `stop` said so; likewise.
    """
    try:
        for item in items:
            if stop():
                raise Stopped(STOPPED)
            started = perf_counter()
            try:
                _translate(item, executor, settings, journal, partial(on_frame, item), stop)
            except (ItemError, UsageError, MemoryError) as error:
                if len(items) == 1 and isinstance(error, UsageError):
                    raise
                item.status = "failed"
                named = isinstance(error, VideoError | ImageError) or str(error).startswith(_name(item))
                item.reason = str(error) if named else f"{_name(item)}: {error}"
            finally:
                item.seconds += perf_counter() - started
            on_items_done([item])
    finally:
        executor.close()


def _translate(
    item: Item,
    executor: Executor,
    settings: Settings,
    journal: Journal | None,
    on_frame: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> None:
    source_sha256 = _source_digest(item)
    if journal is not None and (entry := journal.done(item, source_sha256)):
        item.status, item.reason = ("damaged", entry.damage) if entry.damage else ("skipped", "done already")
        tidy(item.target)
        return
    options = settings.video
    with closing(_open(item, settings)) as clip:
        info, frames = _timed(clip, options.fps)
        total = _expected_frames(clip, info, options)
        filters = settings.filters.start()
        pipeline = ClipPipeline(executor, settings.conditions, filters, lambda done: on_frame(done, total), stop)
        with (
            closing(_sink(item, clip, _enlarged(info, executor), settings)) as sink,
            _state(item, settings, source_sha256, sink) as state,
        ):

            def record(target_sha256: str) -> None:
                if journal is not None:
                    journal.record(item, source_sha256, target_sha256, item.reason)
                state.about_to_publish(target_sha256)

            if not pipeline.run(frames, info, sink, state):
                raise VideoError(f"{_name(item)}: it shows nothing in the asked time; see --start and --end")
            damage = clip.damage
            item.reason = damage and f"{_name(item)}: {damage}"
            sink.finish(state.segments(), state.part, record)
        item.notes = (*info.notes, *sink.notes)
        item.status = "damaged" if damage else "done"


@contextmanager
def _state(item: Item, settings: Settings, source_sha256: str, sink: Sink) -> Iterator[ClipState]:
    """What an earlier job has finished of a clip; is gone when the target stands, or never will."""
    target = item.target / "frames" if item.images_as else item.target
    decisive = f"{settings.digest} {source_sha256} {sink.about}"
    with closing(ClipState(target, digest(decisive.encode()))) as state:
        try:
            if item.images_as:
                if not (state.is_resumed or settings.overwrite):
                    _refuse_existing(item)
                remove_leftovers(item.target)
            yield state
        except BaseException as error:
            if isinstance(error, ItemError | UsageError) or not sink.resumes:
                sink.close()  # before, lest it writes there once more
                state.remove()
            raise
        state.remove()


def at_rate(frames: Iterable[Frame], info: ClipInfo, rate: Fraction) -> Iterator[Frame]:
    """Frames at a constant rate: at each tick of it the picture that is shown then, left out or repeated as needed."""
    tick: int | None = None
    for frame in frames:
        begin, end = (pts * info.time_base * rate for pts in (frame.pts, frame.pts + frame.duration))
        tick = round(begin) if tick is None else tick
        while tick < end:
            yield Frame(tick, 1, frame.picture)
            tick += 1


def _timed(clip: Clip, fps: Fraction | None) -> tuple[ClipInfo, Iterator[Frame]]:
    if fps is None:
        return clip.info, clip.frames()
    return replace(clip.info, time_base=1 / fps, rate=fps), at_rate(clip.frames(), clip.info, fps)


def _open(item: Item, settings: Settings) -> Opened:
    options = settings.video
    if item.reader:
        name, source = _name(item), settings.host.find("sources", item.reader)
        if source.endless and options.end is None:
            raise UsageError(f"{name} never ends; give --end, such as --end 10")
        address = item.address.removeprefix(f"{item.reader}:") if item.address else str(item.source)
        clip = guarded(name, lambda: source.open(address, options.fps))
        return Part(clip, name, options.start, options.end, settings.max_pixels)
    if item.images:
        if options.fps is None:
            raise UsageError(
                "images alone do not say how fast they follow each other; give --fps, for example --fps 25"
            )
        return SequenceReader(item.images, options.fps, settings.max_pixels)
    reader = AnimationReader if is_animated(item.source) else VideoReader
    return reader(item.source, options.start, options.end, settings.max_pixels)


def _enlarged(info: ClipInfo, executor: Executor) -> ClipInfo:
    scale = executor.traits.scale
    width, height = int(info.width * scale), int(info.height * scale)
    if not width or not height:
        raise VideoError(f"{info.width}×{info.height} is too small for a scale of {scale}: nothing would be left")
    return replace(info, width=width, height=height)


def _sink(item: Item, clip: Opened, info: ClipInfo, settings: Settings) -> Sink:
    options = settings.video
    has_tracks = isinstance(clip, VideoReader) and clip.has_tracks
    suffix = item.target.suffix.lower()
    notes = ("its sound and subtitles are not kept",) if has_tracks else ()
    if item.images_as:
        return ImagesSink(item.target, item.images_as, options.quality, notes)
    if item.writer:
        return WriterSink(item.target, settings.host.find("targets", item.writer), info, notes)
    if suffix in ANIMATIONS:
        loops = clip.loops if isinstance(clip, AnimationReader) else 0
        return AnimationSink(item.target, info, options.quality, loops, notes)
    encoding = choose_encoding(suffix, options, info)
    tracks = None
    if isinstance(clip, VideoReader):
        tracks = choose_tracks(item.source, encoding, drop_unsupported=options.drop_unsupported_streams)
    end = None if options.end is None else info.start + options.end
    return VideoSink(item.target, encoding, tracks, clip.shift, end)


def _expected_frames(clip: Clip, info: ClipInfo, options: VideoOptions) -> int:
    """How many frames there will be, as far as can be on_frame; 0 where it cannot."""
    seconds = clip.info.frames / clip.info.rate
    seconds = min(seconds, options.end or seconds) - (options.start or 0)
    return max(0, round(seconds * info.rate))


def _source_digest(item: Item) -> str:
    if item.reader and (item.address or not item.source.is_file()):
        return secrets.token_hex(32)  # nobody knows whether it will show the same again
    try:
        if not item.images:
            return digest_file(item.source)
        parts = [digest_file(path) for path in item.images]
    except OSError as error:
        raise VideoError(
            f"{printable(error.filename)}: cannot be read: {error.strerror}; check the path and its permissions"
        ) from error
    return digest("".join(parts).encode())


def _name(item: Item) -> str:
    return printable(item.address or item.source)


def _refuse_existing(item: Item) -> None:
    if any(item.target.glob(f"[0-9]*{item.images_as}")):
        raise UsageError(
            f"there are numbered images in {printable(item.target)} already; replace them by --overwrite, or name "
            "another folder"
        )
