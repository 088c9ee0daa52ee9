"""Folders of images as clips: their order, what they must have in common, and what one that is damaged costs."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from img2img.errors import VideoError
from img2img.media import Image, encode_image
from img2img.media.clip.sequence import SequenceReader, natural_order
from img2img.media.image.images import Pixels


def write(folder: Path, levels: list[int], kind: type = np.uint8, channels: int = 3) -> list[Path]:
    """PNG files of one level each."""
    paths = []
    for number, level in enumerate(levels):
        paths.append(folder / f"{number}.png")
        pixels = np.full((6, 8, channels), level, kind)
        paths[-1].write_bytes(encode_image(Image(pixels), ".png").data)
    return paths


def shown(paths: list[Path]) -> tuple[list[Pixels], str]:
    reader = SequenceReader(paths, Fraction(25))
    frames = list(reader.frames())
    assert [(frame.pts, frame.duration) for frame in frames] == [(tick, 1) for tick in range(len(paths))]
    return [frame.picture() for frame in frames], reader.damage


def levels(paths: list[Path]) -> list[int]:
    return [int(pixels[0, 0, 0]) for pixels in shown(paths)[0]]


def test_images_follow_each_other_at_the_rate(tmp_path: Path) -> None:
    paths = write(tmp_path, [10, 20, 30])
    info = SequenceReader(paths, Fraction(30000, 1001)).info
    assert levels(paths) == [10, 20, 30]
    assert (info.time_base, info.rate, info.frames) == (Fraction(1001, 30000), Fraction(30000, 1001), 3)
    assert (info.width, info.height, info.deep) == (8, 6, False)


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["f10.png", "f9.png", "f1.png", "e2.png", "f01.png", "f.png"]
    assert [path.name for path in natural_order(map(Path, names))] == [
        "e2.png", "f01.png", "f1.png", "f9.png", "f10.png", "f.png",
    ]  # fmt: skip


def test_a_damaged_image_shows_the_one_before_and_is_named(tmp_path: Path) -> None:
    paths = write(tmp_path, [10, 20, 30, 40])
    paths[1].write_bytes(b"no image")
    paths[2].write_bytes(b"")
    pictures, damage = shown(paths)
    assert [int(pixels[0, 0, 0]) for pixels in pictures] == [10, 10, 10, 40]
    assert damage.startswith("2 of 4 images cannot be read")
    assert "1.png" in damage


def test_a_damaged_first_image_shows_the_first_good_one(tmp_path: Path) -> None:
    paths = write(tmp_path, [10, 20, 30])
    paths[0].unlink()
    assert levels(paths) == [20, 20, 30]


def test_images_none_of_which_can_be_read_are_no_clip(tmp_path: Path) -> None:
    paths = write(tmp_path, [10, 20])
    for path in paths:
        path.write_bytes(b"no image")
    with pytest.raises(VideoError, match=r"none of the 2 images can be read; the first: .*this is no image"):
        SequenceReader(paths, Fraction(25))


def test_another_size_is_refused_by_both_names(tmp_path: Path) -> None:
    paths = write(tmp_path, [10, 20])
    paths[1].write_bytes(encode_image(Image(np.zeros((5, 8, 3), np.uint8)), ".png").data)
    with pytest.raises(VideoError, match=r"1\.png has 8×5, .*0\.png has 8×6: the images of a video need one size"):
        shown(paths)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_grey_becomes_rgb_and_alpha_is_kept(channels: int, tmp_path: Path) -> None:
    pictures, _ = shown(write(tmp_path, [10, 20], channels=channels))
    assert {pixels.shape for pixels in pictures} == {(6, 8, 4 if channels in (2, 4) else 3)}


@pytest.mark.parametrize(("first", "second"), [(np.uint8, np.uint16), (np.uint16, np.uint8)])
def test_all_get_the_depth_of_the_first(first: type, second: type, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    scale = {np.uint8: 1, np.uint16: 257}
    paths = write(tmp_path / "a", [scale[first] * 100], first) + write(tmp_path / "b", [scale[second] * 100], second)
    assert levels(paths) == [scale[first] * 100] * 2
    assert SequenceReader(paths, Fraction(25)).info.deep == (first is np.uint16)


def notes(folder: Path, names: list[str]) -> tuple[str, ...]:
    """The notes on images of these names."""
    data = encode_image(Image(np.zeros((6, 8, 3), np.uint8)), ".png").data
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return SequenceReader(natural_order(folder / name for name in names), Fraction(25)).info.notes


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (["f001.png", "f002.png", "f004.png"], "1 missing in the numbers of the images: f003.png;"),
        ([f"{number}.png" for number in range(30) if number not in (8, 9, 10, 20)], "4 missing .*: 8.png, 9.png"),
        (["s2_f9_v1.png", "s2_f9_v2.png", "s2_f9_v4.png"], "1 missing .*: s2_f9_v3.png;"),
        ([f"f{number:04}.png" for number in (0, 2, 4, 8, 10)], "1 missing .*: f0006.png;"),
        (["a/1.png", "a/2.png", "b/5.png", "b/6.png", "b/8.png"], "1 missing .*: 7.png;"),
    ],
)  # fmt: skip
def test_numbers_that_are_missing_among_the_names_are_counted_and_named(
    names: list[str], note: str, tmp_path: Path
) -> None:
    (found,) = notes(tmp_path, names)
    assert re.match(note, found)


@pytest.mark.parametrize(
    "names",
    [
        ["f1.png", "f2.png", "f3.png"],
        ["f0.png", "f10.png", "f20.png"],
        ["one.png", "two.png"],
        ["f1.png"],
        ["f1.png", "f01.png", "f2.png"],
        ["IMG_20240101120000.png", "IMG_20240101120007.png", "IMG_20240101121312.png"],
        ["a/1.png", "a/2.png", "b/9.png"],
    ],
)
def test_names_without_a_gap_are_no_reason_for_a_note(names: list[str], tmp_path: Path) -> None:
    assert notes(tmp_path, names) == ()
