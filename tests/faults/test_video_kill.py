"""`kill -9` in the middle of a video: a whole target or none, and the same command makes what was to be."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .films import KILLED, SEGMENT, Stage, clips, damage, waiter

SOUND = [clips.Tone("eng", pitch=440), clips.Tone("deu", pitch=550, default=False)]
RENAMED = "target.part "
"""In the step that gives a target its name."""
UNEVEN = [0, 40, 80, 90, 130, 131, 190, 200, 240, 300, 340, 345, 380, 420, 500, 520, 540, 580, 600, 640, 700, 720, 800]


@pytest.fixture
def stage(program: Any, site: Path, tmp_path: Path) -> Stage:
    return Stage(program, site, tmp_path)


def plain(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(audio=SOUND), ()


def steady(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(audio=SOUND), ("--steady",)


def repeated(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(frames=14, audio=SOUND), ("--fps", "60")


def repeated_and_steady(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(frames=14), ("--fps", "60", "--steady")


def left_out(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(frames=70, audio=SOUND), ("--fps", "12")


def a_part(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(frames=60, audio=SOUND), ("--start", "0.6", "--end", "1.9")


def uneven(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(times=UNEVEN, time_base=clips.Fraction(1, 1000), audio=SOUND), ()


def whole_segments(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip(frames=3 * SEGMENT), ("--steady",)


def matroska(stage: Stage) -> tuple[Path, tuple[str, ...]]:
    return stage.clip("a.mkv", audio=SOUND, subtitles=[clips.Subtitles()]), ()


CASES = [plain, steady, repeated, repeated_and_steady, left_out, a_part, uneven, whole_segments, matroska]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_video_that_is_killed_in_every_segment_becomes_what_it_would_have_become(
    case: Callable[[Stage], tuple[Path, tuple[str, ...]]], stage: Stage
) -> None:
    source, words = case(stage)
    golden, out = f"golden/{source.name}", f"out/{source.name}"
    stage.ended(0, source, golden, *words)
    count = stage.frames[-1]
    for at in range(SEGMENT - 1, count + 1, SEGMENT):
        stage.killed(source, out, at, *words)
        assert stage.results("out") == {}
    stage.ended(0, source, out, *words)
    assert stage.files("out") == stage.files("golden")


@pytest.mark.parametrize("packet", [SEGMENT - 1, SEGMENT, SEGMENT + 1])
def test_a_damaged_frame_where_a_segment_begins_stays_the_picture_before_it(packet: int, stage: Stage) -> None:
    source = stage.keep(damage.spoil(stage.clip(b_frames=0, keyframes=60), packet))
    stage.ended(1, source, "golden/a.mp4")
    for at in (SEGMENT, SEGMENT + 1, SEGMENT + 2):  # the last goes on behind the damage
        stage.killed(source, "out/a.mp4", at)
    done = stage.ended(1, source, "out/a.mp4")
    assert "frames are damaged, the first at" in done.err
    assert stage.files("out") == stage.files("golden")


@pytest.mark.slow
def test_a_kill_at_each_change_of_the_disk_leaves_a_whole_target_or_none_and_the_next_run_makes_it(
    stage: Stage,
) -> None:
    source = stage.clip(frames=15, audio=SOUND)
    stage.ended(0, source, "golden/a.mp4", "--steady", watched=str(stage.folder / "golden"))
    golden, steps = stage.files("golden"), stage.steps
    kinds = [step.split()[0] for step in steps]
    assert {"mux", "open", "os.mkdir", "os.link", "os.rename", "os.rmdir", "shutil.rmtree"} <= set(kinds)
    renamed = 1 + next(count for count, step in enumerate(steps) if RENAMED in step)
    first = kinds.index("open")  # folders are made before
    for at in range(first, renamed + 1):
        out = f"out{at}"
        stage.ended(KILLED, source, f"{out}/a.mp4", "--steady", watched=str(stage.folder / out), kill_at=at)
        assert stage.results(out) == {}, f"killed before {steps[at - 1]}"
        stage.ended(0, source, f"{out}/a.mp4", "--steady")
        assert stage.files(out) == golden, f"killed before {steps[at - 1]}"


def test_a_kill_just_after_the_target_has_its_name_leaves_it_whole_and_the_next_run_tidies_up(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    stage.killed_before("rmtree", source, "out/a.mp4")
    assert stage.results("out") == stage.files("golden")
    stage(source, "out/a.mp4")
    assert stage.results("out") == stage.files("golden")
    assert stage.files("out") == stage.files("golden"), "what is left over stays for ever"


def test_videos_that_are_killed_at_any_moment_twenty_times_together_get_done(stage: Stage, until: Any) -> None:
    rng, killed, made = random.Random(0), 0, 0
    source = stage.clip(frames=45, audio=SOUND)
    stage.ended(0, source, "golden/a.mp4", "--steady")
    golden = stage.files("golden")
    while killed < 20:
        out = f"out{made}"
        stage.order(delay=0.003)
        running = stage.start(source, f"{out}/a.mp4", "--steady")
        until(lambda running=running: waiter(stage)() or " in " in running.err)
        time.sleep(rng.uniform(0, 0.1))
        running.send(signal.SIGKILL)
        killed += running.wait() == -signal.SIGKILL
        if stage.results(out):
            assert stage.results(out) == golden
            made += 1
    if not stage.results(f"out{made}"):
        stage.ended(0, source, f"out{made}/a.mp4", "--steady")
    assert stage.results(f"out{made}") == golden


def test_a_moving_picture_in_one_piece_begins_anew_and_leaves_nothing_over(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.gif", "--steady")
    for at in (5, 15, 35):
        stage.killed(source, "out/a.gif", at, "--steady")
        assert stage.results("out") == {}
    stage.ended(0, source, "out/a.gif", "--steady")
    assert stage.files("out") == stage.files("golden")
