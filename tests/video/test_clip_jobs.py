"""Clips in jobs: strange names, very many frames, folders in which one is broken, and the same job again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import img2img
from img2img.errors import UsageError
from img2img.media.video import VideoOptions

from . import clips, damage, look, special
from .clips import Tone

NAMES = [
    "x;touch INJECTED;.mp4",
    "$(touch INJECTED).mp4",
    "`touch INJECTED`.mp4",
    "two\nlines.mp4",
    "-y.mp4",
    "file:a.mp4",
    "concat:a|b.mp4",
    "%03d.mp4",
    "a b'\"&.mp4",
    os.fsdecode(b"caf\xe9.mp4"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name(
    name: str, kept: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    clips.write(tmp_path / "plain.mp4", frames=5, audio=[Tone()]).rename(Path("in", name))
    kept(Path("in", name), Path("out", name))
    Path("out", name).rename("done.mp4")
    assert look.numbers(tmp_path / "done.mp4") == [0, 1, 2, 3, 4]
    assert not [*tmp_path.rglob("INJECTED")]


def test_a_damaged_clip_with_two_lines_in_its_name_is_told_of_in_one(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    damage.spoil(clips.write(tmp_path / "a.mp4")).rename(tmp_path / "a\nb.mp4")
    item = translate(tmp_path / "a\nb.mp4", tmp_path / "out.mp4")
    assert item.status == "damaged"
    assert "\n" not in item.reason


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of clips and images: two whole clips, a damaged one, one that is none; an image, and a broken one."""
    folder = tmp_path / "mixed"
    (folder / "below").mkdir(parents=True)
    clips.write(folder / "a.mp4", frames=5)
    clips.write(folder / "below" / "b.mkv", frames=5)
    damage.spoil(clips.write(folder / "damaged.mp4"))
    special.text(folder / "text.mp4")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "image.png")
    (folder / "broken.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def job(same_host: img2img.PluginHost, same_models: dict[int, Path], mixed: Path) -> Callable[..., dict[str, str]]:
    """Translate the folder; what became of each file, by name."""

    def job(**options: Any) -> dict[str, str]:
        report = img2img.translate(
            mixed,
            mixed.with_name("out"),
            model=same_models[1],
            compute=img2img.Compute("cpu"),
            host=same_host,
            **options,
        )
        return {item.source.name: item.status for item in report.items}

    return job


FIRST = {
    "a.mp4": "done",
    "b.mkv": "done",
    "damaged.mp4": "damaged",
    "text.mp4": "failed",
    "image.png": "done",
    "broken.png": "failed",
}


def test_broken_files_of_a_folder_do_not_stop_the_others(job: Callable[..., dict[str, str]], mixed: Path) -> None:
    assert job() == FIRST
    out = mixed.with_name("out")
    assert look.numbers(out / "a.mp4") == look.numbers(out / "below" / "b.mkv") == [0, 1, 2, 3, 4]
    assert len(look.frames(out / "damaged.mp4")) == 30
    found = sorted(path.name for path in out.rglob("*") if path.is_file() and ".img2img" not in path.parts)
    assert found == ["a.mp4", "b.mkv", "damaged.mp4", "image.png"]


def test_a_folder_again_skips_what_is_done_and_still_tells_of_the_damaged_one(
    job: Callable[..., dict[str, str]], mixed: Path
) -> None:
    job()
    times = {path: path.stat().st_mtime_ns for path in mixed.with_name("out").rglob("*.m*")}
    assert job() == {name: status.replace("done", "skipped") for name, status in FIRST.items()}
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_clip_that_is_mended_is_translated_again(job: Callable[..., dict[str, str]], mixed: Path) -> None:
    job()
    clips.write(mixed / "damaged.mp4")
    assert job()["damaged.mp4"] == "done"
    assert look.numbers(mixed.with_name("out") / "damaged.mp4") == list(range(30))


def test_other_options_of_a_video_are_another_job(job: Callable[..., dict[str, str]]) -> None:
    job()
    with pytest.raises(UsageError, match="--overwrite"):
        job(video=VideoOptions(quality=40))


def test_nothing_is_left_beside_a_finished_clip(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=5)
    kept(source, tmp_path / "out" / "out.mp4")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["out.mp4"]


def test_the_program_ends_a_folder_with_a_broken_clip_with_1(
    program: Callable[..., Any], same_models: dict[int, Path], mixed: Path
) -> None:
    for _ in range(2):
        done = program("translate", same_models[1], mixed, mixed.with_name("out"))
        assert done.status == 1
        assert "damaged.mp4" in done.err
        assert "text.mp4" in done.err


@pytest.mark.slow
def test_ten_times_the_frames_need_no_more_memory(
    peak: Callable[..., tuple[int, int]], same_models: dict[int, Path], tmp_path: Path
) -> None:
    peaks = []
    for frames in (600, 6_000):
        source, target = special.long(tmp_path / f"{frames}.mp4", frames=frames), tmp_path / f"{frames}-done.mp4"
        status, memory = peak("translate", same_models[1], source, target, "--preset", "ultrafast")
        assert status == 0
        peaks.append(memory)
    assert peaks[1] < 1.25 * peaks[0]
    assert look.numbers(target) == [number % 250 for number in range(6_000)]
    assert look.about(target).duration == 240
