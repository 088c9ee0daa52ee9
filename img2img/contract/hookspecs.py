"""This module declares every hook that a plugin may implement with `@img2img.hookimpl`.

An implementation may leave out arguments that it does not need. Observers are isolated: an observer that raises is
reported once and switched off for the rest of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import click
    from torch import Tensor

    from img2img.contract.albums import AlbumSource, AlbumTarget
    from img2img.contract.clips import ClipSource, ClipTarget
    from img2img.contract.families import ModelFamily
    from img2img.contract.filters import Filter
    from img2img.contract.importers import Importer
    from img2img.contract.observers import ItemView, JobView, ReportView, RunView

hookspec = pluggy.HookspecMarker("img2img")
hookimpl = pluggy.HookimplMarker("img2img")


@hookspec
def register_models(register: Callable[[ModelFamily[Any, Any]], None]) -> None:
    """Register model families: call `register(family)` once for each."""


@hookspec
def register_commands(register: Callable[[click.Command], None]) -> None:
    """Register commands of the program: call `register(command)` once for each.

    Their names must stand in the package's metadata, as entry points of the group `img2img.commands`.
    """


@hookspec
def register_filters(register: Callable[[type[Filter]], None]) -> None:
    """Register filters, which change pixels before or after the network: call `register(class)` once for each."""


@hookspec
def register_importers(register: Callable[[Importer], None]) -> None:
    """Register importers, which open files of other programs as models: call `register(importer)` once for each."""


@hookspec
def register_sources(register: Callable[[ClipSource], None]) -> None:
    """Register sources of clips that are not video files: call `register(source)` once for each."""


@hookspec
def register_targets(register: Callable[[ClipTarget], None]) -> None:
    """Register kinds of files that clips can be written to: call `register(target)` once for each."""


@hookspec
def register_album_sources(register: Callable[[AlbumSource], None]) -> None:
    """Register sources of named pictures, such as archives: call `register(source)` once for each."""


@hookspec
def register_album_targets(register: Callable[[AlbumTarget], None]) -> None:
    """Register kinds of files that hold all targets of a job: call `register(target)` once for each."""


@hookspec
def training_started(run: RunView) -> None:
    """A run is about to do its first step, or its first after a resume (`run.step` > 0)."""


@hookspec
def training_stepped(run: RunView, step: int, losses: Mapping[str, float]) -> None:
    """A log line is due; `losses` are means over the steps since the last line."""


@hookspec
def validated(run: RunView, step: int, metrics: Mapping[str, float], previews: Mapping[str, Tensor]) -> None:
    """A validation is done; `metrics` judge the held-out images, `previews` show a few, (N, C, H, W) in [0, 1]."""


@hookspec
def examined(run: RunView, step: int, direction: str, signals: Mapping[str, float]) -> None:
    """An examination of the run's health is done; `img2img.training.health.examiner` explains the `signals`."""


@hookspec
def checkpoint_saved(run: RunView, step: int, path: Path) -> None:
    """A checkpoint is complete; the folder `path` holds the whole state of the run."""


@hookspec
def training_finished(run: RunView, step: int, error: BaseException | None) -> None:
    """The run is over; `error` is None if it is done, and else the reason why it stopped or failed."""


@hookspec
def translation_started(job: JobView) -> None:
    """A job is planned and about to begin; `job.items` are the files that it will translate."""


@hookspec
def batch_translated(job: JobView, items: Sequence[ItemView]) -> None:
    """Some items are finished; the status of each is done, damaged, skipped or failed."""


@hookspec
def frame_translated(job: JobView, item: ItemView, done: int, total: int) -> None:
    """One more frame of a clip is done; `done` counts the frames, and `total` is 0 where their number is unknown."""


@hookspec
def translation_finished(job: JobView, report: ReportView) -> None:
    """The job is over; `report` has a row for each planned item, also if the job stopped early."""
