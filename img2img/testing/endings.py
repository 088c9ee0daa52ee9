"""This module says in words how a process ended that gave no answer."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def how_it_ended(status: int | None, seconds: float) -> str:
    """Return in words how a process ended that gave no answer, from its status as `os.waitpid` returns it."""
    if status is None:
        return f"it takes longer than {seconds:g} s"
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"it ends the process, with status {code}"
    names = {number.value: number.name for number in signal.Signals}
    return f"it crashes: the process was ended by {names.get(-code, f'signal {-code}')}"


def read_stack(path: Path) -> str:
    """Return what a process has written down about where it was; nothing where it has written nothing."""
    with suppress(OSError):
        return path.read_text("utf-8", "replace")
    return ""
