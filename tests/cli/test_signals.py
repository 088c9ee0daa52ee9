"""Ctrl-C and its kin, in this process."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from img2img.cli.signals import orderly_stop
from img2img.errors import Stopped


@pytest.fixture(autouse=True)
def _nothing_is_ignored() -> Iterator[None]:
    """Heed all signals, also where the tests were started by `nohup`."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # handlers run between two instructions


def work_until(number: int) -> int:
    """Work that a signal interrupts and that stops in order; the exit status it leads to."""
    try:
        with orderly_stop() as stop:
            assert not stop()
            send(number)
            assert stop()
            raise Stopped("stopped in the middle")
    except click.exceptions.Exit as ended:
        return ended.exit_code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_to_stop_and_gives_the_exit_status(number: int, capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(number)
    assert work_until(number) == 128 + number
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err == "\nstopping in order; press again to stop at once\nstopped in the middle\n"


def test_work_that_ends_before_it_looks_again_ends_well() -> None:
    with orderly_stop() as stop:
        assert not stop()
        send(signal.SIGINT)
        assert stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_the_work_ends_the_program_at_once(number: int, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(click.exceptions.Exit) as ended, orderly_stop():
        send(number)
    assert ended.value.exit_code == 128 + number
    assert capfd.readouterr().err == "stopped before the work began\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_is_ignored_stays_so_as_nohup_wants_it(number: int) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with orderly_stop() as stop:
            send(number)
            assert not stop()
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_a_terminal_that_is_gone_does_not_hinder_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

        flush = isatty = lambda self: None

    def gone(descriptor: int, data: bytes) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    monkeypatch.setattr(os, "write", gone)
    assert work_until(signal.SIGHUP) == 129


def test_a_signal_while_images_are_translated_ends_with_its_status(
    program: Any, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from img2img.translation.place import Place

    sent: list[Path] = []

    def interrupt(place: Place, data: bytes) -> None:
        if not sent:
            sent.append(place.path)
            os.kill(os.getpid(), signal.SIGINT)
        write(place, data)

    write = Place.write
    monkeypatch.setattr(Place, "write", interrupt)
    done = program("translate", "tiny", photos, tmp_path / "out", "--batch-size", 1)
    assert done.status == 130
    assert "the same command goes on from there" in done.err
