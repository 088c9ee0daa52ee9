"""Watches what a plugin leaves behind while one promise is checked: threads, output, files, and functions replaced."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from img2img.testing.lines import is_own

Traces = dict[str, list[str]]
"""What was left behind, in words, by the name of a watch."""
Functions = list[tuple[str, Mapping[str, Any], dict[str, Any]]]
"""Modules and classes: the name of each, what it holds now, and the functions and classes that it held before."""

GRACE = 1.0
"""Seconds in which threads and processes may come to their end after a check."""
LONGEST = 200
"""Characters of printed text that are quoted."""
_MODULES = {
    "builtins", "json", "random", "time", "pathlib", "logging", "numpy", "numpy.random", "numpy.linalg", "cv2", "torch",
    "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.optim", "torch.utils.data", "torch.linalg", "PIL.Image",
    "torch._tensor", "torch.nn.modules.module", "torch.nn.modules.conv", "torch.nn.modules.linear", "kornia",
}  # fmt: skip
"""The modules, besides those of img2img, whose functions are watched."""
_HELPERS = ("multiprocessing.resource_tracker", "torch._inductor.compile_worker")
"""Processes of Python and torch that are left to these."""
_HELPING_THREADS = ("tqdm_monitor",)
"""Threads of libraries that are left to these."""


@contextmanager
def watching(folder: Path, functions: Functions) -> Iterator[Traces]:
    """Yield a table that is filled at the end with what was left behind meanwhile.

    Args:
        folder: An empty folder, in which a working directory is made, and a file for what is printed.
        functions: What `functions()` returned before the plugin was imported.
    """
    traces: Traces = {}
    threads = set(threading.enumerate())
    place, printed, before = folder / "working-directory", folder / "printed", Path.cwd()
    place.mkdir()
    sys.stdout.flush()
    output, own = os.dup(1), sys.stdout
    with printed.open("wb") as file:
        os.dup2(file.fileno(), 1)
    os.chdir(place)
    try:
        yield traces
    finally:
        for stream in {own, sys.stdout}:
            with suppress(Exception):  # the plugin may have put anything there
                stream.flush()
        os.dup2(output, 1)
        os.close(output)
        os.chdir(before)
        traces["running"] = _running(threads)
        traces["printed"] = _printed(printed)
        traces["files"] = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
        traces["replaced"] = _replaced(functions)


def functions() -> Functions:
    """Return the functions and classes of the watched modules that are loaded, and the methods of their classes."""
    found: Functions = []
    for name, module in list(sys.modules.items()):
        if name not in _MODULES and not name.startswith("img2img."):
            continue
        own = {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("__")}
        found.append((name, vars(module), own))
        for key, value in own.items():
            if isinstance(value, type) and value.__module__ == name and name != "builtins":
                found.append((f"{name}.{key}", vars(value), _methods(value)))
    return found


def _methods(owner: type) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(owner).items()
        if callable(value) and not isinstance(value, type) and not name.startswith(("__pydantic", "_abc"))
    }


def _replaced(before: Functions) -> list[str]:
    found = []
    for place, namespace, own in before:
        for name, value in own.items():
            if namespace.get(name) is not value:
                found += _by_whom(place, name, namespace.get(name))
    return found


def _by_whom(place: str, name: str, new: Any) -> list[str]:
    """Return what was replaced, and by what of the plugin; nothing where a library has done so with its own."""
    code = getattr(new, "__code__", None)
    if code and is_own(code.co_filename):
        line = f"{Path(code.co_filename).name}, line {code.co_firstlineno}"
        return [f"{place}.{name}, by {code.co_name} ({line}),"]
    others = str(getattr(new, "__module__", "")).split(".")[0] != place.split(".")[0]
    return [f"{place}.{name}"] if others else []


def _printed(path: Path) -> list[str]:
    text = path.read_text("utf-8", "replace").strip()
    return [repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")] if text else []


def _running(threads: set[threading.Thread]) -> list[str]:
    """Return the new threads and the processes that do not end within a moment."""
    deadline = time.monotonic() + GRACE
    while True:
        new = [thread.name for thread in threading.enumerate() if thread not in threads]
        found = [f"the thread {name!r}" for name in new if name not in _HELPING_THREADS]
        found += [f"the process {name!r}" for name in _processes()]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.02)


def _processes() -> Iterator[str]:
    """Yield the command of each other process of this session, or where that is not known, of each child."""
    if not (Path("/proc/self/stat").exists() and os.getsid(0) == os.getpid()):
        yield from (child.name for child in multiprocessing.active_children())
        return
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):  # it has just ended
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
            command = path.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            others = int(session) == os.getpid() != int(path.parent.name)
            if others and state not in "ZX" and not any(helper in command for helper in _HELPERS):
                yield f"{path.parent.name}: {command[:LONGEST]}"


def memory() -> int:
    """Return how many bytes of this process are in memory; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError):
        return 0


def native_threads() -> int:
    """Return the number of threads of this process, with those that are none of Python's."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return threading.active_count()


@contextmanager
def noting_exits(note: Callable[[str], None]) -> Iterator[None]:
    """Call `note` with the stack before this process, and none that it forks, is ended by `os._exit`."""
    import traceback

    leave, process = os._exit, os.getpid()

    def noted(status: int) -> None:
        if os.getpid() == process:
            stack = "".join(reversed(traceback.format_list(traceback.extract_stack()[:-1])))
            with suppress(Exception):  # the plugin may have closed the file
                note(f"os._exit({status!r})\n{stack}")
        leave(status)

    os._exit = noted  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = leave
