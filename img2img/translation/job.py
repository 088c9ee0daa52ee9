"""This module carries out a job: it translates sources with one model, from planning to the report."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from img2img.errors import Img2ImgError, ItemError, Stopped, UsageError, WriteError
from img2img.host.host import PluginHost
from img2img.inference.device import Compute
from img2img.inference.executor import Executor
from img2img.inference.filtering import Chain
from img2img.inference.model import Model, load_model
from img2img.media import Folder, check_ours
from img2img.media.video import VideoOptions
from img2img.text import error_text
from img2img.translation.albums import Albums
from img2img.translation.clip import translate_clips
from img2img.translation.clip_state import tidy
from img2img.translation.conditions import Conditions
from img2img.translation.journal import Journal
from img2img.translation.kinds import ClipKinds, clip_kinds
from img2img.translation.options import Output, clip_options, describe_options, digest_options
from img2img.translation.packing import pack_after
from img2img.translation.pipeline import Pipeline, Settings
from img2img.translation.plan import Plan, make_plan
from img2img.translation.report import MARK, ClipItem, Item, Report, fail_lost
from img2img.translation.views import JobObservers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One translation of a source into a target."""

    model: Model
    items: tuple[Item, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    """What decides what the targets look like."""


def translate(
    source: str | Path,
    target: str | Path,
    *,
    model: str | Path | Model,
    conditions: Mapping[str, Any] | None = None,
    filters: Sequence[str] = (),
    output: Output = Output(),
    compute: Compute = Compute(),
    video: VideoOptions = VideoOptions(),
    host: PluginHost | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Translate an image, a video, or all of a folder or a pattern.

    Targets that this call, with the same settings, made of the same sources before are skipped.

    Args:
        source: An image, a video, a folder, a pattern such as `photos/**/*.jpg`, or what a plugin reads, such as a zip.
        target: A file for one of them, a folder for more; made if it is not there. The sources' tree is mirrored. A
            video as target of a folder is made of its images, and a zip holds all targets.
        model: A loaded model, or what `load_model` takes.
        conditions: The conditions of the model, by name: the text of a label or a number; a path, an
            array or a PIL image of a picture; for each source its own, a folder of pictures of the sources' names,
            `@TABLE.csv`, or a mapping from names.
        filters: Steps before and after the network, in order: `NAME` or `NAME:key=value:key=value`.
        output: How the targets are written.
        compute: What the network runs on; the device, precision and tile of a loaded model are those it was loaded for.
        video: What else is asked of videos.
        host: Plugins to use, and observers to tell; all installed plugins by default.
        stop: Asked between items; True ends the job in order.

    Returns:
        The report; an item that could not be translated is `failed` in it, and the others are done.

    Raises:
        UsageError: Nothing was attempted.
        FatalError: The job ended early; what is done stays.
        Stopped: `stop` said so.
    """
    host = host or PluginHost.discover()
    kinds, albums = clip_kinds(host), Albums(host)
    with closing(make_plan(source, target, output.format, kinds, rate_given=bool(video.fps), albums=albums)) as plan:
        return _translate(plan, kinds, model, conditions or {}, filters, output, compute, video, host, stop)


def _translate(
    plan: Plan,
    kinds: ClipKinds,
    model: str | Path | Model,
    conditions: Mapping[str, Any],
    filters: Sequence[str],
    output: Output,
    compute: Compute,
    video: VideoOptions,
    host: PluginHost,
    stop: Callable[[], bool],
) -> Report:
    """Carry out a plan, as `translate` is asked to."""
    report = _report_path(output.report, plan)
    of_clips = clip_options(plan, video, output)
    chain = Chain.parse(filters, host)
    if not isinstance(model, Model):
        model = load_model(model, device=compute.device, precision=compute.precision, tile=compute.tile, host=host)
    model.check_takes_pictures()
    if stop():
        raise Stopped("stopped before the work began")
    given = Conditions.parse(model.translator.traits.conditions, conditions, plan, kinds, compute.max_pixels)
    options = describe_options(model, output, given.typed, of_clips, chain)
    job = Job(model, tuple(plan.items), options)
    outcome = Report(job.items, str(model.info.path), model.info.sha256, options, plan.passed_over)
    digest = digest_options(model, options, given.fixed, chain)
    with _open_journal(plan, digest, overwrite=output.overwrite) as journal, _cores(job) as (workers, codecs):
        settings = Settings(given, output, compute, codecs, of_clips or video, host, digest, chain)
        place = model.translator, model.device, model.executor.tile
        executor = partial(Executor, *place, workers, compute.batch_size, model.executor.recall)
        observers = JobObservers(host, job.items, options)
        run = partial(_run, job, settings, executor, journal, observers, stop)
        run = partial(pack_after, run, plan, host, overwrite=output.overwrite)
        _carry_out(run, outcome, observers, report)
    return outcome


def _run(
    job: Job,
    settings: Settings,
    executor: Callable[[], Executor],
    journal: Journal | None,
    observers: JobObservers,
    stop: Callable[[], bool],
) -> None:
    """Translate the images beside each other, then the clips one after the other."""
    if failed := [item for item in job.items if item.status == "failed"]:
        observers.items_done(failed)
    planned = [item for item in job.items if item.status == "planned"]
    if images := [item for item in planned if not item.is_clip]:
        Pipeline(executor(), settings, journal, observers.items_done, stop).run(images)
    if clips := [item for item in planned if isinstance(item, ClipItem)]:
        translate_clips(clips, executor(), settings, journal, observers.frame_done, observers.items_done, stop)


def _carry_out(run: Callable[[], None], outcome: Report, observers: JobObservers, report: Path | None) -> None:
    """Run a planned job, look whether its targets stand, and write and announce its report whatever happens."""
    started, folder = perf_counter(), _folder()
    observers.started()
    try:
        run()
    except BaseException as error:
        outcome.stopped = str(error) if isinstance(error, Img2ImgError) else error_text(error)
        raise
    finally:
        outcome.seconds = perf_counter() - started
        fail_lost(outcome.items, folder)
        try:
            if report is not None:
                _write(outcome, report)
        finally:
            observers.finished(outcome)
            fail_lost(outcome.items, folder)


def _folder() -> Path:
    """Return the working directory, which a plugin may change later; if it was deleted, relative paths mean nothing."""
    try:
        return Path.cwd()
    except OSError:
        return Path()


def _write(outcome: Report, path: Path) -> None:
    try:
        outcome.write(path)
    except (WriteError, ItemError) as error:
        if not outcome.stopped:
            raise
        log.error("%s", error)  # what stopped the job is what the user must hear


def _report_path(report: str | Path | None, plan: Plan) -> Path | None:
    """Refuse at once what would fail, or cost an image, after hours of work."""
    if report is None:
        return None
    path = Path(report)
    _make_folder(path.parent)
    if path.exists() and not path.is_file():
        raise UsageError(f"the report {path} is a folder or a device; name a file")
    images = {os.path.realpath(image) for item in plan.items for image in (item.file, item.target) if image}
    if os.path.realpath(path) in images | {os.path.realpath(plan.album or "")}:
        raise UsageError(f"the report {path} is an image of this job; name another file")
    check_ours(path, MARK, "report")
    return path


@contextmanager
def _open_journal(plan: Plan, settings: str, *, overwrite: bool) -> Iterator[Journal | None]:
    planned = [item for item in plan.items if item.status == "planned"]
    for item in planned:
        if item.target.exists() and not item.target.is_file() and not item.is_folder:
            raise UsageError(
                f"{item.target} is a folder, a pipe or a device, and nothing replaces it; move it "
                "elsewhere, or name another target"
            )
    if plan.album is not None:
        overwrite = _make_ready(plan.album, plan.folder, overwrite)
    if plan.folder is None:
        (item,) = plan.items
        if item.is_clip:
            tidy(Folder(item.target.parent), item.target)
        if os.path.lexists(item.target) and not overwrite and not item.is_folder:
            raise UsageError(f"{item.target} exists; replace it by --overwrite, or name another target")
        _make_folder(item.target if item.is_folder else item.target.parent)
        yield None
        return
    journal = Journal(plan.folder, settings, overwrite=overwrite)
    try:
        journal.check_existing(planned)
        for folder in sorted({item.target.parent for item in planned}):
            _make_folder(folder, journal.folder)
        journal.clean(planned)
        yield journal
    finally:
        journal.close()


def _make_ready(album: Path, folder: Path | None, overwrite: bool) -> bool:
    """Make ready for an album as target; return True, since nothing but parts of it can stand in its folder."""
    if os.path.lexists(album) and (not overwrite or not album.is_file()):
        raise UsageError(f"{album} exists; replace it by --overwrite, or name another target")
    _make_folder(album.parent)
    if folder is not None:
        _make_folder(folder, Folder(album.parent))
    return True


def _cores(job: Job) -> AbstractContextManager[tuple[int, int]]:
    """Divide the CPU's cores; images that cannot be cut keep no more of them busy than there are images."""
    traits = job.model.translator.traits
    many = traits.can_be_tiled or any(item.is_clip for item in job.items)
    return job.model.device.shared_cores(1 if traits.remembers else None if many else len(job.items))


def _make_folder(folder: Path, root: Folder | None = None) -> None:
    try:
        (root or Folder(folder)).make(folder)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}; name another") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to the folder {folder}: no permission; name another")
