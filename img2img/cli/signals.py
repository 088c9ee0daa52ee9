"""This module handles signals such as Ctrl-C: the first requests an orderly stop, the second ends the program."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from img2img.cli.messages import say
from img2img.cli.supervision import report
from img2img.errors import Stopped

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class StopRequest:
    """A function that returns whether a signal has requested a stop.

    Work that is to stop in order calls it. Until the first call there is no such work, and a signal ends the program.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._was_called = False

    def __call__(self) -> bool:
        self._was_called = True
        return self.signal != 0

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, or end the program at once if it is the second, or comes before the work.

        Raises:
            KeyboardInterrupt: It comes before the work.
        """
        if self.signal:
            report(128 + number)
            os._exit(128 + number)
        self.signal = number
        if not self._was_called:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # as `is_ctrl_c` knows the user's Ctrl-C
            raise KeyboardInterrupt
        with suppress(OSError):  # the terminal may be gone; print is not used, since the signal may interrupt a print
            os.write(2, b"\nstopping in order; press again to stop at once\n")


@contextmanager
def orderly_stop() -> Iterator[StopRequest]:
    """Turn signals into requests to stop; if they end the work, exit with 128 + the signal's number."""
    request = StopRequest()
    handled = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores some
    before = {number: signal.signal(number, request.receive) for number in handled}
    try:
        yield request
    except Stopped as stopped:
        say(str(stopped))
        raise click.exceptions.Exit(128 + request.signal) from stopped
    except KeyboardInterrupt as error:
        if not request.signal:
            raise
        say("stopped before the work began")
        raise click.exceptions.Exit(128 + request.signal) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
