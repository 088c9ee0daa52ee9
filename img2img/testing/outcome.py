"""This module defines the outcome of checking a promise; it can be shown without importing torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "broken", "skipped"]


class Broken(AssertionError):  # noqa: N818 - it tells what is so
    """A promise is not kept; the text says what was measured."""


class Skipped(Exception):  # noqa: N818 - not an error of anyone's
    """A promise cannot be checked here; the text says why, and what would help."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of holding one thing to one promise."""

    subject: str
    """The thing that was held to the promise, such as `family example`."""
    group: str
    """The part of the contract that the promise belongs to."""
    promise: str
    """The promise in words."""
    state: State
    detail: str = ""
    """The measurement where the promise is broken, the reason where it was skipped, or else a remark."""
    options: str = ""
    """The options with which it was measured."""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """Return all that an author needs to know to repair it."""
        options = f"\nwith {self.options}" if self.options and self.state == "broken" else ""
        return f"{self.subject}: {self.promise}\n{self.detail}{options}"
