"""Filters in clips: each frame once and in order, whatever the batches; a state of their own; what a failure costs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import img2img
from img2img import Compute, Output, translate
from img2img.errors import UsageError
from img2img.host.declarations import Plugin
from img2img.media.video import VideoOptions
from img2img.translation.clip_state import SEGMENT
from img2img.translation.report import Report

from ..translation import marks
from . import clips, look

FRAMES = 2 * SEGMENT + 7


@pytest.fixture
def job(same_host: img2img.PluginHost, same_models: dict[int, Path], tmp_path: Path) -> Callable[..., Report]:
    """Translate with the filters of `marks`."""
    same_host.register(marks, Plugin("marks", "img2img-marks", "1"))

    def job(source: Path, target: Path, *filters: str, fps: int | None = None, **options: Any) -> Report:
        video = VideoOptions(fps=None if fps is None else Fraction(fps))
        options = {"compute": Compute("cpu"), "host": same_host, **options}
        return translate(source, target, model=same_models[1], filters=filters, video=video, **options)

    return job


@pytest.fixture
def stack(job: Callable[..., Report], tmp_path: Path) -> Callable[..., Any]:
    """What becomes of frames, (N, H, W, 3), exactly."""

    def stack(frames: Any, *filters: str, **options: Any) -> Any:
        np.save(tmp_path / "in.npy", frames)
        job(tmp_path / "in.npy", tmp_path / "out.npy", *filters, fps=25, output=Output(overwrite=True), **options)
        return np.load(tmp_path / "out.npy")

    return stack


def noise(count: int, dtype: type = np.uint8) -> Any:
    limit = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, limit, (count, 4, 6, 3), dtype, endpoint=True)


@pytest.mark.parametrize("batch_size", [1, 7, 0])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_each_filter_sees_each_frame_once_and_in_order_on_its_way_in_and_out(
    batch_size: int, dtype: type, stack: Callable[..., Any]
) -> None:
    frames = noise(FRAMES, dtype)
    numbers = np.arange(1, FRAMES + 1).reshape(-1, 1, 1, 1)
    expected = (frames + numbers + 10 * numbers).astype(dtype) * dtype(2)
    assert np.array_equal(stack(frames, "count", "double", compute=Compute("cpu", batch_size=batch_size)), expected)


def test_after_sees_the_frame_as_it_was_before_all_filters(stack: Callable[..., Any]) -> None:
    frames = noise(40)
    assert np.array_equal(stack(frames, "count", "original"), frames)


def test_each_clip_begins_with_filters_of_its_own(job: Callable[..., Report], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        clips.write(tmp_path / "in" / f"{name}.mp4", frames=5)
    job(tmp_path / "in", tmp_path / "out", "count")
    a, b = (look.frames(tmp_path / "out" / f"{name}.mp4") for name in ("a", "b"))
    assert [frame.pixels.tobytes() for frame in a] == [frame.pixels.tobytes() for frame in b]


def test_a_picture_that_is_shown_again_is_filtered_once(job: Callable[..., Report], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=5, rate=5)
    job(source, tmp_path / "once", "count", output=Output(format="png"))
    job(source, tmp_path / "again", "count", output=Output(format="png"), fps=15)
    once, again = (sorted((tmp_path / name).iterdir()) for name in ("once", "again"))
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in once for _ in range(3)]


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("how", ["raise", "shape", "make"])
def test_a_clip_on_which_a_filter_fails_is_lost_alone_and_the_filter_named(
    how: str, side: str, job: Callable[..., Report], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    np.save(tmp_path / "in" / "good.npy", np.full((3, 4, 6, 3), 10, np.uint8))
    np.save(tmp_path / "in" / "lost.npy", np.full((3, 4, 6, 3), 20, np.uint8))
    report = job(tmp_path / "in", tmp_path / "out", f"broken:how={how}:side={side}:only=20", fps=25)
    good, lost = report.items
    assert good.status == ("failed" if how == "make" else "done")
    assert lost.status == "failed"
    assert lost.reason.startswith(f"{lost.source}: the filter 'img2img-marks/broken' ")
    assert not list((tmp_path / "out").rglob("lost*"))


def test_a_clip_that_was_made_with_other_filters_is_not_taken_for_done(
    job: Callable[..., Report], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    clips.write(tmp_path / "in" / "a.mp4", frames=3)
    job(tmp_path / "in", tmp_path / "out", "add")
    assert job(tmp_path / "in", tmp_path / "out", "add").counts["skipped"] == 1
    with pytest.raises(UsageError, match="--overwrite"):
        job(tmp_path / "in", tmp_path / "out", "add:value=2")


@pytest.mark.parametrize(("target", "kept"), [("out.npy", False), ("out.gif", False), ("out.mkv", True)])
def test_filters_are_remembered_on_the_disk_only_where_a_killed_job_can_go_on(
    target: str, kept: bool, job: Callable[..., Report], tmp_path: Path
) -> None:
    np.save(tmp_path / "in.npy", noise(SEGMENT + 20))
    memories = set()

    def stop() -> bool:
        memories.update(tmp_path.rglob("*.memory.npz"))
        return False

    job(tmp_path / "in.npy", tmp_path / target, "count", fps=25, stop=stop)
    assert bool(memories) is kept
