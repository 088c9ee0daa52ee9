"""This module shows a job to observers: as tuples, which hold no reference to what the job works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from img2img.host.copies import copied

if TYPE_CHECKING:
    from img2img.host.host import PluginHost
    from img2img.translation.report import Item, Report


class SeenItem(NamedTuple):
    """One file of a job, as it is at a moment."""

    source: Path
    target: Path
    status: str
    reason: str
    notes: tuple[str, ...]
    seconds: float
    is_clip: bool


class SeenItems(Sequence[SeenItem]):
    """The items of a job, each as it was at its last event."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._rows = [_seen(item) for item in items]

    @overload
    def __getitem__(self, index: int) -> SeenItem: ...
    @overload
    def __getitem__(self, index: slice) -> list[SeenItem]: ...
    def __getitem__(self, index: int | slice) -> SeenItem | list[SeenItem]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)


class SeenJob(NamedTuple):
    """A translation of a source into a target."""

    items: SeenItems
    options: Mapping[str, Any]


class SeenReport(NamedTuple):
    """The outcome of a job."""

    items: tuple[SeenItem, ...]
    model: str
    options: Mapping[str, Any]
    counts: Mapping[str, int]
    seconds: float
    stopped: str


class JobObservers:
    """Calls the observers of a job at each event."""

    def __init__(self, host: PluginHost, items: Sequence[Item], options: Mapping[str, Any]) -> None:
        self._host, self._job = host, SeenJob(SeenItems(items), copied(options))
        self._places = {id(item): place for place, item in enumerate(items)}

    def started(self) -> None:
        """Call them before the job begins."""
        self._host.notify("translation_started", job=self._job)

    def items_done(self, items: Sequence[Item]) -> None:
        """Call them when some items are finished."""
        for item in items:
            self._job.items._rows[self._places[id(item)]] = _seen(item)
        self._host.notify("batch_translated", job=self._job, items=tuple(map(self._row, items)))

    def frame_done(self, item: Item, done: int, total: int) -> None:
        """Call them when a frame of a clip is done."""
        self._host.notify("frame_translated", job=self._job, item=self._row(item), done=done, total=total)

    def finished(self, report: Report) -> None:
        """Call them when the job is over."""
        items = tuple(map(_seen, report.items))
        seen = SeenReport(items, report.model, self._job.options, copied(report.counts), report.seconds, report.stopped)
        self._host.notify("translation_finished", job=self._job, report=seen)

    def _row(self, item: Item) -> SeenItem:
        return self._job.items[self._places[id(item)]]


def _seen(item: Item) -> SeenItem:
    return SeenItem(
        Path(item.source), Path(item.target), item.status, item.reason, item.notes, item.seconds, item.is_clip
    )
