"""This module restores what belongs to the whole process, after a plugin was imported or called."""

from __future__ import annotations

import locale
import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

_SIGNALS = [
    getattr(signal, f"SIG{name}")
    for name in ("INT", "TERM", "HUP", "PIPE", "ALRM", "CHLD", "USR1", "USR2", "QUIT", "ABRT", "SEGV", "TSTP")
    if hasattr(signal, f"SIG{name}")
]

log = logging.getLogger(__name__)


class Setting(NamedTuple):
    """A setting of the process: how it is read and set, and the value that it has before anybody sets it, if known."""

    read: Callable[[], Any]
    write: Callable[[Any], object]
    default: Any = None


@contextmanager
def undisturbed(who: str, doing: str, reported: set[str] | None = None) -> Iterator[None]:
    """Restore the settings of the process and the generators of random numbers after a call of a plugin.

    A warning names the settings that the plugin has changed. What it adds to the environment variables, to `sys.path`
    and to the filters of certain warnings stays, since libraries need that.

    Args:
        who: The plugin, in words.
        doing: What it does meanwhile, for the warning.
        reported: Settings that no warning names again; those of this call are added.
    """
    before, chance = look(), _chance()
    _keep_descriptors()
    variables, path, filters = dict(os.environ), list(sys.path), list(_filters())
    try:
        yield
    finally:
        changed = [
            name for name, setting in settings().items() if _put_back(setting, before.get(name, setting.default))
        ]
        for state, restore in chance:
            restore(state)
        os.environ.update({name: value for name, value in variables.items() if os.environ.get(name) != value})
        sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
        _filters()[:] = [each for each in _filters() if each in filters or not concerns_all(each)]
        if new := [name for name in changed if reported is None or name not in reported]:
            log.warning("%s changed %s %s; that was undone", who, " and ".join(new), doing)
            if reported is not None:
                reported.update(new)


def look() -> dict[str, Any]:
    """Read every setting: name to value."""
    return {name: setting.read() for name, setting in settings().items()}


def settings() -> dict[str, Setting]:
    """Return the settings of the process, and those of NumPy and torch if they are loaded."""
    return _PROCESS | _numpy() | _torch()


def _put_back(setting: Setting, value: Any) -> bool:
    """Give a setting a value, and return whether it had another."""
    if value is None or setting.read() == value:
        return False
    with suppress(OSError, ValueError):  # a folder that has gone
        setting.write(value)
    return True


def _chance() -> list[tuple[Any, Callable[[Any], object]]]:
    """Return the state of each generator of random numbers that is loaded, with the function that restores it."""
    found: list[tuple[Any, Callable[[Any], object]]] = [(random.getstate(), random.setstate)]
    if numpy := sys.modules.get("numpy.random"):
        found.append((numpy.get_state(), numpy.set_state))
    if (torch := sys.modules.get("torch")) and hasattr(torch, "set_rng_state"):
        found.append((torch.get_rng_state(), torch.set_rng_state))
        if torch.cuda.is_initialized():
            found.append((torch.cuda.get_rng_state_all(), torch.cuda.set_rng_state_all))
    return found


def concerns_all(entry: Any) -> bool:
    """Return whether a filter of warnings concerns all of them, or turns some into exceptions."""
    action, message, category, module, line = entry
    return action == "error" or (message is None and module is None and line == 0 and category is Warning)


def _filters() -> list[Any]:
    filters: list[Any] = warnings.filters  # type: ignore[assignment] # a list
    return filters


def _folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return None


def _umask() -> int:
    try:  # reading it by os.umask would change it for a moment, for other threads too
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Umask")).split()[1], 8)
    except (OSError, StopIteration, ValueError):
        mask = os.umask(0o077)
        os.umask(mask)
        return mask


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _set_handlers(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        if signal.getsignal(number) != handler and threading.current_thread() is threading.main_thread():
            signal.signal(number, handler)


def _streams() -> tuple[Any, ...]:
    return sys.stdin, sys.stdout, sys.stderr


def _set_streams(streams: tuple[Any, ...]) -> None:
    sys.stdin, sys.stdout, sys.stderr = streams


_kept: dict[int, tuple[object, int]] = {}
"""Descriptor of stdin, stdout or stderr to the file that it meant when this module last looked, and a copy of it."""


def _descriptors() -> dict[int, object]:
    """Return which files the descriptors 0, 1 and 2 mean, without those that are closed; copies are kept."""
    found: dict[int, object] = {}
    for number in range(3):
        with suppress(OSError):
            status = os.fstat(number)
            found[number] = (status.st_dev, status.st_ino)
    return found


def _keep_descriptors() -> None:
    if sys.platform == "win32":
        return
    import fcntl

    for number, file in _descriptors().items():
        known, copy = _kept.get(number, (None, -1))
        if known != file:
            with suppress(OSError):
                os.close(copy)
            _kept[number] = file, fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3)


def _set_descriptors(files: Mapping[int, object]) -> None:
    for number, file in files.items():
        known, copy = _kept.get(number, (None, -1))
        if known == file:
            os.dup2(copy, number)


_PROCESS = {
    "the descriptors of stdin, stdout or stderr": Setting(_descriptors, _set_descriptors),
    "the working directory": Setting(_folder, os.chdir),
    "the umask": Setting(_umask, os.umask),
    "the locale": Setting(
        lambda: locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)
    ),
    "the signal handlers": Setting(_handlers, _set_handlers),
    "sys.stdin, sys.stdout or sys.stderr": Setting(_streams, _set_streams),
    "sys.excepthook": Setting(lambda: sys.excepthook, lambda hook: setattr(sys, "excepthook", hook)),
    "the limit of recursion": Setting(sys.getrecursionlimit, sys.setrecursionlimit),
}


def _numpy() -> dict[str, Setting]:
    np = sys.modules.get("numpy")
    if np is None or not hasattr(np, "seterr"):
        return {}
    return {"numpy's treatment of errors": Setting(np.geterr, lambda value: np.seterr(**value))}


def _torch() -> dict[str, Setting]:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "set_default_dtype"):
        return {}
    cudnn = torch.backends.cudnn

    def flag(name: str, default: bool) -> Setting:
        return Setting(lambda: getattr(cudnn, name), lambda value: setattr(cudnn, name, value), default)

    return {
        "torch's default dtype": Setting(torch.get_default_dtype, torch.set_default_dtype, torch.float32),
        "torch's default device": Setting(
            torch.get_default_device,
            lambda value: torch.set_default_device(None if value.type == "cpu" else value),  # None costs no time
            torch.device("cpu"),
        ),
        "torch's gradient mode": Setting(torch.is_grad_enabled, torch.set_grad_enabled, True),
        "torch's number of threads": Setting(torch.get_num_threads, torch.set_num_threads),
        "torch's precision of float32 products": Setting(
            torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"
        ),
        "torch's deterministic algorithms": Setting(
            torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, False
        ),
        "cudnn.benchmark": flag("benchmark", False),
        "cudnn.deterministic": flag("deterministic", False),
        "cudnn.enabled": flag("enabled", True),
    }
