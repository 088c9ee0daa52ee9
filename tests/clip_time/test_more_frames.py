"""A network that gives two frames for one: what was there keeps its time, in targets and from sources of every kind."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import img2img
from img2img import Model, PluginHost
from img2img.media import open_clip
from img2img.media.video import VideoOptions

from ..video import clips, look

UNEVEN = [0, 40, 80, 160, 180, 300]
"""When frames begin, in milliseconds; the last one lasts as long as the one before."""
ALL = [*UNEVEN, 420]
PART = [60, 80, 200]
"""When the frames begin that begin between 0.1 s and 0.3 s, from 0.1 s on, and when the last one ends."""
Go = Callable[..., Path]


@pytest.fixture
def go(doubling: Model, tmp_path: Path, host: PluginHost) -> Go:
    """Translate a clip to twice its rate: `go(source, name, **VideoOptions)`; returns the target."""

    def go(source: Path, name: str, output: str = "", **options: Any) -> Path:
        job = {"output": img2img.Output(format=output), "video": VideoOptions(**options), "host": host}
        (item,) = img2img.translate(source, tmp_path / name, model=doubling, **job).items
        assert item.status == "done", item.reason
        return item.target

    return go


def uneven(path: Path, **options: Any) -> Path:
    return clips.write(path, times=UNEVEN, time_base=Fraction(1, 1000), size=(64, 48), **options)


def times(path: Path) -> list[float]:
    """When the frames of a clip begin, and when all have been shown, in milliseconds."""
    if path.suffix == ".apng":
        image: Any
        with Image.open(path) as image:
            lasting = [image.seek(n) or image.info["duration"] for n in range(image.n_frames)]
        return [float(sum(lasting[:n])) for n in range(len(lasting) + 1)]
    clip = open_clip(path)
    frames, tick = [*clip.frames()], 1000 * clip.info.time_base
    clip.close()
    end = (frames[-1].pts + frames[-1].duration) * tick
    about = look.about(path)  # of videos, which say how long the whole is shown, and not the last frame
    if path.suffix in (".mp4", ".mov"):
        end = frames[0].pts * tick + 1000 * (about.video.duration or 0)
    elif path.suffix == ".mkv":
        end = 1000 * (about.duration or Fraction(0))
    return [*(float(frame.pts * tick) for frame in frames), float(end)]


def doubled(ticks: list[int]) -> list[float]:
    return [*(at for a, b in pairwise(ticks) for at in (a, (a + b) / 2)), ticks[-1]]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.webp", "a.gif", "a.apng"])
@pytest.mark.parametrize("part", [False, True], ids=["whole", "part"])
def test_each_frame_keeps_its_time_and_the_new_one_is_in_the_middle(
    name: str, part: bool, go: Go, tmp_path: Path
) -> None:
    span = {"start": Fraction(1, 10), "end": Fraction(3, 10)} if part else {}
    found = times(go(uneven(tmp_path / "in.mp4"), name, **span))
    wanted = doubled(PART if part else ALL)
    if name[2:] in ("webp", "gif", "apng"):  # which begin with a picture, and hold the same one only once
        wanted = [at - wanted[0] for at in wanted[:-2] + wanted[-1:]]
    assert found == pytest.approx(wanted)


def test_an_animation_of_uneven_frames_becomes_an_animation(go: Go, tmp_path: Path) -> None:
    images = [Image.fromarray(np.full((8, 8, 3), 60 * number, np.uint8)) for number in range(4)]
    images[0].save(tmp_path / "in.gif", save_all=True, append_images=images[1:], duration=[40, 80, 20, 60])
    found = times(go(tmp_path / "in.gif", "out.webp"))
    assert found == [0, 20, 40, 80, 120, 130, 140, 200]


@pytest.mark.parametrize(("fps", "start"), [(60, 0), (20, 0), (60, Fraction(1, 5))])
def test_the_rate_that_is_given_is_that_of_the_target(fps: int, start: Fraction, go: Go, tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=25, size=(64, 48))
    found = times(go(source, "out.mp4", fps=Fraction(fps), start=start or None))
    assert found == pytest.approx([n * 1000 / fps for n in range(round(fps * (1 - start)) + 1)])


def test_numbered_images_are_twice_as_many(go: Go, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", np.stack([np.full((6, 8, 3), level, np.uint8) for level in (10, 20, 40)]))
    folder = go(tmp_path / "in.npy", "out", output="png", fps=Fraction(20))
    found = {path.name: int(cv2.imread(str(path))[0, 0, 0]) for path in folder.glob("*.png")}
    levels = [10, 15, 20, 30, 40, 40]
    assert found == {f"{number:08}.png": level for number, level in enumerate(levels, 1)}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_sound_subtitles_and_chapters_stay_where_they_were(name: str, go: Go, tmp_path: Path) -> None:
    lines = ((0.04, 0.1, "One"), (0.2, 0.4, "Two"))
    kept = {"audio": [clips.Tone()], "subtitles": [clips.Subtitles(lines=lines)], "chapters": [(0, 0.2, "A")]}
    source = uneven(tmp_path / f"in-{name}", **kept)
    target = go(source, name)
    before, after = (
        [(one.payload, one.times) for one in look.packets(path) if one.kind in ("audio", "subtitle")]
        for path in (source, target)
    )
    assert len(before) == 2
    assert before == after
    assert look.about(source).chapters == look.about(target).chapters != []


def test_a_timecode_counts_the_frames_of_twice_the_rate(go: Go, tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=5, size=(64, 48), metadata={"timecode": "10:20:30:05"})
    found = look.about(go(source, "out.mp4"))
    assert {stream.metadata.get("timecode") for stream in found.of("video")} == {"10:20:30:10"}
