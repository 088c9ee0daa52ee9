"""Records what belongs to the whole process, to find out who changes it, and restores it after each check."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from img2img.host.surroundings import Setting, settings
from img2img.training.chance import random_state, restore_random_state, seed_everything

SEED = 20


@contextmanager
def undisturbed() -> Iterator[None]:
    """Seed all chance inside, with torch on one thread, which suits small networks; restore the process afterwards."""
    chance, globals_ = random_state(), look()
    seed_everything(SEED)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        for name, value in globals_.items():
            if _GLOBALS[name].read() != value:
                _GLOBALS[name].write(value)
        restore_random_state(chance)


def look() -> dict[str, Any]:
    """Read every global setting: name to value."""
    return {name: setting.read() for name, setting in _GLOBALS.items()}


def _set_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def _list(owner: Any, name: str) -> tuple[Callable[[], list[Any]], Callable[[list[Any]], None]]:
    def restore(value: list[Any]) -> None:
        """Give the list its items back."""
        getattr(owner, name)[:] = value  # in place, since others hold the same list

    return lambda: list(getattr(owner, name)), restore


_GLOBALS = {
    **settings(),  # with those of torch, which is loaded
    "the environment variables": Setting(lambda: dict(os.environ), _set_environment),
    "the filters of warnings": Setting(*_list(warnings, "filters")),
    "sys.path": Setting(*_list(sys, "path")),
}
