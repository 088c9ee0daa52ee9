"""Networks that fail in the middle of a video: no frame is ever missing, and no part of a video passes for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .films import Stage

SAID = {
    "raise": "the network failed: ValueError: no idea",
    "nan": "the network returned NaN or infinity",
    "shape": "where its scale and channels promise",
}


@pytest.fixture
def stage(program: Any, site: Path, tmp_path: Path) -> Stage:
    return Stage(program, site, tmp_path, ("--precision", "fp32"))


@pytest.mark.parametrize("fault", SAID)
@pytest.mark.parametrize("at", [1, 25, 35])
def test_a_network_that_fails_on_a_frame_fails_the_video(at: int, fault: str, stage: Stage) -> None:
    source = stage.clip()
    done = stage.ended(1, source, "out/a.mp4", "--report", "report.json", fault=fault, at=at)
    assert SAID[fault] in done.err
    assert str(source) in done.err
    assert stage.files("out") == {}, "something is left over"
    said = json.loads((stage.folder / "report.json").read_text("ascii"))
    assert said["counts"]["failed"] == 1
    assert SAID[fault] in said["items"][0]["reason"]


@pytest.mark.parametrize("fault", SAID)
def test_a_network_that_fails_on_one_clip_of_a_folder_fails_that_alone(fault: str, stage: Stage) -> None:
    for number, name in enumerate("abc"):
        stage.clip(f"{name}.mp4", first=50 * number)
    stage.ended(0, "in", "golden")
    done = stage.ended(1, "in", "out", fault=fault, at=60)
    assert "2 done, 1 failed" in done.err
    golden = stage.results("golden")
    assert stage.results("out") == {name: golden[name] for name in ("a.mp4", "c.mp4")}
    assert not (stage.folder / "out" / ".img2img" / "clips").exists()
    stage.ended(0, "in", "out")
    assert stage.results("out") == golden


def test_nan_in_half_the_bits_costs_no_frame(stage: Stage) -> None:
    source, stage.words = stage.clip(), ("--precision", "bf16")
    stage.ended(0, source, "golden/a.mp4")
    done = stage.ended(0, source, "out/a.mp4", fault="nan", at=15)
    assert "NaN or infinity in torch.bfloat16; running it again in float32" in done.err
    assert stage.files("out") == stage.files("golden")


@pytest.mark.parametrize("at", [1, 15, 35])
def test_memory_that_runs_out_makes_smaller_batches_and_costs_no_frame(at: int, stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4", "--steady")
    done = stage.ended(0, source, "out/a.mp4", "--steady", fault="memory", at=at)
    assert "out of memory; batches of half the size from here on" in done.err
    assert stage.frames == list(range(1, 36))
    assert stage.files("out") == stage.files("golden")


def test_a_video_whose_network_failed_is_done_by_the_next_run(stage: Stage) -> None:
    source = stage.clip()
    stage.ended(0, source, "golden/a.mp4")
    stage.ended(1, source, "out/a.mp4", fault="raise", at=25)
    stage.ended(0, source, "out/a.mp4")
    assert stage.files("out") == stage.files("golden")
