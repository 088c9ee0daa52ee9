"""What became of each file of a job."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from img2img.media import write_file

if TYPE_CHECKING:
    from img2img.translation.sources import Source
    from img2img.translation.targets import Target

Status = Literal["planned", "done", "damaged", "skipped", "failed"]
"""`damaged`: the target stands, but something of the source was lost, and is named."""


@dataclass
class Item:
    """One file of a job."""

    source: Path
    target: Path
    status: Status = "planned"
    """`planned` until it comes to an end; still so in the report of a job that was stopped before."""
    reason: str = ""
    """Why it failed or was skipped, or what is damaged."""
    notes: tuple[str, ...] = ()
    """What of the source the target does not keep, and what was converted."""
    seconds: float = 0.0
    """Time spent on it: reading, its share of the batch, writing. Stages overlap, so the sum exceeds the job's."""
    is_clip: ClassVar[bool] = False
    """Whether its frames follow each other in time."""

    @property
    def address(self) -> str:
        """`NAME:ADDRESS` as it was typed, where the source is no file; otherwise empty."""
        return ""


@dataclass(kw_only=True)
class ClipItem(Item):
    """A clip of a job: how it is read and how it is written was decided by the plan."""

    reads: Source
    writes: Target
    is_clip: ClassVar[bool] = True

    @property
    def address(self) -> str:
        return self.reads.address


@dataclass
class Report:
    """The outcome of a job; `counts` add up to what was planned."""

    items: Sequence[Item]
    model: str
    sha256: str
    options: dict[str, Any] = field(default_factory=dict)
    ignored: int = 0
    """Files beside the sources that are no images."""
    seconds: float = 0.0
    stopped: str = ""
    """Why the job ended before its end; empty if it did not."""

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(item.status for item in self.items)
        return {status: counted[status] for status in ("done", "damaged", "skipped", "failed", "planned")}

    def write(self, path: Path) -> None:
        """Write the report as JSON; names that are not UTF-8 are escaped."""
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
            "ignored": self.ignored,
            "items": [_row(item) for item in self.items],
        }
        write_file(path, json.dumps(about, indent=1).encode())


def _row(item: Item) -> dict[str, Any]:
    return {
        "source": item.address or str(item.source),
        "target": str(item.target),
        "status": "not_reached" if item.status == "planned" else item.status,
        "reason": item.reason,
        "notes": list(item.notes),
        "seconds": round(item.seconds, 4),
    }
