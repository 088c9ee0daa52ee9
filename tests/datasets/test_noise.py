"""Noise and pictures: what a sample holds, and what it depends on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import img2img
from img2img.datasets import NoiseAndPictures, noise_and_pictures
from img2img.training.loader import training_batches, validation_batches

Draw = Callable[..., Path]
NOISE = img2img.Noise((2, 3), height=16, width=24)


@pytest.fixture
def root(draw: Draw, tmp_path: Path) -> Path:
    for number, name in enumerate(("cat", "dog")):
        draw(tmp_path / name / "large.png", 50, 60, seed=number)
        draw(tmp_path / name / "small.png", 5, 8, seed=number + 2)
        draw(tmp_path / name / "grey.png", 30, 20, seed=number + 4, channels=1, bits=16)
    return tmp_path


def labelled(root: Path, *, flip: bool = False) -> NoiseAndPictures:
    return noise_and_pictures(root, NOISE, split="train", classes=("cat", "dog"), flip=flip)


def test_pictures_of_any_size_are_brought_to_that_of_the_results(root: Path) -> None:
    data = labelled(root)
    for index in range(len(data)):
        for rng in (None, np.random.default_rng(1)):
            sample = data.sample(index, rng)
            assert sample.source.shape == (2, 3)
            assert sample.target.shape == (3, 16, 24)
            assert 0 <= float(sample.target.min()) <= float(sample.target.max()) <= 1


def test_each_picture_has_the_number_of_its_class_as_a_typed_label_would(root: Path) -> None:
    label = img2img.Condition("what it shows", choices=("cat", "dog"))
    data = labelled(root)
    rows = [data.sample(index, None).condition["label"] for index in range(len(data))]
    assert [int(row) for row in rows] == [0, 0, 1, 1]
    assert (rows[3].dtype, rows[3].shape) == (label.row("dog").dtype, label.row("dog").shape)


def test_without_classes_any_tree_of_pictures_is_read(root: Path) -> None:
    data = noise_and_pictures(root, NOISE, split="train")
    assert len(data) == 5
    assert data.sample(0, None).condition == {}


def test_noise_depends_on_the_given_chance_alone_and_in_validation_on_the_index(root: Path) -> None:
    data = labelled(root)
    one, same, other = (data.sample(0, np.random.default_rng(seed)).source for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(data.sample(3, None).source, NOISE.draw([3])[0])


def test_pictures_are_mirrored_where_that_is_asked_for(root: Path) -> None:
    plain, mirrored = labelled(root), labelled(root, flip=True)
    pairs = [
        (plain.sample(0, np.random.default_rng(n)), mirrored.sample(0, np.random.default_rng(n))) for n in range(8)
    ]
    as_mirrored = [(torch.equal(a.target, b.target), torch.equal(a.target, b.target.flip(2))) for a, b in pairs]
    assert set(as_mirrored) == {(True, False), (False, True)}


def test_batches_hold_noise_pictures_and_labels(root: Path) -> None:
    batch = next(training_batches(labelled(root), 3, seed=0, start=0, device=torch.device("cpu"), workers=0))
    assert (batch.source.shape, batch.target.shape) == ((3, 2, 3), (3, 3, 16, 24))
    assert batch.condition["label"].shape == (3,)
    held_out = noise_and_pictures(root, NOISE, split="validation", classes=("cat", "dog"))
    assert [len(batch.source) for batch in validation_batches(held_out, torch.device("cpu"))] == [1, 1]


def test_a_class_without_pictures_is_refused(root: Path) -> None:
    with pytest.raises(img2img.DataError, match="cow"):
        noise_and_pictures(root, NOISE, split="train", classes=("cat", "cow"))
