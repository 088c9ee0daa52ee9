"""Conditions of samples: maps and images of files, values of tables, and what a function makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from img2img.contract.traits import Condition
from img2img.datasets import Geometry, at_random, by_name, made_pairs, paired, unpaired
from img2img.errors import DataError
from img2img.media import Image, encode_image, write_file

Draw = Callable[..., Path]

MASK = Condition("where", kind="map", channels=1)
CLASSES = Condition("what", kind="map", channels=1, interpolation="nearest")
STYLE = Condition("how", kind="image")
AGE = Condition("how old", kind="number", minimum=0, maximum=100)
LABEL = Condition("which", choices=("cat", "dog"))

GEOMETRY = Geometry(resize=48, crop=16, flip=True)
WHOLE = Geometry(resize=0, crop=16, flip=True)


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def unchanged(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return pixels


def write(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, encode_image(Image(np.ascontiguousarray(pixels)), path.suffix).data)
    return path


def grey_photo(path: Path, height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    """Write a photo whose channels are equal and smooth, and return its pixels, (H, W, 1)."""
    y, x = np.mgrid[:height, :width]
    grey = np.uint8(127 + 60 * np.sin(x / 9 + seed) + 60 * np.sin(y / 7))[..., None]
    write(path, np.repeat(grey, 3, 2))
    return grey


@pytest.mark.parametrize("seed", range(6))
def test_a_map_is_resized_cropped_and_mirrored_as_its_source(seed: int, tmp_path: Path) -> None:
    write(tmp_path / "masks" / "1.png", grey_photo(tmp_path / "photos" / "1.jpg"))
    data = made_pairs(
        tmp_path / "photos", unchanged, geometry=GEOMETRY, split="train",
        conditions={"mask": by_name(MASK, tmp_path / "masks")},
    )  # fmt: skip
    sample = data.sample(0, chance(seed))
    assert sample.condition["mask"].shape == (1, 16, 16)
    torch.testing.assert_close(sample.condition["mask"], sample.source[:1], atol=0.04, rtol=0)


def test_a_map_of_another_size_is_brought_to_that_of_the_source(tmp_path: Path) -> None:
    grey = grey_photo(tmp_path / "photos" / "1.jpg")
    write(tmp_path / "masks" / "1.png", np.repeat(np.repeat(grey, 2, 0), 2, 1))
    data = made_pairs(
        tmp_path / "photos", unchanged, geometry=WHOLE, split="train",
        conditions={"mask": by_name(MASK, tmp_path / "masks")},
    )  # fmt: skip
    sample = data.sample(0, None)
    assert sample.condition["mask"].shape == (1, 60, 80)
    torch.testing.assert_close(sample.condition["mask"], sample.source[:1], atol=0.04, rtol=0)


def test_a_map_of_classes_gets_no_values_between_them(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "1.png", 61, 83)
    pixels = chance(0).choice(np.array([0, 7, 200], np.uint8), (30, 20, 1))
    write(tmp_path / "classes" / "1.png", pixels)
    data = made_pairs(
        tmp_path / "photos", unchanged, geometry=GEOMETRY, split="train",
        conditions={"classes": by_name(CLASSES, tmp_path / "classes")},
    )  # fmt: skip
    for rng in (None, chance(1)):
        values = (data.sample(0, rng).condition["classes"] * 255).round().unique().tolist()
        assert set(values) <= {0, 7, 200}


def test_what_is_transparent_in_a_map_is_black(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "1.png", 20, 20)
    painted = np.zeros((20, 20, 4), np.uint8)
    painted[5:9, 5:9] = 255
    write(tmp_path / "masks" / "1.png", painted)
    data = made_pairs(
        tmp_path / "photos", unchanged, geometry=WHOLE, split="train",
        conditions={"mask": by_name(MASK, tmp_path / "masks")},
    )  # fmt: skip
    assert float(data.sample(0, None).condition["mask"].sum()) == 16


def test_images_that_are_drawn_have_one_size_in_training_and_are_whole_in_validation(
    tmp_path: Path, draw: Draw
) -> None:
    for index in range(4):
        draw(tmp_path / "photos" / f"{index}.png")
        draw(tmp_path / "styles" / f"{index}.png", 10 + 20 * index, 50, seed=index)
    style = {"style": at_random(STYLE, tmp_path / "styles", side=24)}
    train = made_pairs(tmp_path / "photos", unchanged, geometry=WHOLE, split="train", conditions=style)
    shapes = {
        tuple(train.sample(index, chance(seed)).condition["style"].shape) for seed in range(9) for index in (0, 1)
    }
    assert shapes == {(3, 24, 24)}
    held_out = made_pairs(tmp_path / "photos", unchanged, geometry=WHOLE, split="validation", conditions=style)
    one, two = (held_out.sample(0, None).condition["style"] for _ in range(2))
    assert torch.equal(one, two)
    assert one.shape[2] == 50
    assert set(train.files()) & set(held_out.files()) == set()


def test_the_same_chance_draws_the_same_image(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "1.png")
    for index in range(4):
        draw(tmp_path / "styles" / f"{index}.png", 30, 30, seed=index)
    data = made_pairs(
        tmp_path / "photos", unchanged, geometry=WHOLE, split="train",
        conditions={"style": at_random(STYLE, tmp_path / "styles", side=30)},
    )  # fmt: skip

    def style(seed: int) -> Tensor:
        return data.sample(0, chance(seed)).condition["style"]

    assert torch.equal(style(3), style(3))
    assert len({float(style(seed).sum()) for seed in range(16)}) == 3  # the fourth is held out


def test_numbers_and_labels_come_from_a_table_by_name(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "train" / "a" / "1.png")
    draw(tmp_path / "photos" / "train" / "b" / "1.png")
    draw(tmp_path / "photos" / "val" / "1.png")
    ages, labels = tmp_path / "ages.csv", tmp_path / "labels.csv"
    ages.write_text("name,age\na/1,20\nb/1.png,30.5\n")
    labels.write_text("name,label\ntrain/a/1.png,dog\nb/1,cat\n")
    data = made_pairs(
        tmp_path / "photos", unchanged, geometry=WHOLE, split="train",
        conditions={"age": by_name(AGE, ages), "label": by_name(LABEL, labels)},
    )  # fmt: skip
    found = [data.sample(index, None).condition for index in range(2)]
    assert [(float(row["age"]), int(row["label"])) for row in found] == [(20.0, 1), (30.5, 0)]
    assert {ages, labels} <= set(data.files())


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("name,age\n1,200\n", "'200', the value of 1.png: give a number from 0 to 100"),
        ("name,age\n2,20\n", "1 images have no partner in"),
        ("age\n20\n", "the first line must be name,age"),
        ("", "the columns of an empty file"),
    ],
)
def test_a_table_that_gives_no_value_is_refused(table: str, said: str, tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "1.png")
    (tmp_path / "ages.csv").write_text(table)
    with pytest.raises(DataError, match=said):
        made_pairs(
            tmp_path / "photos", unchanged, geometry=WHOLE, split="train",
            conditions={"age": by_name(AGE, tmp_path / "ages.csv")},
        )  # fmt: skip


def test_sources_that_find_the_same_map_are_refused(tmp_path: Path, draw: Draw) -> None:
    for path in ("photos/train/a/1.png", "photos/train/b/1.png", "photos/val/2.png", "masks/1.png"):
        draw(tmp_path / path)
    with pytest.raises(DataError, match="both find 1"):
        made_pairs(
            tmp_path / "photos", unchanged, geometry=WHOLE, split="train",
            conditions={"mask": by_name(MASK, tmp_path / "masks")},
        )  # fmt: skip


def test_one_picture_serves_all_sources(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "1.png", 30, 20)
    mask = draw(tmp_path / "mask.png", 30, 20)
    data = made_pairs(
        tmp_path / "photos", unchanged, geometry=WHOLE, split="train", conditions={"mask": by_name(MASK, mask)}
    )
    assert data.sample(0, None).condition["mask"].shape == (1, 30, 20)


def with_hole(pixels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, object]]:
    hole = np.zeros_like(pixels[..., :1])
    hole[int(rng.integers(8)) :] = 255
    return pixels, {"mask": hole, "strength": 0.5, "count": 3, "row": torch.ones(2)}


def test_a_function_that_makes_a_source_makes_conditions_as_well(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "1.png", 30, 20)
    data = made_pairs(tmp_path, with_hole, geometry=WHOLE, split="train")  # type: ignore[arg-type]
    found = data.sample(0, chance(1)).condition
    assert found["mask"].shape == (1, 16, 16)
    assert set(found["mask"].unique().tolist()) == {0.0, 1.0}
    assert (found["strength"].dtype, found["count"].dtype, found["row"].shape) == (torch.float32, torch.int64, (2,))
    assert torch.equal(data.sample(0, chance(1)).condition["mask"], found["mask"])


@pytest.mark.parametrize("reverse", [False, True])
def test_the_maps_of_pairs_are_those_of_the_source(reverse: bool, tmp_path: Path) -> None:
    for folder in ("source", "target"):
        grey_photo(tmp_path / folder / f"{folder}.png", seed=len(folder))
    for folder, name in (("source", "1"), ("target", "1")):
        (tmp_path / folder / f"{folder}.png").rename(tmp_path / folder / f"{name}.png")
    name = "target" if reverse else "source"
    mask = grey_photo(tmp_path / "x.png", seed=len(name))
    write(tmp_path / "masks" / name / "1.png", mask)
    data = paired(
        tmp_path, geometry=GEOMETRY, split="train", reverse=reverse,
        conditions={"mask": by_name(MASK, tmp_path / "masks")},
    )  # fmt: skip
    sample = data.sample(0, chance(2))
    torch.testing.assert_close(sample.condition["mask"], sample.source[:1], atol=0.04, rtol=0)


def test_data_without_pairs_have_conditions_of_their_sources(tmp_path: Path) -> None:
    for folder in ("trainA", "trainB", "valA", "valB"):
        mask = grey_photo(tmp_path / folder / "1.png", seed=len(folder))
        write(tmp_path / "masks" / "1.png", mask)
    data = unpaired(
        tmp_path, geometry=GEOMETRY, split="train", conditions={"mask": by_name(MASK, tmp_path / "masks" / "1.png")}
    )
    assert data.sample(0, chance(2)).condition["mask"].shape == (1, 16, 16)


def test_an_image_needs_a_side_and_a_map_is_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give the side"):
        by_name(STYLE, tmp_path)
    with pytest.raises(ValueError, match="use by_name"):
        at_random(MASK, tmp_path, side=8)
