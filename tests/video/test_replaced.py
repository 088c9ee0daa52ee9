"""A source that is replaced, changed or removed while it is translated costs this clip, and no target is made of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

import img2img
from img2img.media.video import VideoOptions
from img2img.translation.report import Item

from . import clips, look, special
from .clips import Tone

Meddle = Callable[[Path], object]


def another_clip(path: Path) -> None:
    """Without sound, at the place of the first."""
    clips.write(path.with_name(f"new{path.suffix}"), first=100).replace(path)


def written_over(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    os.truncate(path, 100)


def became_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.fixture
def meddled(same_host: img2img.PluginHost, same_models: dict[int, Path]) -> Callable[..., Item]:
    """Translate a clip, and do something to its source after some frames."""

    def meddled(source: Path, target: Path, meddle: Meddle, **options: Fraction) -> Item:
        asked = 0

        def stop() -> bool:
            nonlocal asked
            asked += 1
            if asked == 8:
                meddle(source)
            return False

        report = img2img.translate(
            source, target, model=same_models[1], compute=img2img.Compute("cpu"), host=same_host, stop=stop,
            video=VideoOptions(**options),
        )  # fmt: skip
        (item,) = report.items
        return item

    return meddled


@pytest.mark.parametrize("meddle", [another_clip, written_over, cut_short, became_a_folder, Path.unlink])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clip_whose_file_changes_on_the_way_fails(
    suffix: str, meddle: Meddle, meddled: Callable[..., Item], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / f"in{suffix}", frames=60, audio=[Tone()])
    item = meddled(source, tmp_path / "out" / "a.mp4", meddle)
    assert item.status == "failed"
    assert source.name in item.reason
    assert list((tmp_path / "out").iterdir()) == []


def test_an_animation_that_changes_on_the_way_fails(meddled: Callable[..., Item], tmp_path: Path) -> None:
    source = special.animation(tmp_path / "in.gif", frames=30)
    item = meddled(source, tmp_path / "out.mp4", written_over)
    assert (item.status, "changed or replaced" in item.reason) == ("failed", True)


def test_a_clip_that_is_only_touched_is_done(meddled: Callable[..., Item], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=60)
    item = meddled(source, tmp_path / "out.mp4", Path.touch)
    assert (item.status, look.numbers(item.target)) == ("done", list(range(60)))


@pytest.mark.parametrize(
    "meddle",
    [
        lambda folder: (folder / "20.png").unlink(),
        lambda folder: Image.new("RGB", (64, 48)).save(folder / "20.png"),
        lambda folder: Image.new("RGB", (32, 32)).save(folder / "02.png"),
    ],
)
def test_a_folder_of_frames_that_changes_on_the_way_fails(
    meddle: Meddle, meddled: Callable[..., Item], tmp_path: Path
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(24):
        Image.new("RGB", (32, 32), (number, 0, 0)).save(folder / f"{number:02}.png")
    item = meddled(folder, tmp_path / "out.mp4", meddle, fps=Fraction(25))
    assert item.status == "failed"
    assert not (tmp_path / "out.mp4").exists()
