"""Calls readers in processes that may crash, hang or run out of memory without harm to the others."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from img2img.errors import FatalError, Img2ImgError

READ, REFUSED, TRACEBACK, CRASH, HANG, MEMORY = "read", "refused", "traceback", "crash", "hang", "memory"
FAULTS = (TRACEBACK, CRASH, HANG, MEMORY)


@dataclass(frozen=True)
class Outcome:
    """What a reader did with a file."""

    verdict: str
    """READ; REFUSED, by a message that is meant for the user; or one of the FAULTS."""
    detail: str = ""
    seconds: float = 0


@dataclass(frozen=True)
class Limits:
    """What reading one file may take."""

    seconds: float = 60
    bytes: int = 4 << 30
    """Of address space, more than the process has before."""


class Trial:
    """A process that reads one file after the other; a new one takes its place after a crash or a hang."""

    def __init__(self, reader_of: Callable[[Path], Callable[[Path], None]], limits: Limits) -> None:
        self._reader_of, self._limits = reader_of, limits
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=self._serve, args=(other,), daemon=False)
        self._process.start()
        other.close()

    def __call__(self, path: Path) -> Outcome:
        """Read a file."""
        started = perf_counter()
        self._pipe.send(path)
        try:
            if not self._pipe.poll(self._limits.seconds):
                self._end()
                self._start()
                return Outcome(HANG, f"longer than {self._limits.seconds:g} s", perf_counter() - started)
            verdict, detail = self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            status = self._process.exitcode or 0
            self._start()
            name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
            return Outcome(CRASH, name, perf_counter() - started)
        return Outcome(verdict, detail, perf_counter() - started)

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _serve(self, pipe: Connection) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        most = _address_space() + self._limits.bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        while True:
            try:
                path = pipe.recv()
            except EOFError:
                os._exit(0)
            pipe.send(_read(self._reader_of(path), path))


def _read(reader: Callable[[Path], None], path: Path) -> tuple[str, str]:
    try:
        reader(path)
    except FatalError:
        return TRACEBACK, traceback.format_exc()
    except Img2ImgError as error:
        return REFUSED, str(error)
    except MemoryError:
        return MEMORY, traceback.format_exc()
    except BaseException:
        return TRACEBACK, traceback.format_exc()
    return READ, ""


def _address_space() -> int:
    """Return the bytes of address space that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
