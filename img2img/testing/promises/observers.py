"""Promises of observers, which watch runs and jobs and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch

from img2img.config import TrainingConfig
from img2img.contract.observers import ItemView, JobView, ReportView, RunView
from img2img.errors import DivergedError
from img2img.host.hooks import Hooks
from img2img.inference.model import Model
from img2img.testing.promise import Broken, Materials, Skipped, Subject, describe, keep, promise, promises_of
from img2img.training.run import Run
from img2img.translation.job import Job
from img2img.translation.report import ClipItem, Item, Report
from img2img.translation.sources import ClipFile
from img2img.translation.targets import VideoFile

Event = tuple[str, dict[str, Any]]
"""The name of a hook, and its arguments."""


class ObserverSubject(Subject):
    """An observer that is held to promises: an object that implements hooks, with those of runs and jobs."""

    def __init__(self, observer: object, folder: Path) -> None:
        name = getattr(observer, "__name__", type(observer).__name__)
        super().__init__(f"observer {name}")
        self.folder, self.hooks = folder, Hooks()
        self.hooks.add(observer, name)
        self.observed = self.hooks.observed(observer)

    def show(self, event: Event) -> None:
        """Call the observer's hook for an event.

        Raises:
            Broken: The hook raises an error.
        """
        hook, shown = event
        for implementation in self.hooks.implementations(hook):
            try:
                implementation.function(*(shown[name] for name in implementation.argnames))
            except Exception as error:
                raise Broken(f"in {hook} it raises {describe(error)}") from error


def subject_of(observer: object, materials: Materials) -> ObserverSubject:
    """Make an observer the subject of promises."""
    return ObserverSubject(observer, materials.folder)


@promise()
def it_follows_runs_without_an_error(subject: ObserverSubject) -> None:
    """Show the observer a run that ends, one that resumes from there, and one that fails."""
    _follow(subject, [*_run(subject.folder, 0, None), *_run(subject.folder, 2, None)])
    _follow(subject, _run(subject.folder / "other", 0, DivergedError("the loss is not a number")))


@promise()
def it_follows_jobs_without_an_error(subject: ObserverSubject) -> None:
    _follow(subject, _job(subject.folder, ""))
    _follow(subject, _job(subject.folder, "the disk is full"))


@promise()
def it_changes_nothing_that_it_is_shown(subject: ObserverSubject) -> None:
    for hook, shown in (*_run(subject.folder, 0, None), *_job(subject.folder, "")):
        before = {name: repr(value) for name, value in shown.items()}
        try:
            subject.show((hook, shown))
        except Broken as error:  # another promise reports this
            raise Skipped(str(error)) from error
        changed = [name for name, value in shown.items() if repr(value) != before[name]]
        keep(not changed, f"in {hook} it changes {', '.join(changed)}")


def _follow(subject: ObserverSubject, events: list[Event]) -> None:
    if not subject.observed & {hook for hook, _ in events}:
        raise Skipped("it observes nothing of that kind")
    for event in events:
        subject.show(event)


class _Training(TrainingConfig):
    @property
    def total_steps(self) -> int:
        """Return the number of steps."""
        return 4


def _run(folder: Path, step: int, error: Exception | None) -> list[Event]:
    """Yield the events of a run of two steps more."""
    folder.mkdir(exist_ok=True)
    run: RunView = Run(folder, "example", _Training(), folder, step=step)
    checkpoint = folder / "checkpoints" / f"step-{step + 2:08}"
    checkpoint.mkdir(parents=True, exist_ok=True)
    last = step + 2
    previews = {"source": torch.full((2, 3, 16, 16), 0.25), "result": torch.full((2, 3, 32, 32), 0.75)}
    return [
        ("training_started", {"run": run}),
        ("training_stepped", {"run": run, "step": last, "losses": {"l1": 0.5}}),
        ("examined", {"run": run, "step": last, "direction": "forward", "signals": {"finite": 1.0}}),
        ("validated", {"run": run, "step": last, "metrics": {"psnr": 20.0}, "previews": previews}),
        ("checkpoint_saved", {"run": run, "step": last, "path": checkpoint}),
        ("training_finished", {"run": run, "step": last, "error": error}),
    ]


def _job(folder: Path, stopped: str) -> list[Event]:
    """Yield the events of a job of two images and a clip."""
    image = Item(folder / "image.png", folder / "out" / "image.png", "done", seconds=0.1)
    damaged = Item(folder / "broken.png", folder / "out" / "broken.png", "failed", "it is cut off")
    film, target = folder / "clip.mp4", folder / "out" / "clip.mp4"
    clip = ClipItem(film, target, "planned" if stopped else "done", reads=ClipFile(film), writes=VideoFile(target))
    shown: ItemView = clip
    # Observers must not rely on the model.
    job: JobView = Job(cast(Model, None), (image, damaged, clip), {"format": "png"})
    report: ReportView = Report([image, damaged, clip], "model.safetensors", "0" * 64, stopped=stopped)
    return [
        ("translation_started", {"job": job}),
        ("batch_translated", {"job": job, "items": [image, damaged]}),
        ("frame_translated", {"job": job, "item": shown, "done": 1, "total": 2}),
        ("frame_translated", {"job": job, "item": shown, "done": 2, "total": 0}),
        *([] if stopped else [("batch_translated", {"job": job, "items": [shown]})]),
        ("translation_finished", {"job": job, "report": report}),
    ]


PROMISES = promises_of(__name__)
