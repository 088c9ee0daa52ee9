"""Clips whose frames are steered: by one picture, by a clip, or by a folder of frames."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from torch import Tensor, nn

import img2img
from img2img import Condition, Model, Traits, Translator
from img2img.errors import Stopped
from img2img.media.video import VideoOptions
from img2img.translation.report import Item

from ..translation.conftest import Make
from . import clips

Go = Callable[..., Item]


class ShowMask(Translator):
    """Gives the mask, so that the target says which mask each frame had."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return images * 0 + conditions["mask"]


@pytest.fixture(scope="module")
def model() -> Model:
    mask = Condition("what is shown", kind="map", channels=1, required=True)
    return Make.model(ShowMask(nn.Identity(), Traits(conditions={"mask": mask})))


@pytest.fixture
def go(model: Model, tmp_path: Path, host: img2img.PluginHost) -> Go:
    """Translate `clip.mp4` into numbered images in `out`, or what the options say."""

    def go(mask: Any, source: Path = tmp_path / "clip.mp4", target: Path = tmp_path / "out", **options: Any) -> Item:
        output = img2img.Output(format="" if target.suffix or source.is_dir() else "png", overwrite=True)
        job = {"output": output, "host": host, "video": VideoOptions(**options)}
        report = img2img.translate(source, target, model=model, conditions={"mask": mask}, **job)
        return report.items[0]

    return go


