"""Disks that are full, folders that are closed, and names that are taken, where a video is to be written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .films import Stage, clips

SOUND = [clips.Tone("eng", codec="pcm_s16le")]


@pytest.fixture
def stage(program: Any, site: Path, tmp_path: Path) -> Stage:
    return Stage(program, site, tmp_path)


@pytest.fixture
def open_stage(program: Any, site: Path, public: Path) -> Stage:
    """In a folder that nobody may enter."""
    return Stage(program, site, public)


def half_written(stage: Stage) -> list[str]:
    return [name for name in stage.files("out") if name.endswith(".part")]


def test_a_segment_that_does_not_fit_ends_the_job_with_3_and_later_it_goes_on(stage: Stage) -> None:
    source, words = stage.clip(), ("--report", "report.json")
    stage.ended(0, source, "golden/a.mp4")
    stage.killed(source, "out/a.mp4", 25)
    done = stage.ended(3, source, "out/a.mp4", *words, largest_file=2000)
    assert "cannot be written: File too large; raise the limit on file sizes" in done.err
    assert stage.results("out") == {}
    assert half_written(stage) == []
    said = json.loads((stage.folder / "report.json").read_text("ascii"))
    assert said["counts"]["not_reached"] == 1
    stage.ended(0, source, "out/a.mp4")
    assert stage.frames[0] == 21
    assert stage.files("out") == stage.files("golden")


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".mp4"])
@pytest.mark.parametrize("missing", ["half", "1 byte"])
def test_a_target_that_does_not_fit_ends_the_job_with_3_and_later_it_is_put_together(
    missing: str, suffix: str, stage: Stage
) -> None:
    source, out = stage.clip(f"a{suffix}", audio=[clips.Tone()] if suffix == ".mp4" else SOUND), f"out/a{suffix}"
    stage.ended(0, source, f"golden/a{suffix}")
    size = len(stage.files("golden")[f"a{suffix}"])
    done = stage.ended(3, source, out, largest_file=size - 1 if missing == "1 byte" else size // 2)
    assert "cannot be written: File too large; raise the limit on file sizes" in done.err
    assert stage.results("out") == {}
    assert len(stage.segments(out)) == 4
    stage.ended(0, source, out)
    assert stage.frames == []
    assert stage.files("out") == stage.files("golden")


def test_of_a_target_that_does_not_fit_no_half_stays_on_the_full_disk(stage: Stage) -> None:
    source = stage.clip("a.mkv", audio=SOUND)
    stage.ended(3, source, "out/a.mkv", largest_file=100_000)
    assert half_written(stage) == []


def test_a_disk_that_is_full_while_a_target_is_put_together_ends_with_3(
    stage: Stage, environment: dict[str, str]
) -> None:
    probe = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt"]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("this machine forbids a file system of one's own (unshare -Urm)")
    source = stage.clip("a.mkv", audio=SOUND)
    stage.ended(0, source, "golden/a.mkv")
    stage.order()
    disk = stage.folder / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=200k none "$1" && cd "$5" && { "$2" -m img2img translate "$3" "$4" "$1/a.mkv"; '
        'status=$?; ls "$1" >&2; mount -o remount,size=2m "$1"; "$2" -m img2img translate "$3" "$4" "$1/a.mkv"; '
        'again=$?; cp -r "$1" "$5/out"; exit $((10 * status + again)); }'
    )
    words = [disk, sys.executable, stage.model, source, stage.folder]
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 30, done.stderr
    assert "the disk is full: free some space and run again" in done.stderr
    assert stage.frames == list(range(1, 36)), "the second run did what was done"
    assert stage.files("out") == stage.files("golden")


def test_a_target_folder_that_is_read_only_ends_with_2_before_any_work(open_stage: Stage) -> None:
    source = open_stage.clip()
    out = open_stage.folder / "out"
    out.mkdir()
    out.chmod(0o555)
    for target, words in (
        ("out/a.mp4", ()),
        ("out", ()),
        ("out/new/a.mp4", ()),
        ("out", ("--format", "png")),
        ("out/new", ("--format", "png")),
    ):
        done = open_stage.ended(2, source, target, *words, as_nobody=True)
        assert "cannot" in done.err
        assert "no permission" in done.err or "Permission denied" in done.err
        assert open_stage.frames == []
    assert list(out.iterdir()) == []


def test_the_folder_of_a_target_is_made(stage: Stage) -> None:
    stage.ended(0, stage.clip(), "out/of/three/a.mp4")
    assert list(stage.files("out")) == ["of/three/a.mp4"]


def test_a_target_that_exists_is_left_alone(stage: Stage) -> None:
    source, old = stage.clip(), stage.folder / "out" / "a.mp4"
    old.parent.mkdir()
    old.write_bytes(b"mine")
    done = stage.ended(2, source, "out/a.mp4")
    assert "out/a.mp4 exists; replace it by --overwrite, or name another target" in done.err
    assert stage.frames == []
    assert stage.files("out") == {"a.mp4": b"mine"}


def test_a_target_that_a_folder_job_finds_is_left_alone(stage: Stage) -> None:
    stage.clip()
    old = stage.folder / "out" / "a.mp4"
    old.parent.mkdir()
    old.write_bytes(b"mine")
    assert "--overwrite" in stage.ended(2, "in", "out").err
    assert stage.frames == []
    assert stage.results("out") == {"a.mp4": b"mine"}


def test_an_old_target_stays_until_the_new_one_is_whole(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    (stage.folder / "out").mkdir()
    (stage.folder / "out" / "a.mp4").write_bytes(b"mine")
    for at in (5, 15, 35):
        stage.killed(source, "out/a.mp4", at, "--overwrite")
        assert stage.results("out") == {"a.mp4": b"mine"}
    for step in ("mux", "target.part "):
        stage.killed_before(step, source, "out/a.mp4", "--overwrite")
        assert stage.results("out") == {"a.mp4": b"mine"}
    stage.ended(0, source, "out/a.mp4", "--overwrite")
    assert stage.files("out") == stage.files("golden")


def test_an_old_target_stays_where_the_network_fails(stage: Stage) -> None:
    source = stage.clip()
    (stage.folder / "out").mkdir()
    (stage.folder / "out" / "a.mp4").write_bytes(b"mine")
    stage.ended(1, source, "out/a.mp4", "--overwrite", fault="raise", at=25)
    assert stage.files("out") == {"a.mp4": b"mine"}
