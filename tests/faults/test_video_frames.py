"""A folder of numbered images as the target of a video: what a kill leaves, and whose images are safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .films import Stage


@pytest.fixture
def stage(program: Any, site: Path, tmp_path: Path) -> Stage:
    return Stage(program, site, tmp_path, ("--format", "png"))


def test_a_folder_of_frames_that_is_killed_again_and_again_gets_complete(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden", "--steady")
    golden = stage.files("golden")
    assert list(golden) == [f"{number:08}.png" for number in range(1, 36)]
    for at in (5, 15, 24, 35):
        stage.killed(source, "out", at, "--steady")
        written = {name: data for name, data in stage.results("out").items() if "part" not in name}
        assert written == {name: golden[name] for name in written}, "a frame is half-written"
    stage.ended(0, source, "out", "--steady")
    assert stage.frames[0] > 20
    assert {name: data for name, data in stage.files("out").items() if ".part" not in name} == golden


def test_what_a_kill_leaves_half_written_among_frames_is_tidied_up(stage: Stage) -> None:
    source = stage.clip(frames=15)
    stage.killed(source, "out", 12)
    (stage.folder / "out" / ".img2img-0123456789ab.part").write_bytes(b"half a")  # as a kill leaves it, though seldom
    stage.ended(0, source, "out")
    assert list(stage.files("out")) == [f"{number:08}.png" for number in range(1, 16)]


def test_a_foreign_frame_is_not_overwritten(stage: Stage) -> None:
    source = stage.clip(frames=15)
    foreign = stage.folder / "out" / "00000007.png"
    foreign.parent.mkdir()
    foreign.write_bytes(b"mine")
    done = stage.ended(2, source, "out")
    assert "there are numbered images in out already; replace them by --overwrite" in done.err
    assert stage.frames == []
    assert stage.files("out") == {"00000007.png": b"mine"}, "something is left over"


def test_a_foreign_frame_is_not_overwritten_by_asking_twice(stage: Stage) -> None:
    source = stage.clip(frames=15)
    foreign = stage.folder / "out" / "00000007.png"
    foreign.parent.mkdir()
    foreign.write_bytes(b"mine")
    stage.ended(2, source, "out")
    stage(source, "out")
    assert foreign.read_bytes() == b"mine"


def test_frames_of_a_job_with_other_settings_are_not_overwritten(stage: Stage) -> None:
    source = stage.clip(frames=25)
    stage.killed(source, "out", 15)
    before = stage.results("out")
    done = stage.ended(2, source, "out", "--steady")
    assert "replace them by --overwrite" in done.err
    assert stage.results("out") == before


def test_a_foreign_frame_is_overwritten_where_that_is_asked_for(stage: Stage) -> None:
    source = stage.clip(frames=15)
    (stage.folder / "out").mkdir()
    (stage.folder / "out" / "00000007.png").write_bytes(b"mine")
    stage.ended(0, source, "golden")
    stage.ended(0, source, "out", "--overwrite")
    assert stage.files("out") == stage.files("golden")


def test_frames_that_are_complete_are_not_made_again_unasked(stage: Stage) -> None:
    source = stage.clip(frames=15)
    stage.ended(0, source, "out")
    before = stage.files("out")
    assert "replace them by --overwrite" in stage.ended(2, source, "out").err
    assert stage.files("out") == before


def test_a_full_disk_ends_the_job_with_3_and_later_it_goes_on(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden")
    golden = stage.files("golden")
    most = sorted(map(len, golden.values()))[-3]  # the third largest fits, the two above it do not
    done = stage.ended(3, source, "out", largest_file=most)
    assert "cannot be written: File too large" in done.err
    written = stage.results("out")
    assert written == {name: golden[name] for name in written}, "a frame is half-written, or something is left over"
    stage.ended(0, source, "out")
    assert stage.files("out") == golden
