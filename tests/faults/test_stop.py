"""Signals in the middle of a job: an orderly end, a report, nothing half-done, and a way to go on."""

from __future__ import annotations

import json
import os
import pty
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def finished(folder: Path) -> int:
    return len(list(folder.rglob("*.png")))


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=lambda value: str(value),
)
def test_a_signal_ends_a_job_in_order_and_the_same_command_goes_on_from_there(
    number: int,
    status: int,
    program: Any,
    photos: Path,
    golden: dict[str, bytes],
    model: Callable[..., Path],
    tmp_path: Path,
    tree: Any,
    until: Any,
) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    command = ("translate", model(hold=8), photos, out, "--batch-size", 2, "--report", report)
    running = program.start(*command, cwd=tmp_path)
    until(lambda: finished(out) >= 4)
    running.send(number)
    until(lambda: "press again" in running.err)
    (tmp_path / "go").touch()
    assert running.wait() == status

    written = tree(out)
    assert 4 <= len(written) < len(golden)
    assert written == {name: golden[name] for name in written}, "something is left over, or half-done"
    said = json.loads(report.read_text("ascii"))
    assert said["counts"] == {
        "done": len(written),
        "damaged": 0,
        "skipped": 0,
        "failed": 0,
        "not_reached": 24 - len(written),
    }
    assert {os.path.relpath(row["target"], out) for row in said["items"] if row["status"] == "done"} == set(written)
    assert running.out == ""
    assert "stopping in order; press again to stop at once" in running.err
    assert "the same command goes on from there" in running.err

    done = program(*command, cwd=tmp_path)
    assert done.status == 0
    assert tree(out) == golden
    counts = json.loads(report.read_text("ascii"))["counts"]
    assert counts == {"done": 24 - len(written), "damaged": 0, "skipped": len(written), "failed": 0, "not_reached": 0}


def test_a_second_signal_ends_the_program_at_once(
    program: Any, photos: Path, model: Callable[..., Path], tmp_path: Path, until: Any
) -> None:
    command = ("translate", model(hold=1), photos, tmp_path / "out", "--batch-size", 1)
    running = program.start(*command, cwd=tmp_path)  # where nothing ever lets the network go on
    until(lambda: "the network waits" in running.err)
    running.send(signal.SIGINT)
    until(lambda: "press again" in running.err)
    running.send(signal.SIGINT)
    assert running.wait() == 130
    assert finished(tmp_path / "out") <= 1


def test_a_terminal_that_is_closed_ends_the_job_in_order(
    program: Any, photos: Path, model: Callable[..., Path], tmp_path: Path, until: Any
) -> None:
    master, slave = pty.openpty()
    out, report = tmp_path / "out", tmp_path / "report.json"
    command = ("translate", model(hold=8), photos, out, "--batch-size", 2, "--report", report)
    running = program.start(*command, terminal=os.ttyname(slave), cwd=tmp_path)
    until(lambda: finished(out) >= 4)
    os.close(slave)
    os.close(master)
    time.sleep(0.5)  # the process that stands before the work is told, and passes it on
    (tmp_path / "go").touch()
    assert running.wait() == 129
    counts = json.loads(report.read_text("ascii"))["counts"]
    assert counts["done"] == finished(out)
    assert counts["failed"] == 0
    assert counts["not_reached"] > 0


def test_a_job_whose_terminal_is_gone_ends_as_well_as_any(
    program: Any, photos: Path, model: Callable[..., Path], tmp_path: Path, until: Any
) -> None:
    master, slave = pty.openpty()
    command = ("translate", model(hold=8), photos, tmp_path / "out", "--batch-size", 2)
    running = program.start(*command, terminal=os.ttyname(slave), ignored=(int(signal.SIGHUP),), cwd=tmp_path)
    until(lambda: finished(tmp_path / "out") >= 4)
    os.close(slave)
    os.close(master)
    (tmp_path / "go").touch()
    assert running.wait() == 0
    assert finished(tmp_path / "out") == 24


def test_a_job_under_nohup_goes_on_when_the_terminal_is_closed(
    program: Any, photos: Path, model: Callable[..., Path], tmp_path: Path, until: Any
) -> None:
    out = tmp_path / "out"
    command = ("translate", model(hold=8), photos, out, "--batch-size", 2)
    running = program.start(*command, ignored=(int(signal.SIGHUP),), cwd=tmp_path)
    until(lambda: finished(out) >= 4)
    running.send(signal.SIGHUP)
    (tmp_path / "go").touch()
    assert running.wait() == 0
    assert finished(out) == 24
