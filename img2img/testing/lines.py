"""Finds the line of a plugin's own code in an error, or in the stacks that a crashing process writes."""

from __future__ import annotations

import linecache
import os
import re
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from img2img.text import error_text

_OWN: list[Path] = []
"""Folders and files of the plugin that is checked in this process; empty where that is not known."""
_PROGRAM, _PYTHON = Path(__file__).parents[1], Path(os.__file__).parent
_FRAME = re.compile(r'^ *File "(.+)", line (\d+),? in ', re.MULTILINE)
"""One line of a stack as `faulthandler` writes it."""


def set_own_files(modules: Iterable[str]) -> None:
    """Note where the modules of the plugin are that is checked in this process."""
    for module in modules:
        with suppress(Exception):  # finding may run code of others
            spec = find_spec(module.partition(".")[0])
            places = list(spec.submodule_search_locations or [spec.origin or ""]) if spec else []
            _OWN.extend(Path(place).resolve() for place in places if place)


def describe(error: BaseException) -> str:
    """Return the error that a plugin raised, and the line of its own code where it was raised or that led there."""
    return f"{error_text(error)}{next((_shown(*frame) for frame in _frames(error) if is_own(frame[0])), '')}"


def is_own(file: str) -> bool:
    """Return whether a file is the plugin's; where that is not known, whether it is nobody else's."""
    path = Path(file).resolve()
    if _OWN:
        return any(root == path or root in path.parents for root in _OWN)
    return not {_PROGRAM, _PYTHON} & {*path.parents} and "site-packages" not in path.parts and not file.startswith("<")


def line_of_stack(stack: str) -> str:
    """Return the plugin's line in a stack that `faulthandler` wrote, as ` (networks.py, line 3: …)`, or nothing."""
    current = stack.rpartition("Current thread")[2]
    frames = [(file, int(number)) for part in (current, stack) for file, number in _FRAME.findall(part)]
    return next((_shown(*frame) for frame in frames if is_own(frame[0])), "")


def _frames(error: BaseException | None) -> Iterator[tuple[str, int]]:
    """Yield file and line of each frame, the deepest first; then those of the errors that led to this one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, SyntaxError) and error.filename:
            yield error.filename, error.lineno or 0
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            yield frame.filename, frame.lineno or 0
        error = error.__cause__ or error.__context__


def _shown(file: str, number: int) -> str:
    text = linecache.getline(file, number).strip()
    return f" ({Path(file).name}, line {number}{f': {text}' if text else ''})"