def frames(folder: Path, levels: list[int], size: tuple[int, int] = (6, 8)) -> Path:
    """A folder of grey pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, level in enumerate(levels):
        cv2.imwrite(str(folder / f"{number}.png"), np.full(size, level, np.uint8))
    return folder


def levels(folder: Path) -> list[int]:
    """The grey levels of numbered images, each of which must be one level."""
    found = [cv2.imread(str(path)) for path in sorted(folder.glob("*.png"))]
    assert all(np.ptp(pixels) == 0 for pixels in found)
    return [int(pixels[0, 0, 0]) for pixels in found]


def test_one_picture_steers_all_frames(go: Go, tmp_path: Path) -> None:
    clips.write(tmp_path / "clip.mp4", frames=4)
    assert go(frames(tmp_path / "one", [77]) / "0.png").status == "done"
    assert levels(tmp_path / "out") == [77] * 4


def test_a_folder_of_frames_of_the_clips_name_steers_frame_by_frame(go: Go, tmp_path: Path) -> None:
    clips.write(tmp_path / "clip.mp4", frames=12)
    frames(tmp_path / "masks" / "clip", [20 * number for number in range(12)])
    item = go(tmp_path / "masks")
    assert (item.status, item.notes) == ("done", ())
    assert levels(tmp_path / "out") == [20 * number for number in range(12)]


def test_a_clip_steers_frame_by_frame(go: Go, model: Model, tmp_path: Path, host: img2img.PluginHost) -> None:
    clips.write(tmp_path / "clip.mp4", frames=5)
    (tmp_path / "masks").mkdir()
    clips.write(tmp_path / "masks" / "clip.mkv", frames=5)
    assert go(tmp_path / "masks").status == "done"
    first = [path.read_bytes() for path in sorted((tmp_path / "out").glob("*.png"))]
    assert len(set(first)) == 5, "the mask changes from frame to frame"
    assert go(tmp_path / "masks" / "clip.mkv", target=tmp_path / "again").status == "done"
    assert [path.read_bytes() for path in sorted((tmp_path / "again").glob("*.png"))] == first


def test_a_shorter_clip_holds_its_last_frame_and_a_note_says_so(go: Go, tmp_path: Path) -> None:
    clips.write(tmp_path / "clip.mp4", frames=5)
    frames(tmp_path / "masks" / "clip", [10, 20, 30])
    item = go(tmp_path / "masks")
    assert item.status == "done"
    assert "clip ends after 3 frames, before the clip does; its last frame stands for the rest" in item.notes[0]
    assert levels(tmp_path / "out") == [10, 20, 30, 30, 30]


def test_a_part_of_a_clip_is_steered_by_the_same_part(go: Go, tmp_path: Path) -> None:
    clips.write(tmp_path / "clip.mp4", frames=10)
    frames(tmp_path / "masks" / "clip", [20 * number for number in range(10)])
    whole = go(tmp_path / "masks")
    assert whole.status == "done"
    part = go(tmp_path / "masks", target=tmp_path / "part", start=Fraction(1, 10))
    assert part.status == "done"
    cut = levels(tmp_path / "part")
    assert cut == levels(tmp_path / "out")[-len(cut) :]
    assert 0 < len(cut) < 10


def test_images_that_become_a_clip_are_steered_by_the_images_of_a_folder(go: Go, tmp_path: Path) -> None:
    source = frames(tmp_path / "pictures", [0, 0, 0], (16, 16))
    masks = frames(tmp_path / "masks", [0, 100, 200])
    item = go(masks, source, tmp_path / "film.mkv", fps=Fraction(25))
    assert item.status == "done", item.reason
    capture = cv2.VideoCapture(str(tmp_path / "film.mkv"))
    shown = [int(capture.read()[1].mean()) for _ in range(3)]
    assert np.allclose(shown, [0, 100, 200], atol=6)


def test_another_rate_changes_the_masks_with_their_frames(go: Go, tmp_path: Path) -> None:
    clips.write(tmp_path / "clip.mp4", frames=3)
    frames(tmp_path / "masks" / "clip", [10, 20, 30])
    assert go(tmp_path / "masks", fps=Fraction(50)).status == "done"
    assert levels(tmp_path / "out") == [10, 10, 20, 20, 30, 30]


def test_a_picture_that_stands_is_translated_for_each_of_its_masks(go: Go, tmp_path: Path) -> None:
    clips.write(tmp_path / "clip.mkv", times=[0, 3, 6], time_base=Fraction(1, 25))
    (tmp_path / "masks").mkdir()
    clips.write(tmp_path / "masks" / "clip.mkv", frames=7)
    assert go(tmp_path / "masks", tmp_path / "clip.mkv", fps=Fraction(25)).status == "done"
    found = [path.read_bytes() for path in (tmp_path / "out").glob("*.png")]
    assert len(set(found)) == len(found) == 7


def test_a_clip_is_done_again_where_a_frame_of_its_mask_changed(
    go: Go, tmp_path: Path, model: Model, host: img2img.PluginHost
) -> None:
    (tmp_path / "in").mkdir()
    for name in "ab":
        clips.write(tmp_path / "in" / f"{name}.mp4", frames=3)
        frames(tmp_path / "masks" / name, [10, 20, 30])

    def again() -> list[str]:
        masks = {"mask": tmp_path / "masks"}
        report = img2img.translate(tmp_path / "in", tmp_path / "out", model=model, conditions=masks, host=host)
        return [item.status for item in report.items]

    assert again() == ["done", "done"]
    assert again() == ["skipped", "skipped"]
    frames(tmp_path / "masks" / "b", [10, 20, 31])
    assert again() == ["skipped", "done"]


def test_a_stopped_clip_goes_on_with_the_masks_of_its_frames(
    tmp_path: Path, model: Model, host: img2img.PluginHost
) -> None:
    clips.write(tmp_path / "clip.mp4", frames=125)
    frames(tmp_path / "masks" / "clip", [number * 2 for number in range(125)])
    done: list[int] = []

    class Count:
        @img2img.hookimpl
        def frame_translated(self, done: int) -> None:
            counts.append(done)

    counts = done
    host.add_observer(Count())

    def go(target: str, stop: Callable[[], bool] = lambda: False) -> None:
        masks, output = {"mask": tmp_path / "masks"}, img2img.Output(format="png")
        img2img.translate(
            tmp_path / "clip.mp4", tmp_path / target, model=model, conditions=masks, output=output, host=host, stop=stop
        )

    go("whole")
    done.clear()
    with pytest.raises(Stopped):
        go("out", lambda: len(done) > 121)
    done.clear()
    go("out")
    assert done[0] == 121, "it goes on behind the first segment"
    assert levels(tmp_path / "out") == levels(tmp_path / "whole") == [number * 2 for number in range(125)]


def test_a_mask_that_is_a_clip_fails_an_image(model: Model, tmp_path: Path, host: img2img.PluginHost) -> None:
    clips.write(tmp_path / "0.mp4", frames=3)
    source = frames(tmp_path / "in", [0])
    report = img2img.translate(source, tmp_path / "out", model=model, conditions={"mask": tmp_path}, host=host)
    assert report.counts["failed"] == 1
