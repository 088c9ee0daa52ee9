"""What is seen while the program works: a bar on a terminal, and elsewhere nothing."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
import threading
from pathlib import Path
from typing import Any

import pytest


class Terminal:
    """A terminal to write to, and what was written."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        self.written = b""
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self.master, 65536):
                self.written += data
        except OSError:  # so says Linux when the other end is closed
            pass

    def close(self) -> str:
        self.stream.close()
        self.reader.join(60)
        assert not self.reader.is_alive()
        os.close(self.master)
        return self.written.decode()


def test_on_a_terminal_a_bar_shows_count_rate_and_remaining_time(
    program: Any, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal.stream)
        done = program("translate", "tiny", photos, tmp_path / "out", "--batch-size", 1)
    seen = terminal.close()
    assert done.status == 0
    assert "3/3" in seen
    assert "image/s" in seen or "s/image" in seen
    assert "<00:00" in seen
    assert "3 done in" in seen.splitlines()[-1]


def test_elsewhere_there_is_no_bar(program: Any, photos: Path, tmp_path: Path) -> None:
    done = program("translate", "tiny", photos, tmp_path / "out")
    assert done.out == ""
    assert "\r" not in done.err
    assert len(done.err.splitlines()) == 1
