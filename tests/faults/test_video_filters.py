"""Filters that remember something, on either side of the network, go on after a kill as if nothing had happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..translation import marks
from .films import SEGMENT, Stage

REMEMBERING = ("--filter", "count", "-f", "grain:strength=0.2", "-f", "count", "--steady")


@pytest.fixture
def stage(program: Any, site: Path, tmp_path: Path) -> Stage:
    marks.install(site)
    return Stage(program, site, tmp_path)


@pytest.mark.parametrize("words", [(), ("--fps", "60")], ids=["each once", "some repeated"])
def test_a_video_that_is_killed_in_every_segment_becomes_what_it_would_have_become(
    words: tuple[str, ...], stage: Stage
) -> None:
    source, words = stage.clip(frames=25), (*REMEMBERING, *words)
    stage.ended(0, source, "golden/a.mp4", *words)
    count = stage.frames[-1]
    for at in range(SEGMENT - 1, count + 1, SEGMENT):
        stage.killed(source, "out/a.mp4", at, *words)
    stage.ended(0, source, "out/a.mp4", *words)
    assert stage.files("out") == stage.files("golden")


def test_a_kill_when_all_segments_stood_costs_nothing(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4", *REMEMBERING)
    stage.killed_before("mux", source, "out/a.mp4", *REMEMBERING)
    stage.ended(0, source, "out/a.mp4", *REMEMBERING)
    assert stage.frames == []
    assert stage.files("out") == stage.files("golden")


def test_filters_that_remember_nothing_leave_finished_segments_alone(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4", "-f", "add:value=9")
    stage.killed(source, "out/a.mp4", 25, "-f", "add:value=9")
    stage.ended(0, source, "out/a.mp4", "-f", "add:value=9")
    assert stage.frames == list(range(21, 36))
    assert stage.files("out") == stage.files("golden")


@pytest.mark.parametrize("other", [(), ("-f", "add:value=8"), ("-f", "add:value=9", "-f", "add:value=9")], ids=str)
def test_other_filters_throw_segments_away(other: tuple[str, ...], stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4", *other)
    stage.killed(source, "out/a.mp4", 25, "-f", "add:value=9")
    stage.ended(0, source, "out/a.mp4", *other)
    assert stage.frames[0] == 1
    assert stage.files("out") == stage.files("golden")


def test_a_filter_that_fails_on_a_frame_fails_the_video_and_leaves_nothing(stage: Stage) -> None:
    source = stage.clip()
    done = stage.ended(1, source, "out/a.mp4", "-f", "broken:how=raise")
    assert f"failed: {source}: the filter 'img2img-marks/broken' failed: ValueError: no idea" in done.err
    assert stage.files("out") == {}
