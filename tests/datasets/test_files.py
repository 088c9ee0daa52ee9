"""Finding images and holding some of them out."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from img2img.datasets import hold_out, list_images
from img2img.errors import DataError

LENGTHS = [2, 3, 19, 20, 39, 40, 41, 319, 320, 321, 1000, 5000]


@pytest.mark.parametrize("length", LENGTHS)
def test_training_and_validation_together_are_everything_once(length: int) -> None:
    items = list(range(length))
    train, validation = hold_out(items, "train"), hold_out(items, "validation")
    assert sorted(train + validation) == items
    assert train == sorted(train)


@pytest.mark.parametrize(("length", "count"), [(2, 1), (20, 1), (39, 1), (40, 2), (320, 16), (5000, 16)])
def test_one_in_twenty_is_held_out_and_at_most_sixteen(length: int, count: int) -> None:
    assert len(hold_out(range(length), "validation")) == count


@pytest.mark.parametrize("length", LENGTHS)
def test_held_out_items_are_spread_evenly(length: int) -> None:
    held_out = hold_out(range(length), "validation")
    gaps = [after - before for before, after in pairwise(held_out)]
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


def test_the_split_is_the_same_each_time() -> None:
    assert hold_out(range(77), "validation") == hold_out(list(range(77)), "validation") == [12, 38, 64]


def test_a_single_item_is_in_both() -> None:
    assert hold_out(["only"], "train") == hold_out(["only"], "validation") == ["only"]


def test_images_are_found_below_the_folder_sorted_and_whatever_the_case_of_their_suffix(
    tmp_path: Path, draw: Callable[..., Path]
) -> None:
    found = [draw(tmp_path / name) for name in ("a.PNG", "b/c.jpg", "b/d.webp", "e.png")]
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "folder.png").mkdir()
    assert list_images(tmp_path) == found


def test_an_empty_folder_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"no images in {re.escape(str(tmp_path))} \(looked for .*\.jpg, .*\.png"):
        list_images(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "image.png"])
def test_what_is_no_folder_is_refused_and_named(name: str, tmp_path: Path, draw: Callable[..., Path]) -> None:
    draw(tmp_path / "image.png")
    with pytest.raises(DataError, match=rf"{re.escape(str(tmp_path / name))} is not a folder"):
        list_images(tmp_path / name)
