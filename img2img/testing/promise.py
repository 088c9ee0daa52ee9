"""Promises: what a plugin is held to, one function each, and what came of it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import torch

from img2img.host.kinds import Kind
from img2img.testing.surroundings import undisturbed

if TYPE_CHECKING:
    from img2img.host.host import PluginHost

State = Literal["ok", "broken", "skipped"]


class Broken(AssertionError):  # noqa: N818 - it tells what is so
    """A promise is not kept; the text says what was measured."""


class Skipped(Exception):  # noqa: N818 - not an error of anyone's
    """A promise cannot be checked here; the text says why, and what would help."""


@dataclass(frozen=True)
class Outcome:
    """What came of holding one thing to one promise."""

    subject: str
    """What was held to it: `family example`."""
    group: str
    """The part of the contract that it belongs to."""
    promise: str
    """In words."""
    state: State
    detail: str = ""
    """What was measured where it is broken, why it was skipped, or else a remark."""
    options: str = ""
    """With which it was measured."""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """All that an author needs who is to mend it."""
        options = f"\nwith {self.options}" if self.options and self.state == "broken" else ""
        return f"{self.subject}: {self.promise}\n{self.detail}{options}"


@dataclass(frozen=True)
class Materials:
    """What things are checked with."""

    folder: Path
    """An empty folder, for whatever the checks write."""
    host: PluginHost
    """The host that has loaded them."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of a family's training, over those that the family itself calls `small`."""
    data: Path | None = None
    """Folder of training data; None for drawn pictures in a usual layout."""


class Subject:
    """What is held to promises; remembers what came of each, because some rest on others.

    Args:
        title: What it is: `family example`.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._outcomes: dict[Promise[Any], Outcome] = {}

    @property
    def options(self) -> str:
        """What it was made with, as it is typed."""
        return ""

    def outcome(self, promise: Promise[Any]) -> Outcome:
        """What comes of a promise; it is checked once."""
        if promise not in self._outcomes:
            for other in promise.rests_on:
                self.outcome(other)  # the time for which is its own
            started = perf_counter()
            state, detail = promise.hold(self)
            self._outcomes[promise] = Outcome(
                self.title, promise.group, promise.sentence, state, detail, self.options, perf_counter() - started
            )
        return self._outcomes[promise]


S = TypeVar("S", bound=Subject)

Check = Callable[[S], str | None]


@dataclass(frozen=True, eq=False)
class Promise(Generic[S]):
    """One sentence of the contract and the function that holds a subject to it.

    The function raises `Broken` or `Skipped`; a text that it returns is a remark. Whatever else comes out of it was
    raised by the plugin, and breaks the promise too.
    """

    check: Check[S]
    rests_on: tuple[Promise[S], ...]

    @property
    def sentence(self) -> str:
        return self.check.__name__.replace("_", " ")

    @property
    def group(self) -> str:
        return self.check.__module__.rpartition(".")[2]

    def hold(self, subject: S) -> tuple[State, str]:
        """Check it, unless it rests on one that is not kept: of one fault one promise shall tell."""
        for other in self.rests_on:
            outcome = subject.outcome(other)
            if outcome.state != "ok":
                because = f"it rests on what is broken: {other.sentence}"
                return "skipped", outcome.detail if outcome.state == "skipped" else because
        try:
            with undisturbed():
                return "ok", self.check(subject) or ""
        except Skipped as reason:
            return "skipped", str(reason)
        except Broken as error:
            return "broken", str(error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may raise anything, even SystemExit
            return "broken", describe(error)


def promise(*rests_on: Promise[S]) -> Callable[[Check[S]], Promise[S]]:
    """Make a promise of a function, whose name is the sentence.

    Args:
        rests_on: Promises without which this one has no meaning.
    """
    return lambda check: Promise(check, rests_on)


def keep(kept: bool, otherwise: str) -> None:
    """Go on if a promise is kept.

    Raises:
        Broken: It is not; `otherwise` is what was measured.
    """
    if not kept:
        raise Broken(otherwise)


def keep_name_and_summary(kind: Kind[Any], thing: Any) -> None:
    """Go on if something is what its kind asks for, and its summary fits into one line of a list.

    Raises:
        PluginError: It is not of the kind.
        Broken: The summary is empty, or has several lines.
    """
    kind.check(thing)
    keep(bool(thing.summary.strip()) and "\n" not in thing.summary, f"the summary is {thing.summary!r}")


def promises_of(*modules: str) -> list[Promise[Any]]:
    """Return the promises that imported modules define, in their order."""
    return [
        value
        for module in modules
        for value in vars(sys.modules[module]).values()
        if isinstance(value, Promise) and value.check.__module__ == module
    ]


def describe(error: BaseException) -> str:
    """Say what a plugin raised, and where in its own code that was."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    place = next((f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in frames if _is_theirs(frame)), "")
    return f"{type(error).__name__}: {error}{place}"


def _is_theirs(frame: traceback.FrameSummary) -> bool:
    """Whether code is neither this program's nor torch's nor Python's."""
    path = Path(frame.filename)
    packages = {Path(__file__).parents[1], Path(torch.__file__).parent}
    return not packages & {*path.parents} and (
        "site-packages" in path.parts or Path(os.__file__).parent not in path.parents
    )
