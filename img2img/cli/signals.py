"""Ctrl-C and its kin: the first asks for an orderly stop, the second ends the program at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from img2img.cli.messages import say
from img2img.errors import Stopped

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class StopRequest:
    """Callable: tells whether a signal has asked to stop."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self) -> bool:
        return self.signal != 0

    def receive(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            os._exit(128 + number)
        self.signal = number
        with suppress(OSError):  # the terminal may be gone; and no print, which may be what was interrupted
            os.write(2, b"\nstopping in order; press again to stop at once\n")


@contextmanager
def orderly_stop() -> Iterator[StopRequest]:
    """Within, signals ask to stop; work that did stop ends the program with 128 + the signal's number."""
    request = StopRequest()
    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # as by nohup
    before = {number: signal.signal(number, request.receive) for number in heeded}
    try:
        yield request
    except Stopped as stopped:
        say(str(stopped))
        raise click.exceptions.Exit(128 + request.signal) from stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
