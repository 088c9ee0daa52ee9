"""Which video becomes which file, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from img2img.errors import UsageError
from img2img.translation.plan import make_plan
from img2img.translation.report import ClipItem
from img2img.translation.sources import ClipFile, ImageSequence
from img2img.translation.targets import AnimationFile, NumberedImages, VideoFile


@pytest.fixture(autouse=True)
def _a_folder_with_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for name in ("b.mp4", "c.AVI", "d.gif", "a.png", "notes.txt", "e.mov"):
        (Path("in") / name).write_bytes(b"GIF89a" if name.endswith("gif") else b"what is in it does not matter here")
    frames = [Image.fromarray(np.full((8, 8, 3), level, np.uint8)) for level in (0, 200)]
    frames[0].save("in/moving.webp", save_all=True, append_images=frames[1:], duration=50)
    frames[0].save("in/still.webp")
    Path("frames").mkdir()
    for number in (1, 2, 10):
        (Path("frames") / f"frame{number}.png").touch()


def planned(source: str, target: str, suffix: str = "") -> list[tuple[str, str, bool]]:
    return [(str(item.source), str(item.target), item.is_clip) for item in make_plan(source, target, suffix).items]


def test_videos_of_a_folder_are_translated_among_its_images_in_kinds_that_can_be_written() -> None:
    assert planned("in", "out") == [
        ("in/a.png", "out/a.png", False),
        ("in/b.mp4", "out/b.mp4", True),
        ("in/c.AVI", "out/c.mkv", True),
        ("in/d.gif", "out/d.gif", True),
        ("in/e.mov", "out/e.mov", True),
        ("in/moving.webp", "out/moving.webp", True),
        ("in/still.webp", "out/still.webp", False),
    ]


def test_a_format_goes_to_those_whose_kind_it_is() -> None:
    targets = {source: target for source, target, _ in planned("in", "out", "mkv")}
    assert (targets["in/a.png"], targets["in/b.mp4"], targets["in/d.gif"]) == ("out/a.png", "out/b.mkv", "out/d.mkv")
    targets = {source: target for source, target, _ in planned("in", "out", "jpg")}
    assert (targets["in/a.png"], targets["in/b.mp4"]) == ("out/a.jpg", "out/b.mp4")


@pytest.mark.parametrize(
    ("source", "target", "suffix", "expected"),
    [
        ("in/b.mp4", "out.mkv", "", "out.mkv"),
        ("in/b.mp4", "new/folder", "", "new/folder/b.mp4"),
        ("in/b.mp4", "frames", "webm", "frames/b.webm"),
        ("in/c.AVI", "out", "", "out/c.mkv"),
        ("in/moving.webp", "out.webp", "", "out.webp"),
        ("in/moving.webp", "out.mp4", "", "out.mp4"),
        ("in/d.gif", "out", "", "out/d.gif"),
    ],
)
def test_one_video_becomes_one_file(source: str, target: str, suffix: str, expected: str) -> None:
    assert planned(source, target, suffix) == [(source, expected, True)]


def test_one_video_becomes_numbered_images_where_the_format_is_that_of_images() -> None:
    (item,) = make_plan("in/b.mp4", "out", "png").items
    assert isinstance(item, ClipItem)
    assert (item.target, item.writes) == (Path("out"), NumberedImages(Path("out"), ".png"))


@pytest.mark.parametrize(("target", "kind"), [("out.mkv", VideoFile), ("out.GIF", AnimationFile)])
def test_the_plan_decides_once_how_a_clip_is_read_and_written(target: str, kind: type) -> None:
    (item,) = make_plan("in/b.mp4", target).items
    assert isinstance(item, ClipItem)
    assert (item.reads, type(item.writes), item.writes.path) == (ClipFile(Path("in/b.mp4")), kind, Path(target))


@pytest.mark.parametrize("source", ["frames", "frames/*.png"])
def test_images_become_a_video_in_natural_order(source: str) -> None:
    (item,) = make_plan(source, "out.mp4").items
    assert isinstance(item, ClipItem)
    assert isinstance(item.reads, ImageSequence)
    assert [path.name for path in item.reads.images] == ["frame1.png", "frame2.png", "frame10.png"]
    assert (item.source, item.target, item.is_clip) == (Path("frames"), Path("out.mp4"), True)


@pytest.mark.parametrize(
    ("source", "target", "suffix", "message"),
    [
        ("in/a.png", "out.mp4", "", "in/a.png is an image and out.mp4 a video; give a video, or a folder of images"),
        ("in/still.webp", "out.mp4", "", "in/still.webp is an image"),
        ("in/b.mp4", "out.avi", "", r"cannot write a video as '\.avi': choose one of \.apng, \.gif, \.m4v, \.mkv"),
        ("in/b.mp4", "out.png", "", r"cannot write a video as '\.png'.*give a folder and --format png"),
        ("in/b.mp4", "out.mkv", "mp4", "contradict each other"),
        ("in/b.mp4", "out.mkv", "png", "need a folder as target"),
        ("in/b.mp4", "in/b.mp4", "", "is a source"),
        ("in/b.mp4", "in", "", "is a source"),
        ("frames", "out.mp4", "gif", "contradict each other"),
        ("in/*.mp4", "out.mp4", "", "no images found in in that could become out.mp4"),
        ("frames", "out", "mp4", r"an image cannot be written as '\.mp4'"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_a_remedy(source: str, target: str, suffix: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_plan(source, target, suffix)
