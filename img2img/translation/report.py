"""A report says what became of each file of a job."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from img2img.media import is_ours, write_file
from img2img.text import as_json, printable
from img2img.translation.passed_over import PassedOver

if TYPE_CHECKING:
    from img2img.contract.albums import NamedPicture
    from img2img.translation.sources import Source
    from img2img.translation.targets import Target

MARK = b'"schema": "img2img.report/'
"""Bytes that are in each report, and hardly in another file."""

Status = Literal["planned", "done", "damaged", "skipped", "failed"]
"""The state of an item; `damaged`: the target stands, but something of the source was lost, which the reason names."""


@dataclass
class Item:
    """One file of a job, with its target and what became of it."""

    source: Path
    target: Path
    status: Status = "planned"
    """The state of the item; it stays `planned` in the report of a job that was stopped before the item's turn."""
    reason: str = ""
    """The reason why the item failed or was skipped, or what is damaged."""
    notes: tuple[str, ...] = ()
    """Notes on what the target does not keep of the source, and on what was converted."""
    seconds: float = 0.0
    """Seconds for reading, the share of the batch, and writing. Stages overlap, so that the sum exceeds the job's."""
    packed_in: Path | None = None
    """The file, such as a zip, that holds the target; None where the target is a file of its own."""
    is_clip: ClassVar[bool] = False
    """Whether the item is a clip, whose frames follow each other in time."""

    @property
    def address(self) -> str:
        """Return `NAME:ADDRESS` as the user typed it, where the source is no file; otherwise empty."""
        return ""

    @property
    def file(self) -> Path | None:
        """Return the file or folder that is read; None where there is none."""
        return None if self.address else self.source

    @property
    def is_folder(self) -> bool:
        """Return whether the target is a folder, as that of numbered images."""
        return False

    def stands(self, folder: Path) -> bool:
        """Return whether the target, or what holds it, is on disk and not empty; relative paths count from `folder`."""
        path = os.path.join(folder, self.packed_in or self.target)  # noqa: PTH118 - it is faster, and there may be many
        with suppress(OSError):
            status = os.stat(path)  # noqa: PTH116
            if stat.S_ISDIR(status.st_mode):
                return self.is_folder and any(Path(path).iterdir())
            return status.st_size > 0
        return False


@dataclass(kw_only=True)
class ClipItem(Item):
    """A clip of a job; its plan has decided how it is read and written."""

    reads: Source
    writes: Target
    is_clip: ClassVar[bool] = True

    @property
    def address(self) -> str:
        """Return `NAME:ADDRESS` as the user typed it, where the source is no file; otherwise empty."""
        return self.reads.address

    @property
    def is_folder(self) -> bool:
        """Return whether the target is a folder, as that of numbered images."""
        return self.writes.is_folder


@dataclass(kw_only=True)
class PictureItem(Item):
    """A picture of an album. Its `source` shows where it comes from, and is no path that could be opened."""

    picture: NamedPicture
    where: str
    """The text that names the picture in messages."""

    @classmethod
    def of(cls, picture: NamedPicture, album: str, target: Path) -> PictureItem:
        """Make the item of a picture in an album, which the user named by the text `album`."""
        where = picture.address or f"{album}/{picture.name}"
        return cls(Path(printable(where)), target, picture=picture, where=where)

    @property
    def address(self) -> str:
        """Return the text that names the picture in messages and in the report."""
        return self.where

    @property
    def file(self) -> Path | None:
        """Return the file that holds the picture; None where there is none."""
        return self.picture.path


@dataclass
class Report:
    """The outcome of a job; the `counts` add up to the number of planned items."""

    items: Sequence[Item]
    model: str
    sha256: str
    options: dict[str, Any] = field(default_factory=dict)
    passed_over: Sequence[PassedOver] = ()
    """The files and folders that were met beside the sources and are not translated."""
    seconds: float = 0.0
    stopped: str = ""
    """The reason why the job stopped early; empty if it did not."""

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of items in each state."""
        counted = Counter(item.status for item in self.items)
        return {status: counted[status] for status in ("done", "damaged", "skipped", "failed", "planned")}

    def write(self, path: Path) -> None:
        """Write the report as JSON; names that are not UTF-8 are escaped.

        Raises:
            WriteError: It cannot be written.
            ItemError: A file that is no report stands there.
        """
        about = {
            "schema": "img2img.report/1",
            "version": version("img2img-runtime"),
            "model": self.model,
            "sha256": self.sha256,
            "options": self.options,
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
            "planned": len(self.items),
            "counts": {"not_reached" if name == "planned" else name: count for name, count in self.counts.items()},
            "ignored": len(self.passed_over),
            "passed_over": [
                {"path": str(passed.path), "kind": passed.kind, "reason": passed.reason} for passed in self.passed_over
            ],
            "items": [_row(item) for item in self.items],
        }
        write_file(path, as_json(about).encode(), replaces=is_ours(path, MARK))


def fail_lost(items: Sequence[Item], folder: Path) -> None:
    """Fail the items that are finished, but whose targets are not on disk.

    Args:
        items: All items of a job.
        folder: The working directory when the job began.
    """
    for item in items:
        if item.status in ("done", "damaged", "skipped") and not item.stands(folder):
            item.status = "failed"
            item.reason = f"{item.target}: it was there, and a plugin or another program has removed or emptied it"


def _row(item: Item) -> dict[str, Any]:
    return {
        "source": item.address or str(item.source),
        "target": str(item.target),
        "status": "not_reached" if item.status == "planned" else item.status,
        "reason": item.reason,
        "notes": list(item.notes),
        "seconds": round(item.seconds, 4),
    }
