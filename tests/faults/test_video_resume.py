"""What the next run after a kill takes over of a video, and what it does not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from .films import KILLED, Stage, clips, look


@pytest.fixture
def stage(program: Any, site: Path, tmp_path: Path) -> Stage:
    return Stage(program, site, tmp_path)


def test_finished_segments_are_not_made_again(stage: Stage) -> None:
    source = stage.clip()
    stage.killed(source, "out/a.mp4", 25)
    kept = {name: (stage.state("out/a.mp4") / name).stat().st_mtime_ns for name in stage.segments("out/a.mp4")}
    assert list(kept) == ["000000.npz", "000001.npz"]
    stage.killed(source, "out/a.mp4", 34)
    assert stage.frames == list(range(21, 35))
    assert {name: (stage.state("out/a.mp4") / name).stat().st_mtime_ns for name in kept} == kept


def test_a_job_that_was_killed_when_all_segments_stood_only_puts_them_together(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    stage.killed_before("mux", source, "out/a.mp4")
    stage.ended(0, source, "out/a.mp4")
    assert stage.frames == []
    assert stage.files("out") == stage.files("golden")


@pytest.mark.parametrize(
    "words", [("--steady",), ("--quality", "30"), ("--fps", "20"), ("--end", "1"), ("--codec", "h265")]
)
def test_other_settings_throw_segments_away(words: tuple[str, ...], stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4", *words)
    stage.killed(source, "out/a.mp4", 25)
    stage.ended(0, source, "out/a.mp4", *words)
    assert stage.frames[0] == 1
    assert stage.files("out") == stage.files("golden")


def test_another_source_throws_segments_away(stage: Stage) -> None:
    source = stage.clip()
    stage.killed(source, "out/a.mp4", 25)
    stage.clip(first=100)
    stage.ended(0, source, "out/a.mp4")
    assert stage.frames == list(range(1, 36))
    assert look.numbers(stage.folder / "out" / "a.mp4") == list(range(100, 135))
    stage.ended(0, source, "golden/a.mp4")
    assert stage.files("out") == stage.files("golden")


def test_another_model_throws_segments_away(stage: Stage, model: Any) -> None:
    source = stage.clip(frames=25)
    stage.killed(source, "out/a.mp4", 15)
    stage.model = model(delay=0)
    stage.ended(0, source, "out/a.mp4")
    assert stage.frames == list(range(1, 26))
    stage.ended(0, source, "golden/a.mp4")
    assert stage.files("out") == stage.files("golden")


def test_the_first_settings_again_after_a_kill_at_any_step_of_throwing_away_give_what_they_ought_to(
    stage: Stage,
) -> None:
    """Whatever of the old segments stands then, with or without the memory of the filter that belongs to it."""
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4", "--steady")
    stage.killed(source, "out/a.mp4", 25, "--steady")
    shutil.copytree(stage.folder / "out", stage.folder / "half")
    stage.killed(source, "out/a.mp4", 1, watched=str(stage.folder / "out"))
    removals = [count for count, step in enumerate(stage.steps, 1) if "os.remove" in step and "lock" not in step]
    assert len(removals) > 3
    for at in [*removals, removals[-1] + 1, removals[-1] + 2]:
        out = stage.folder / f"out{at}"
        shutil.copytree(stage.folder / "half", out)
        stage.ended(KILLED, source, f"{out}/a.mp4", watched=str(out), kill_at=at)
        stage.ended(0, source, f"{out}/a.mp4", "--steady")
        assert stage.files(out) == stage.files("golden"), f"killed before removal {at - removals[0] + 1}"


@pytest.mark.slow
def test_a_state_of_which_a_kill_left_only_a_part_does_not_spoil_a_target_that_is_made_again(stage: Stage) -> None:
    """The kill comes at any step of removing the state, when the target stands, and the same is asked for once more."""
    source, command = stage.clip(), ("--steady", "--overwrite")
    stage.ended(0, source, "golden/a.mp4", *command, watched=str(stage.folder / "golden"))
    begin = next(count for count, step in enumerate(stage.steps, 1) if "rmtree" in step)
    for at in range(begin, len(stage.steps) + 1):
        out = f"out{at}"
        stage.ended(KILLED, source, f"{out}/a.mp4", *command, watched=str(stage.folder / out), kill_at=at)
        assert stage.results(out) == stage.files("golden")
        stage.ended(0, source, f"{out}/a.mp4", *command)
        assert stage.files(out) == stage.files("golden"), f"killed before step {at - begin + 1} of removing the state"


def test_segments_of_another_length_are_not_taken_for_ours(stage: Stage) -> None:
    """As after an upgrade to a version that cuts otherwise."""
    source = stage.clip(frames=70)
    stage.ended(0, source, "golden/a.mp4", segment=25)
    stage.killed(source, "out/a.mp4", 45)
    stage.ended(0, source, "out/a.mp4", segment=25)
    assert look.numbers(stage.folder / "out" / "a.mp4") == list(range(70))
    assert stage.files("out") == stage.files("golden")


def test_segments_of_another_encoder_are_not_taken_for_ours(stage: Stage) -> None:
    """`--hardware auto` finds the encoder of a graphics card, and the next run, after the kill, does not."""
    source, words = stage.clip(), ("--hardware", "auto")
    stage.ended(0, source, "golden/a.mp4", *words)
    stage.killed(source, "out/a.mp4", 25, *words, encoder="mpeg4")
    stage.ended(0, source, "out/a.mp4", *words)
    assert look.numbers(stage.folder / "out" / "a.mp4") == list(range(35))
    assert stage.files("out") == stage.files("golden")


def test_a_folder_job_skips_the_clip_that_is_done_and_goes_on_in_the_one_that_is_not(stage: Stage) -> None:
    for name, first in (("a.mp4", 0), ("b/b.mp4", 50), ("c.mkv", 90)):
        (stage.folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        stage.clip(name, first=first)
    stage.ended(0, "in", "golden")
    stage.killed_before("b.mp4/000002.npz", "in", "out")
    assert set(stage.results("out")) == {"a.mp4"}
    said = stage.ended(0, "in", "out")
    assert "2 done, 1 skipped" in said.err
    assert stage.frames == [*range(21, 36), *range(1, 36)]
    assert stage.results("out") == stage.results("golden")
    assert set(stage.files("out")) == set(stage.files("golden")), "a state stays behind"
    assert "3 skipped" in stage.ended(0, "in", "out").err


def test_a_folder_job_tidies_up_after_a_kill_just_after_a_target_got_its_name(stage: Stage) -> None:
    stage.clip(frames=15)
    stage.ended(0, "in", "golden")
    stage.killed_before("rmtree", "in", "out")
    assert "1 skipped" in stage.ended(0, "in", "out").err
    assert set(stage.files("out")) == set(stage.files("golden")), "the segments stay for ever"


def test_a_kill_between_journal_and_target_of_a_video_counts_as_not_done(stage: Stage) -> None:
    stage.clip(frames=15)
    stage.ended(0, "in", "golden")
    stage.killed_before("target.part ", "in", "out")
    assert stage.results("out") == {}
    assert "a.mp4" in (stage.folder / "out" / ".img2img" / "journal.jsonl").read_text()
    assert "1 done" in stage.ended(0, "in", "out").err
    assert stage.results("out") == stage.results("golden")


def test_a_video_of_a_folder_of_images_goes_on_too(stage: Stage) -> None:
    stage.clip()
    stage.ended(0, "in/a.mp4", "images", "--format", "png")
    stage.ended(0, "images", "golden/a.mp4", "--fps", "25")
    stage.killed("images", "out/a.mp4", 25, "--fps", "25")
    stage.ended(0, "images", "out/a.mp4", "--fps", "25")
    assert stage.frames == list(range(21, 36))
    assert stage.files("out") == stage.files("golden")


def test_the_sound_is_the_source_s_after_a_kill(stage: Stage) -> None:
    source = stage.clip(audio=[clips.Tone("eng"), clips.Tone("deu", pitch=550, default=False)])
    stage.killed(source, "out/a.mp4", 25)
    stage.ended(0, source, "out/a.mp4")
    sound = [(track.language, track.payload) for track in look.packets(stage.folder / "out" / "a.mp4")]
    assert sound == [(track.language, track.payload) for track in look.packets(source)]
    assert len(sound) == 2


@pytest.mark.parametrize("harm", ["zeros", "text", "folder"])
def test_a_segment_that_was_damaged_after_a_kill_is_made_anew(harm: str, stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    stage.killed(source, "out/a.mp4", 25)
    segment = stage.state("out/a.mp4") / "000001.npz"
    size = segment.stat().st_size
    if harm == "folder":
        segment.unlink()
        segment.mkdir()
    else:
        segment.write_bytes(bytes(size) if harm == "zeros" else b"nothing of ours")
    stage.ended(0, source, "out/a.mp4")
    assert stage.frames == list(range(11, 36))
    assert stage.files("out") == stage.files("golden")
