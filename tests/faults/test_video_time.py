"""`kill -9` in a clip whose translator knows other frames: the same command makes what was to be, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .films import SEGMENT, Stage


@pytest.mark.parametrize("time", ["window", "memory"])
def test_a_clip_that_is_killed_goes_on_to_the_same_bits(time: str, program: Any, site: Path, tmp_path: Path) -> None:
    stage = Stage(program, site, tmp_path, time=time)
    source = stage.clip(frames=25)
    stage.ended(0, source, "golden/a.mkv", "--codec", "ffv1")
    for at in (SEGMENT + 3, 2 * SEGMENT):
        stage.killed(source, "out/a.mkv", at, "--codec", "ffv1")
        assert stage.results("out") == {}
    stage.ended(0, source, "out/a.mkv", "--codec", "ffv1")
    assert stage.frames[0] > SEGMENT
    assert stage.files("out") == stage.files("golden")
