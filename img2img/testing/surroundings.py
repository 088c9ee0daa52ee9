"""Records what belongs to the whole process, to find out who changes it, and restores it after each check."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from img2img.host.surroundings import Setting, concerns_all, settings
from img2img.training.chance import random_state, restore_random_state, seed_everything

SEED = 20


@contextmanager
def undisturbed(changed: set[str] | None = None, *, draws: bool = True) -> Iterator[None]:
    """Seed all chance inside, with torch on one thread, which suits small networks; restore the process afterwards.

    Args:
        changed: The names of the settings that were changed inside are added to it.
        draws: Whether random numbers of the whole process may be drawn inside.
    """
    chance, globals_ = random_state(), look()
    seed_everything(SEED)
    torch.set_num_threads(1)
    before, seeded = look(), random_state()
    try:
        yield
    finally:
        if changed is not None:
            changed.update(_disturbed(before))
            changed.update(() if draws else _drawn(seeded))
        for name, value in globals_.items():
            if _GLOBALS[name].read() != value:
                _GLOBALS[name].write(value)
        restore_random_state(chance)


def look() -> dict[str, Any]:
    """Read every global setting: name to value."""
    return {name: setting.read() for name, setting in _GLOBALS.items()}


def _disturbed(before: Mapping[str, Any]) -> list[str]:
    """Return which settings differ; what libraries add to the variables, to sys.path and to the filters may stay."""
    after = look()
    names = [name for name in settings() if name in before and after[name] != before[name]]
    variables, entries, filters = (before[name] for name in _ADDED_TO)
    if any(os.environ.get(name) != value for name, value in variables.items()):
        names.append(_ADDED_TO[0])
    if not {*entries} <= {*sys.path}:
        names.append(_ADDED_TO[1])
    if any(concerns_all(entry) for entry in warnings.filters if entry not in filters):
        names.append(_ADDED_TO[2])
    return names


def _drawn(before: Mapping[str, Any]) -> list[str]:
    after = random_state()
    own = {"python": "random", "numpy": "numpy.random"}
    names = [f"the random numbers of {own[name]}" for name in own if repr(after[name]) != repr(before[name])]
    return names + (["the random numbers of torch, by a seed"] if torch.initial_seed() != SEED else [])


def _set_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def _list(owner: Any, name: str) -> tuple[Callable[[], list[Any]], Callable[[list[Any]], None]]:
    def restore(value: list[Any]) -> None:
        """Give the list its items back."""
        getattr(owner, name)[:] = value  # in place, since others hold the same list

    return lambda: list(getattr(owner, name)), restore


_ADDED_TO = ("the environment variables", "sys.path", "the filters of warnings")
_GLOBALS = {
    **settings(),  # with those of torch, which is loaded
    "the environment variables": Setting(lambda: dict(os.environ), _set_environment),
    "the filters of warnings": Setting(*_list(warnings, "filters")),
    "sys.path": Setting(*_list(sys, "path")),
}
