"""Pairs made of plain photos."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from img2img.contract.data import Sample
from img2img.datasets import Geometry, MadePairs, edges, grey, holes, made_pairs, to_tensor
from img2img.errors import DataError
from img2img.media import decode_image, read_file

Draw = Callable[..., Path]

WHOLE = Geometry(resize=0, crop=16, flip=True)


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def equal(a: Sample, b: Sample) -> bool:
    return torch.equal(a.source, b.source) and torch.equal(a.target, b.target) and a.name == b.name


def negative(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 255 - pixels


def lottery(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.full_like(pixels[..., :1], rng.integers(256))


@pytest.mark.parametrize("held_out", ["val", "test"])
def test_photos_are_read_from_their_parts(held_out: str, tmp_path: Path, draw: Draw) -> None:
    train, validation = draw(tmp_path / "train" / "a" / "1.png"), draw(tmp_path / held_out / "2.png")
    assert made_pairs(tmp_path, grey, geometry=WHOLE, split="train").paths == [train]
    assert made_pairs(tmp_path, grey, geometry=WHOLE, split="validation").paths == [validation]


@pytest.mark.parametrize("folder", ["", "train", "holidays/2024"])
def test_photos_without_validation_are_held_out(folder: str, tmp_path: Path, draw: Draw) -> None:
    paths = [draw(tmp_path / folder / f"{index}.png") for index in range(4)]
    train, validation = (
        made_pairs(tmp_path, grey, geometry=WHOLE, split=split).paths
        for split in ("train", "validation")  # type: ignore[arg-type]
    )
    assert sorted(train + validation) == paths
    assert len(validation) == 1


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no images in"):
        made_pairs(tmp_path, grey, geometry=WHOLE, split="train")


def test_the_source_is_made_from_the_cropped_target(tmp_path: Path, draw: Draw) -> None:
    data = MadePairs([draw(tmp_path / "a.png", 30, 40)], negative, WHOLE)
    for seed in range(10):
        sample = data.sample(0, chance(seed))
        assert sample.target.shape == (3, 16, 16)
        torch.testing.assert_close(sample.source, 1 - sample.target)


def test_a_whole_target_is_as_it_is_in_the_file(tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png", 30, 40)
    sample = MadePairs([path], grey, WHOLE).sample(0, None)
    assert torch.equal(sample.target, to_tensor(decode_image(read_file(path), path).pixels))
    assert sample.source.shape == (1, 30, 40)
    assert sample.name == "a.png"


def test_validation_is_the_same_each_time_and_differs_between_images(tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png")
    data = MadePairs([path] * 8, lottery, WHOLE)
    assert all(equal(data.sample(index, None), data.sample(index, None)) for index in range(8))
    assert len({float(data.sample(index, None).source.max()) for index in range(8)}) > 4


def test_chance_in_making_a_source_comes_from_the_generator_given(tmp_path: Path, draw: Draw) -> None:
    data = MadePairs([draw(tmp_path / "a.png", 16, 16)], lottery, WHOLE)
    assert equal(data.sample(0, chance(1)), data.sample(0, chance(1)))
    assert len({float(data.sample(0, chance(seed)).source.max()) for seed in range(8)}) > 4


@pytest.mark.parametrize("task", [grey, edges, holes])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_task_works_on_crops_and_leaves_the_photo_as_it_was(
    task: Callable[..., np.ndarray], bits: int, tmp_path: Path, draw: Draw
) -> None:
    data = MadePairs([draw(tmp_path / "a.png", 30, 40, bits=bits)], task, WHOLE)
    before = data.sample(0, None)
    source = data.sample(0, chance(0)).source
    assert source.shape[1:] == (16, 16)
    assert 0 <= float(source.min()) < float(source.max()) <= 1
    assert equal(data.sample(0, None), before)


@pytest.mark.parametrize("task", [grey, edges, holes])
def test_it_survives_pickling(task: Callable[..., np.ndarray], tmp_path: Path, draw: Draw) -> None:
    data = MadePairs([draw(tmp_path / "a.png")], task, WHOLE)
    assert equal(pickle.loads(pickle.dumps(data)).sample(0, chance(1)), data.sample(0, chance(1)))
    assert len(data) == 1
