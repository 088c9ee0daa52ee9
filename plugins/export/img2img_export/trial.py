"""This module tries an ONNX file out in a process of its own, so that a file that never ends can be ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Self

from img2img.errors import ModelFileError

SECONDS = 30
"""Seconds of a processor for opening a file and for running it on small images, however busy the machine is."""
PATIENCE = 10
"""How many times as long the trial may take where it does not compute."""
VARIABLE = "IMG2IMG_TRIAL_SECONDS"
"""The environment variable that sets this time."""
MEMORY = 2 << 30
"""Bytes of memory for both, besides four times the size of the file."""
THREADS = 8
"""The most threads that the trial takes."""

OUT_OF_MEMORY = ("bad_alloc", "bad allocation", "failed to allocate", "unable to allocate", "out of memory")

_SCRIPT = Path(__file__).with_name("trial_process.py")


class Trial:
    """A file that is opened and run in another process.

    Args:
        data: The content of the file.
        path: The path of the file, for messages.

    Raises:
        ModelFileError: The file cannot be opened, or takes too long or too much memory for that.
    """

    def __init__(self, data: bytes, path: Path) -> None:
        self._path, self._memory = path, MEMORY + 4 * len(data)
        self._seconds = _seconds()
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        quiet = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_SCRIPT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=quiet,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        settings = {
            "modules": sys.path,
            "size": len(data),
            "memory": self._memory,
            "seconds": self._seconds,
            "threads": min(THREADS, os.cpu_count() or 1),
        }
        try:
            said = self._ask(json.dumps(settings).encode() + b"\n" + data, "opened")
            if "error" in said:
                raise ModelFileError(f"onnxruntime cannot open {path}: {_first_line(said['error'])}")
        except BaseException:
            self.close()
            raise

    def run(self, shapes: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
        """Run the file on tensors of these shapes.

        Returns:
            The shape of the result; None where the file cannot take these shapes, or gives no floating-point numbers.

        Raises:
            ModelFileError: It takes too long or too much memory, or ends the process.
        """
        said = self._ask(json.dumps(list(map(list, shapes))).encode() + b"\n", "done with a small image")
        return tuple(said.get("done") or ()) or None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    continue  # what it was to read is lost with it

    def _read(self) -> None:
        assert self._process.stdout
        try:
            for line in self._process.stdout:
                self._lines.put(line)
        except ValueError:  # closed
            return
        self._lines.put(b"")

    def _ask(self, question: bytes, what: str) -> dict[str, Any]:
        threading.Thread(target=self._write, args=(question,), daemon=True).start()
        try:
            line = self._lines.get(timeout=self._seconds * PATIENCE)
        except Empty as error:
            raise self._endless(what) from error
        return self._said(line, what)

    def _said(self, line: bytes, what: str) -> dict[str, Any]:
        if not line and self._process.wait() == -signal.SIGINT:
            raise KeyboardInterrupt  # Ctrl-C in a terminal reaches both processes
        if not line and self._process.returncode == -getattr(signal, "SIGXCPU", 24):
            raise self._endless(what)
        said = dict(json.loads(line)) if line else {}
        out_of_memory = any(words in said.get("error", "").lower() for words in OUT_OF_MEMORY)
        if out_of_memory or (not line and self._process.returncode == -getattr(signal, "SIGKILL", 9)):
            raise ModelFileError(
                f"{self._path} was not {what} in {self._memory / 1e9:.1f} GB of memory; no network needs more for that"
            )
        if not line:
            raise ModelFileError(f"{self._path} makes onnxruntime crash; export it again")
        return said

    def _endless(self, what: str) -> ModelFileError:
        return ModelFileError(
            f"{self._path} was not {what} within {self._seconds} s of computing, as if it never ended; if it is only "
            f"slow, set {VARIABLE} to more seconds"
        )

    def _write(self, question: bytes) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
        except (OSError, ValueError):  # the process has ended, as whoever reads finds out
            return


def _seconds() -> int:
    text = os.environ.get(VARIABLE, "")
    return max(1, int(text)) if text.isascii() and text.isdigit() else SECONDS


def _first_line(text: str) -> str:
    return (text.splitlines() or ["no reason given"])[0][:500]
