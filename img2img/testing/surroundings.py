"""Records what belongs to the whole process, to find out who changes it, and restores it after each check."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

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
            if _GLOBALS[name][0]() != value:
                _GLOBALS[name][1](value)
        restore_random_state(chance)


def look() -> dict[str, Any]:
    """Read every global setting: name to value."""
    return {name: read() for name, (read, _) in _GLOBALS.items()}


def _set_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _set_handlers(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        if signal.getsignal(number) != handler and threading.current_thread() is threading.main_thread():
            signal.signal(number, handler)


def _flag(owner: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)


def _list(owner: Any, name: str) -> tuple[Callable[[], list[Any]], Callable[[list[Any]], None]]:
    def restore(value: list[Any]) -> None:
        """Give the list its items back."""
        getattr(owner, name)[:] = value  # in place, since others hold the same list

    return lambda: list(getattr(owner, name)), restore


_GLOBALS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch's default device": (torch.get_default_device, torch.set_default_device),
    "torch's gradient mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch's number of threads": (torch.get_num_threads, torch.set_num_threads),
    "torch's precision of float32 products": (
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
    ),
    "torch's deterministic algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "cudnn.benchmark": _flag(torch.backends.cudnn, "benchmark"),
    "cudnn.deterministic": _flag(torch.backends.cudnn, "deterministic"),
    "cudnn.enabled": _flag(torch.backends.cudnn, "enabled"),
    "numpy's treatment of errors": (np.geterr, lambda value: np.seterr(**value)),
    "the working directory": (os.getcwd, os.chdir),
    "the environment variables": (lambda: dict(os.environ), _set_environment),
    "the filters of warnings": _list(warnings, "filters"),
    "the signal handlers": (_handlers, _set_handlers),
    "sys.path": _list(sys, "path"),
}
