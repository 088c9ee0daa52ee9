"""Filters around the network: those that were asked for, checked, and made anew for each image and each clip."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from img2img.config import parse_assignments
from img2img.contract.filters import Filter, FilterOptions
from img2img.errors import ConfigError, TranslationError
from img2img.host.host import PluginHost
from img2img.host.kinds import FILTERS

if TYPE_CHECKING:
    from img2img.media import Pixels

State = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Wish:
    """One filter that was asked for, which is there and takes these options."""

    name: str
    kind: type[Filter]
    options: FilterOptions

    @classmethod
    def parse(cls, word: str, host: PluginHost) -> Wish:
        """Read `NAME` or `NAME:key=value:key=value`; a colon that no `key=` follows belongs to the value."""
        name, _, rest = word.partition(":")
        kind = host.find(FILTERS, name)
        try:
            options = kind.options_class.parse(parse_assignments(re.split(r":(?=\w+\s*=)", rest) if rest else ()))
        except ConfigError as error:
            raise ConfigError(f"filter {word!r}: {error}\n{_about(name, kind.options_class)}") from error
        return cls(host.full_name(FILTERS, name), kind, options)


@dataclass(frozen=True)
class Chain:
    """The filters of a job, in the order in which they were named."""

    wishes: Sequence[Wish] = ()

    @classmethod
    def parse(cls, words: Iterable[str], host: PluginHost) -> Chain:
        """Find the filters and check their options.

        Args:
            words: `NAME` or `NAME:key=value:key=value` each.
            host: Whose filters.

        Raises:
            PluginError: No plugin provides a filter of that name.
            ConfigError: An option is unknown, wrong or missing.
        """
        return cls(tuple(Wish.parse(word, host) for word in words))

    def describe(self) -> list[dict[str, Any]]:
        """Names and all options, as JSON can hold them."""
        return [{"name": wish.name, "options": wish.options.model_dump(mode="json")} for wish in self.wishes]

    def start(self) -> Passage:
        """Make the filters anew, for one image or one clip.

        Raises:
            TranslationError: One cannot be made.
        """
        return Passage(self.wishes)


NO_FILTERS = Chain()


class Passage:
    """The way of one image, or of the frames of one clip, through filters; each method names the filter that fails.

    `before` and `after` may be called in two threads.
    """

    def __init__(self, wishes: Sequence[Wish]) -> None:
        self._entering = [_Station(wish) for wish in wishes]
        self._leaving = [_Station(wish) for wish in wishes]

    def __bool__(self) -> bool:
        return bool(self._entering)

    def before(self, source: Pixels) -> Pixels:
        """What goes into the network for a frame: of the same shape and type.

        Raises:
            TranslationError: A filter failed, or did not return what it has to.
        """
        for station in self._entering:
            source = station.pass_through(station.filter.before, source)
        return source

    def after(self, source: Pixels, result: Pixels) -> Pixels:
        """What is made of what the network made of a frame: of the same shape and type.

        Args:
            source: The frame before all filters.
            result: Of the network.

        Raises:
            TranslationError: As for `before`.
        """
        for station in self._leaving:
            result = station.pass_through(partial(station.filter.after, _sealed(source)), result)
        return result

    def state_before(self) -> State:
        """What the next frame that goes in depends on."""
        return _states("before", self._entering)

    def state_after(self) -> State:
        """What the next frame that comes out depends on."""
        return _states("after", self._leaving)

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where both states, together, were asked for."""
        for side, stations in (("before", self._entering), ("after", self._leaving)):
            for index, station in enumerate(stations):
                prefix = f"{side}.{index}."
                station.restore({key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)})


class _Station:
    """One instance of a filter, which is blamed for what it does wrong."""

    def __init__(self, wish: Wish) -> None:
        self.name = wish.name
        with self._blamed():
            self.filter = wish.kind(wish.options)

    def pass_through(self, change: Callable[[Pixels], Pixels], pixels: Pixels) -> Pixels:
        given = _sealed(pixels)
        with self._blamed():
            changed = change(given)
        if changed is given:
            return pixels
        if not isinstance(changed, np.ndarray) or (changed.shape, changed.dtype) != (pixels.shape, pixels.dtype):
            raise TranslationError(f"the filter {self.name!r} must return {_kind(pixels)}, not {_kind(changed)}")
        return np.ascontiguousarray(changed)

    def state(self) -> State:
        with self._blamed():
            state = {key: np.array(value) for key, value in self.filter.state().items()}
            if wrong := [key for key, value in state.items() if value.dtype.hasobject]:
                raise TypeError(f"{wrong[0]!r} of its state is no array of numbers")
        return state

    def restore(self, state: State) -> None:
        if state:
            with self._blamed():
                self.filter.restore(state)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin's filter may raise anything, even SystemExit
            raise TranslationError(f"the filter {self.name!r} failed: {type(error).__name__}: {error}") from error


def _states(side: str, stations: Sequence[_Station]) -> State:
    """Copies: filters go on while these wait for the disk."""
    return {
        f"{side}.{index}.{key}": value
        for index, station in enumerate(stations)
        for key, value in station.state().items()
    }


def _sealed(pixels: Pixels) -> Pixels:
    """The same pixels, not to be written to: other filters, or a later frame, may look at them."""
    view = pixels.view()
    view.flags.writeable = False
    return view


def _kind(pixels: Any) -> str:
    return f"{pixels.dtype} of shape {pixels.shape}" if isinstance(pixels, np.ndarray) else repr(type(pixels).__name__)


def _about(name: str, options: type[FilterOptions]) -> str:
    """What there is to choose."""
    fields = options.model_fields.items()
    known = ", ".join(f"{key}=…" if field.is_required() else f"{key}={field.default}" for key, field in fields)
    return f"{name} takes {known or 'no options'}"
