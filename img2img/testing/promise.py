"""Promises are functions that hold a plugin to the contract; this module runs them and records the outcomes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from img2img.errors import Img2ImgError, is_ctrl_c
from img2img.host.kinds import Kind
from img2img.testing.lines import describe
from img2img.testing.outcome import Broken, Outcome, Skipped, State
from img2img.testing.surroundings import undisturbed

if TYPE_CHECKING:
    from img2img.host.host import PluginHost

__all__ = ["Broken", "Materials", "Outcome", "Promise", "Skipped", "State", "Subject", "describe", "keep", "promise"]


@dataclass(frozen=True)
class Materials:
    """The folder, the plugins, the options and the data with which things are checked."""

    folder: Path
    """An empty folder for the files that the checks write."""
    host: PluginHost
    """The host that has loaded the plugins."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of a family's training, which override those that the family itself calls `small`."""
    data: Path | None = None
    """Folder of training data; None for drawn pictures in a usual layout."""


class Subject:
    """A thing that is held to promises; it remembers the outcome of each, because some rest on others.

    Args:
        title: The name of the thing, such as `family example`.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.changed: set[str] = set()
        """The settings of the process that the checks have changed; they were put back."""
        self._outcomes: dict[Promise[Any], Outcome] = {}

    draws = False
    """Whether its checks may draw from the random numbers of the whole process."""

    @property
    def options(self) -> str:
        """Return the options with which it was made, as a user types them."""
        return ""

    def found(self) -> dict[str, Any]:
        """Return what took long to find out and is the same for each promise, as JSON; another process may take it."""
        return {}

    def take(self, found: Mapping[str, Any]) -> None:
        """Take over what another process has found out about the same thing."""

    def note(self, promise: Promise[Any], state: State, detail: str) -> None:
        """Remember the outcome of a promise that was checked in another process."""
        self._outcomes[promise] = Outcome(self.title, promise.group, promise.sentence, state, detail)

    def outcome(self, promise: Promise[Any]) -> Outcome:
        """Return the outcome of a promise, which is checked only once."""
        if promise not in self._outcomes:
            for other in promise.rests_on:
                self.outcome(other)  # its time is counted for itself
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
    """A sentence of the contract, with the function that holds a subject to it.

    The function raises `Broken` or `Skipped`; a text that it returns is a remark. Whatever else comes out of it was
    raised by the plugin, and breaks the promise too.
    """

    check: Check[S]
    rests_on: tuple[Promise[S], ...]

    @property
    def sentence(self) -> str:
        """Return the promise in words, which are the name of its function."""
        return self.check.__name__.replace("_", " ")

    @property
    def group(self) -> str:
        """Return the part of the contract, which is the name of the function's module."""
        return self.check.__module__.rpartition(".")[2]

    def hold(self, subject: S) -> tuple[State, str]:
        """Check the promise, unless it rests on one that is broken, so that one fault is reported once."""
        for other in self.rests_on:
            outcome = subject.outcome(other)
            if outcome.state != "ok":
                because = f"it rests on what is broken: {other.sentence}"
                return "skipped", outcome.detail if outcome.state == "skipped" else because
        try:
            with undisturbed(subject.changed, draws=subject.draws):
                return "ok", self.check(subject) or ""
        except Skipped as reason:
            return "skipped", str(reason)
        except Broken as error:
            return "broken", str(error)
        except KeyboardInterrupt as error:
            if is_ctrl_c(error):
                raise
            return "broken", describe(error)
        except BaseException as error:  # a plugin may raise anything, even SystemExit
            return "broken", describe(error)


def promise(*rests_on: Promise[S]) -> Callable[[Check[S]], Promise[S]]:
    """Make a promise of a function whose name is the sentence.

    Args:
        rests_on: Promises without which this one has no meaning.
    """
    return lambda check: Promise(check, rests_on)


def keep(kept: bool, otherwise: str) -> None:
    """Go on if a promise is kept.

    Raises:
        Broken: The promise is not kept; `otherwise` says what was measured.
    """
    if not kept:
        raise Broken(otherwise)


def keep_refusal(name: str, attempt: Callable[[], object], how: str = "") -> None:
    """Go on if an attempt fails by an error that users can read, and that names what is refused.

    Args:
        name: What is to be refused.
        attempt: Opens it.
        how: How it is opened, for the message, such as `with fps=25 `.

    Raises:
        Broken: The attempt succeeds, raises another error, or does not name what it refuses.
    """
    try:
        attempt()
    except Img2ImgError as error:
        keep(name in str(error), f"{how}it refuses {name} without naming it: {error}")
        return
    except Exception as error:
        raise Broken(f"{how}it raises another error than an Img2ImgError: {describe(error)}") from error
    raise Broken(f"{how}it opens {name}")


def keep_name_and_summary(kind: Kind[Any], thing: Any) -> None:
    """Go on if a thing has what its kind requires, and its summary fits into one line of a list.

    Raises:
        PluginError: The thing is not of the kind.
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
