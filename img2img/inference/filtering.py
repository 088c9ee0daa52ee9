"""Filters before and after the network: they are chosen by name, checked, and made anew for each image and clip."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from img2img.config import parse_assignments
from img2img.contract.filters import Filter, FilterOptions
from img2img.errors import ConfigError, TranslationError, is_ctrl_c
from img2img.host.host import PluginHost
from img2img.host.kinds import FILTERS
from img2img.text import error_text

if TYPE_CHECKING:
    from img2img.media import Pixels

State = dict[str, NDArray[Any]]

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class ChosenFilter:
    """A filter that the user chose, with its options; both have been checked."""

    name: str
    kind: type[Filter]
    options: FilterOptions

    @classmethod
    def parse(cls, word: str, host: PluginHost) -> ChosenFilter:
        """Read `NAME` or `NAME:key=value:key=value`; a colon that no `key=` follows belongs to the value."""
        name, colon, rest = word.partition(":")
        if colon and not rest:
            raise ConfigError(f"filter {word!r}: no option follows the colon; write {name}, or {name}:key=value")
        kind = host.find(FILTERS, name)
        try:
            options = kind.options_class.parse(parse_assignments(re.split(r":(?=\w+\s*=)", rest) if rest else ()))
        except ConfigError as error:
            first, *further = error.lines
            raise ConfigError(f"filter {word!r}: {first}", *further, _about(name, kind.options_class)) from error
        return cls(host.full_name(FILTERS, name), kind, options)


@dataclass(frozen=True)
class Chain:
    """The filters of a job, in the order in which the user named them."""

    filters: Sequence[ChosenFilter] = ()

    @classmethod
    def parse(cls, words: Iterable[str], host: PluginHost) -> Chain:
        """Find the filters and check their options.

        Args:
            words: `NAME` or `NAME:key=value:key=value` each.
            host: The plugins that provide the filters.

        Raises:
            PluginError: No plugin provides a filter of that name.
            ConfigError: An option is unknown, wrong or missing.
        """
        return cls(tuple(ChosenFilter.parse(word, host) for word in words))

    def describe(self) -> list[dict[str, Any]]:
        """Return the names and all options, as JSON can hold them."""
        return [{"name": chosen.name, "options": chosen.options.model_dump(mode="json")} for chosen in self.filters]

    def start(self, device: torch.device = _CPU) -> Passage:
        """Make the filters anew, for one image or one clip.

        Args:
            device: The device of the network, for filters that compute there.

        Raises:
            TranslationError: A filter cannot be made.
        """
        return Passage(self.filters, device)


NO_FILTERS = Chain()


class Passage:
    """The way of one image, or of the frames of one clip, through the filters; an error names the filter that failed.

    `before` and `after` may be called in two threads.
    """

    def __init__(self, filters: Sequence[ChosenFilter], device: torch.device = _CPU) -> None:
        self._entering = [_Station(chosen, device) for chosen in filters]
        self._leaving = [_Station(chosen, device) for chosen in filters]

    def __bool__(self) -> bool:
        return bool(self._entering)

    def before(self, source: Pixels) -> Pixels:
        """Return the picture that goes into the network for a frame: of the same shape and type.

        Raises:
            TranslationError: A filter failed, or did not return what it has to.
        """
        for station in self._entering:
            source = station.pass_through(station.filter.before, source)
        return source

    def after(self, source: Pixels, result: Pixels) -> Pixels:
        """Filter the network's result for a frame; the shape and the type stay the same.

        Args:
            source: The frame before all filters.
            result: The result of the network.

        Raises:
            TranslationError: As for `before`.
        """
        for station in self._leaving:
            result = station.pass_through(partial(station.filter.after, _sealed(source)), result)
        return result

    def state_before(self) -> State:
        """Return the filters' memory on which the next frame that goes in depends."""
        return _states("before", self._entering)

    def state_after(self) -> State:
        """Return the filters' memory on which the next frame that comes out depends."""
        return _states("after", self._leaving)

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from the states of both sides, merged, as `state_before` and `state_after` returned them."""
        for side, stations in (("before", self._entering), ("after", self._leaving)):
            for index, station in enumerate(stations):
                prefix = f"{side}.{index}."
                station.restore({key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)})


class _Station:
    """One instance of a filter; errors are reported under the filter's name."""

    def __init__(self, chosen: ChosenFilter, device: torch.device) -> None:
        self.name = chosen.name
        with self._blamed():
            self.filter = chosen.kind(chosen.options)
            self.filter.prepare(device)

    def pass_through(self, change: Callable[[Pixels], Pixels], pixels: Pixels) -> Pixels:
        """Change pixels by the filter, and check the shape and the type of what it returns."""
        given = _sealed(pixels)
        with self._blamed():
            changed = change(given)
        if changed is given:
            return pixels
        if not isinstance(changed, np.ndarray) or (changed.shape, changed.dtype) != (pixels.shape, pixels.dtype):
            raise TranslationError(f"the filter {self.name!r} must return {_kind(pixels)}, not {_kind(changed)}")
        return np.ascontiguousarray(changed)

    def state(self) -> State:
        """Return copies of the filter's memory, which must be arrays of numbers."""
        with self._blamed():
            state = {key: np.array(value) for key, value in self.filter.state().items()}
            if wrong := [key for key, value in state.items() if value.dtype.hasobject]:
                raise TypeError(f"{wrong[0]!r} of its state is no array of numbers")
        return state

    def restore(self, state: State) -> None:
        """Give the filter back the memory that `state` returned."""
        if state:
            with self._blamed():
                self.filter.restore(state)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # a plugin's filter may raise anything, even SystemExit
            if is_ctrl_c(error):
                raise
            raise TranslationError(f"the filter {self.name!r} failed: {error_text(error)}") from error


def _states(side: str, stations: Sequence[_Station]) -> State:
    """Copy the memory of filters, because the filters go on while the copies wait for the disk."""
    return {
        f"{side}.{index}.{key}": value
        for index, station in enumerate(stations)
        for key, value in station.state().items()
    }


def _sealed(pixels: Pixels) -> Pixels:
    """Return a view that cannot be written to, since other filters or a later frame may look at the same pixels."""
    view = pixels.view()
    view.flags.writeable = False
    return view


def _kind(pixels: Any) -> str:
    return f"{pixels.dtype} of shape {pixels.shape}" if isinstance(pixels, np.ndarray) else repr(type(pixels).__name__)


def _about(name: str, options: type[FilterOptions]) -> str:
    """List the options of a filter with their defaults, for an error message."""
    fields = options.model_fields.items()
    known = ", ".join(f"{key}=…" if field.is_required() else f"{key}={field.default}" for key, field in fields)
    return f"{name} takes {known or 'no options'}"
