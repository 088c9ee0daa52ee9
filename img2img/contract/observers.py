"""The contract of observers: what of a run or a job they may rely on. They look at it, and change nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from img2img.config import TrainingConfig


class RunView(Protocol):
    """A training in a folder of its own, as observers see it."""

    @property
    def folder(self) -> Path: ...

    @property
    def family(self) -> str: ...

    @property
    def config(self) -> TrainingConfig: ...

    @property
    def data(self) -> Path:
        """Folder of the training data."""

    @property
    def seed(self) -> int: ...

    @property
    def step(self) -> int:
        """The number of steps that are done."""


class ItemView(Protocol):
    """One file of a job, as observers see it."""

    @property
    def source(self) -> Path: ...

    @property
    def target(self) -> Path: ...

    @property
    def status(self) -> str:
        """`planned` until the item comes to its end, then `done`, `damaged`, `skipped` or `failed`."""

    @property
    def reason(self) -> str:
        """Why the item failed or was skipped, or what is damaged."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the source the target does not keep, and what was converted."""

    @property
    def seconds(self) -> float: ...

    @property
    def is_clip(self) -> bool:
        """Whether its frames follow each other in time."""


class JobView(Protocol):
    """A translation of a source into a target, as observers see it."""

    @property
    def items(self) -> Sequence[ItemView]: ...

    @property
    def options(self) -> Mapping[str, Any]:
        """What decides what the targets look like."""


class ReportView(Protocol):
    """The outcome of a job, as observers see it."""

    @property
    def items(self) -> Sequence[ItemView]: ...

    @property
    def model(self) -> str:
        """The path of the model file."""

    @property
    def options(self) -> Mapping[str, Any]: ...

    @property
    def counts(self) -> Mapping[str, int]:
        """How many items have each status."""

    @property
    def seconds(self) -> float: ...

    @property
    def stopped(self) -> str:
        """Why the job came to its end early; empty if it did not."""
