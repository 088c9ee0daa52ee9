"""This module decides the program's exit status outside of the process in which strangers' plugins run.

Where such plugins may be imported, the program forks before it imports anything heavy. The child does the work and
reports its exit status over a pipe at its end. If it ends without a report, killed or by `os._exit(0)`, the parent says
so and ends with the status of a fatal error. Both are in one process group, so that nothing changes for the terminal.
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

import click

from img2img.cli.messages import say
from img2img.errors import FatalError

if TYPE_CHECKING:
    from img2img.host.declarations import Plugin

GRACE = 0.05
"""Seconds in which the child says that it got a signal by itself, if that was sent to both processes.

A child that has no time to say so has the signal waiting still, and the same one passed on then changes nothing.
"""
MOST_NAMES = 10
"""The most plugins that a message names."""

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_Pipe = tuple[int, int]

_reports_to: _Pipe | None = None
"""In the child: its process number, which processes that it forks do not have, and the pipe for its exit status."""


def supervise(plugins: Sequence[Plugin]) -> None:
    """Go on in a child process if plugins that are not built in may be imported; only the child returns then.

    Raises:
        click.exceptions.Exit: The child has ended; this is raised in the parent.
    """
    strangers = [str(plugin) for plugin in plugins if plugin.state == "ok" and not plugin.built_in]
    if not strangers or not hasattr(os, "fork") or threading.current_thread() is not threading.main_thread():
        return
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    try:
        answer, heard, life = os.pipe(), os.pipe(), os.pipe()
        with _signals_wait():
            child = os.fork()
            if child == 0:
                _begin(answer, heard, life)
                return
            watch = _Watch(child, answer, heard, life)
    except OSError:  # no process may be started here
        return
    raise click.exceptions.Exit(watch.status(strangers))


def report(status: int) -> None:
    """Report the exit status of the work to the parent, if there is one."""
    if _reports_to and _reports_to[0] == os.getpid():
        with suppress(OSError):  # a plugin has closed the pipe
            os.write(_reports_to[1], b"status %d\n" % status)


def _begin(answer: _Pipe, heard: _Pipe, life: _Pipe) -> None:
    """Prepare the child: it reports the signals that it gets, and does not outlive its parent."""
    global _reports_to
    for end in (answer[0], heard[0], life[1]):
        os.close(end)
    _reports_to = os.getpid(), answer[1]
    os.set_blocking(heard[1], False)
    signal.set_wakeup_fd(heard[1], warn_on_full_buffer=False)
    threading.Thread(target=_end_with_parent, args=(life[0],), daemon=True).start()


def _end_with_parent(life: int) -> None:
    """Kill this process when the parent has ended, which then closes its end of a pipe."""
    with suppress(OSError):
        if not os.read(life, 1):
            os.kill(os.getpid(), signal.SIGKILL)


class _Watch:
    """Waits for the child; passes on the signals that only the parent received.

    Args:
        child: The number of the child's process.
        answer: A pipe over which the child reports its exit status.
        heard: A pipe over which the child reports the numbers of the signals that it gets.
        life: A pipe that stays open as long as this process lives.
    """

    def __init__(self, child: int, answer: _Pipe, heard: _Pipe, life: _Pipe) -> None:
        for end in (answer[1], heard[1], life[0]):
            os.close(end)
        self._child, self._answer, self._heard = child, answer[0], heard[0]
        self._bell, bell = os.pipe()
        for end in (self._bell, bell, self._answer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
        self._received: dict[int, float] = {}
        """Signal to the time when this process received it."""
        self._waiting: dict[int, float] = {}
        """Those of them that the child may not have got, with the time when they are passed on."""
        self._reported: dict[int, float] = {}
        """Signal to the time when the child said that it got it by itself."""
        self._passed_on: set[int] = set()
        """Signals that the child has got from this process, and has not said so yet."""
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores some
                signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # so that it rings the bell
        signal.signal(signal.SIGCONT, lambda *_: os.kill(child, signal.SIGCONT))
        if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
            signal.signal(signal.SIGTSTP, self._pause)

    def status(self, strangers: Sequence[str]) -> int:
        """Return the exit status of the work; if the child ended without a report, say so."""
        ended = self._wait()
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)  # the work has ended
        with suppress(OSError):
            if said := re.fullmatch(rb"status (\d+)\n", os.read(self._answer, 100)):
                return int(said[1])
        if -ended in self._received:  # it ended this process, too
            signal.signal(-ended, signal.SIG_DFL)
            os.kill(os.getpid(), -ended)
        names = ", ".join(strangers[:MOST_NAMES]) + (", …" if len(strangers) > MOST_NAMES else "")
        say(
            f"error: the process that did the work {_how(ended)}, before the work was done.",
            f"These plugins may have been at work in it: {names}.",
            "If one of them is the reason, use only others, by --plugins a,b,c. "
            "What was finished is intact; the same command goes on from there.",
        )
        return FatalError.exit_code

    def _wait(self) -> int:
        """Return how the child ended: its exit status, or the number of a signal with a minus."""
        sources = [self._bell, self._heard]
        while True:
            ended, status = os.waitpid(self._child, os.WNOHANG)
            if ended:
                with suppress(BlockingIOError):
                    self._note(os.read(self._bell, 4096), by_child=False)
                return os.waitstatus_to_exitcode(status)
            due = [when - monotonic() for when in self._waiting.values()]
            for source in select.select(sources, [], [], max(0, min(due)) if due else None)[0]:
                numbers = os.read(source, 4096)
                if not numbers:  # the child has closed its end
                    sources.remove(source)
                self._note(numbers, by_child=source == self._heard)
            self._pass_on()

    def _note(self, numbers: bytes, *, by_child: bool) -> None:
        now = monotonic()
        for number in set(numbers).intersection(_ENDING):
            if number in self._passed_on and by_child:
                self._passed_on.remove(number)
            elif by_child:
                self._reported[number] = now
            else:
                self._received[number] = now
                self._waiting[number] = now + GRACE

    def _pass_on(self) -> None:
        """Pass on the signals that the child has not got by itself."""
        for number, due in [*self._waiting.items()]:
            if self._reported.get(number, 0) > due - 2 * GRACE:
                del self._waiting[number]
            elif monotonic() >= due:
                del self._waiting[number]
                self._passed_on.add(number)
                os.kill(self._child, number)

    def _pause(self, number: int, frame: object) -> None:
        """Stop the child and then this process, as Ctrl-Z does; SIGCONT lets both go on."""
        os.kill(self._child, number)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._pause)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Let signals wait while the two processes begin."""
    numbers = [*_ENDING, signal.SIGTSTP, signal.SIGCONT, signal.SIGCHLD]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _how(ended: int) -> str:
    if ended >= 0:
        return f"ended itself with status {ended}"
    name = signal.Signals(-ended).name if -ended in set(signal.Signals) else "?"
    return f"was killed by signal {-ended} ({name})"
