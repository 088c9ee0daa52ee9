"""This module is the contract of observers: it lists what they may read of a run or a job. They change nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from img2img.config import TrainingConfig


class RunView(Protocol):
    """A training in a folder of its own, as observers see it."""

    @property
    def folder(self) -> Path:
        """The folder of the run."""

    @property
    def family(self) -> str:
        """The name of the family."""

    @property
    def config(self) -> TrainingConfig:
        """The options of the training."""

    @property
    def data(self) -> Path:
        """The folder of the training data."""

    @property
    def seed(self) -> int:
        """The seed of all random numbers."""

    @property
    def step(self) -> int:
        """The number of steps that are done."""


class ItemView(Protocol):
    """One file of a job, as observers see it."""

    @property
    def source(self) -> Path:
        """The path of the source."""

    @property
    def target(self) -> Path:
        """The path of the target."""

    @property
    def status(self) -> str:
        """`planned` until the item is finished, then `done`, `damaged`, `skipped` or `failed`."""

    @property
    def reason(self) -> str:
        """The reason why the item failed or was skipped, or a description of the damage."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Properties of the source that the target does not keep, and conversions."""

    @property
    def seconds(self) -> float:
        """How long the item took."""

    @property
    def is_clip(self) -> bool:
        """Whether the item is a clip, and not an image."""


class JobView(Protocol):
    """A translation of a source into a target, as observers see it."""

    @property
    def items(self) -> Sequence[ItemView]:
        """The planned items."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The options on which the content of the targets depends."""


class ReportView(Protocol):
    """The outcome of a job, as observers see it."""

    @property
    def items(self) -> Sequence[ItemView]:
        """The planned items, with their outcome."""

    @property
    def model(self) -> str:
        """The path of the model file."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The options on which the content of the targets depends."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Status to the number of items that have it."""

    @property
    def seconds(self) -> float:
        """How long the job took."""

    @property
    def stopped(self) -> str:
        """The reason why the job stopped early; empty if it did not."""
