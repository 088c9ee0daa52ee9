"""Signals in the middle of a video: an orderly end, a report, no target, and a way to go on."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from .films import Stage, waiter


@pytest.fixture
def stage(program: Any, site: Path, tmp_path: Path) -> Stage:
    return Stage(program, site, tmp_path)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("target", ["a.mp4", "a.gif", "frames"])
def test_a_signal_ends_a_video_in_order_and_the_same_command_goes_on(
    target: str, number: int, status: int, stage: Stage
) -> None:
    words = ("--report", "report.json", *(("--format", "png") if target == "frames" else ()))
    source = stage.clip()
    stage.ended(0, source, f"golden/{target}", *words)
    done = stage.ended(status, source, f"out/{target}", *words, signals={25: number}, delay=0.01)
    assert done.out == ""
    assert "stopping in order; press again to stop at once" in done.err
    assert "the same command goes on from there" in done.err
    assert stage.frames[-1] < 30
    assert target == "frames" or stage.results("out") == {}
    assert not [name for name in stage.files("out") if name.endswith(".part")], "something is half-written"
    said = json.loads((stage.folder / "report.json").read_text("ascii"))
    assert said["counts"] == {"done": 0, "damaged": 0, "skipped": 0, "failed": 0, "not_reached": 1}

    stage.ended(0, source, f"out/{target}", *words)
    assert stage.frames[0] == (1 if target == "a.gif" else 21)
    assert stage.files("out") == stage.files("golden")


def test_a_second_signal_ends_the_program_at_once_and_the_same_command_goes_on(stage: Stage, until: Any) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    stage.killed(source, "out/a.mp4", 15)
    stage.order(gate=1)  # which nobody opens: the network would never end
    running = stage.start(source, "out/a.mp4")
    until(lambda: stage.batches > 0)
    running.send(signal.SIGINT)
    until(lambda: "press again" in running.err)
    running.send(signal.SIGINT)
    assert running.wait() == 130
    assert stage.results("out") == {}
    stage.ended(0, source, "out/a.mp4")
    assert stage.files("out") == stage.files("golden")


def test_a_signal_ends_a_video_in_the_middle_of_a_frame_with_many_tiles(stage: Stage, until: Any) -> None:
    """Each tile is done soon, a frame of them is not: what has not begun of it must not be waited for."""
    tiles, source = 6 * 4, stage.clip(size=(96, 64))
    stage.order(delay=1)
    running = stage.start(source, "out/a.mp4", "--tile", 16, "--batch-size", 1)
    until(lambda: stage.batches > 0)
    running.send(signal.SIGINT)
    assert running.wait() == 130
    assert stage.batches < tiles
    assert stage.frames == []


def test_a_signal_in_a_folder_job_leaves_the_clips_that_are_done(stage: Stage, until: Any) -> None:
    stage.clip("a.mp4")
    stage.clip("b.mp4", first=50)
    words = ("--report", "report.json")
    stage.ended(0, "in", "golden")
    stage.order(gate=35 + 20)
    running = stage.start("in", "out", *words, "--batch-size", 1)
    until(lambda: (stage.folder / "out" / "a.mp4").exists() and len(stage.frames) > 45)
    running.send(signal.SIGTERM)
    until(lambda: "press again" in running.err)
    (stage.folder / "go").touch()
    assert running.wait() == 143
    assert set(stage.results("out")) == {"a.mp4"}
    said = json.loads((stage.folder / "report.json").read_text("ascii"))["counts"]
    assert (said["done"], said["not_reached"]) == (1, 1)
    stage.ended(0, "in", "out", *words, "--batch-size", 1)
    assert stage.frames[0] > 1
    said = json.loads((stage.folder / "report.json").read_text("ascii"))["counts"]
    assert (said["done"], said["skipped"]) == (1, 1)
    assert stage.results("out") == stage.results("golden")


def test_a_second_job_for_a_target_is_refused_by_name_and_a_third_goes_on_after_the_first_was_killed(
    stage: Stage, until: Any
) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    stage.order(gate=15)
    first = stage.start(source, "out/a.mp4", "--batch-size", 1)
    until(lambda: waiter(stage)() and len(stage.segments("out/a.mp4")) == 1)
    refused = stage.program("translate", stage.model, source, "out/a.mp4", "--overwrite", cwd=stage.folder)
    assert refused.status == 3
    assert "another job is writing to out/a.mp4; wait for it, or name another target" in refused.err
    first.send(signal.SIGKILL)
    assert first.wait() == -9
    stage.ended(0, source, "out/a.mp4")
    assert stage.frames[0] > 10
    assert stage.files("out") == stage.files("golden")


def test_a_job_for_another_target_in_the_same_folder_is_not_in_the_way(stage: Stage, until: Any) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    stage.order(gate=15)
    first = stage.start(source, "out/b.mp4", "--batch-size", 1)
    until(waiter(stage))
    stage.ended(0, source, "out/a.mp4")
    (stage.folder / "go").touch()
    assert first.wait() == 0
    assert set(stage.files("out")) == {"a.mp4", "b.mp4"}
    assert set(stage.files("out").values()) == set(stage.files("golden").values())
