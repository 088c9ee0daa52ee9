"""Sources with the targets that are right for them, in two folders or side by side."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from img2img.contract.data import Sample
from img2img.contract.families import Split
from img2img.datasets import Geometry, Paired, paired, to_tensor
from img2img.errors import DataError
from img2img.media import Image, decode_image, encode_image, read_file, write_file

Draw = Callable[..., Path]

WHOLE = Geometry(resize=0, crop=16, flip=True)


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def equal(a: Sample, b: Sample) -> bool:
    return torch.equal(a.source, b.source) and torch.equal(a.target, b.target) and a.name == b.name


def pixels_of(path: Path) -> np.ndarray:
    return decode_image(read_file(path), path).pixels


def negative(path: Path, of: Path) -> Path:
    """Write the negative of an image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, encode_image(Image(255 - pixels_of(of)), path.suffix).data)
    return path


def read(root: Path, split: Split, **options: str) -> list[tuple[str, str]]:
    """The pairs of a part, as paths in the root."""
    pairs = paired(root, geometry=WHOLE, split=split, **options).pairs  # type: ignore[arg-type]
    return [(str(source.relative_to(root)), str(target.relative_to(root))) for source, target in pairs]


@pytest.mark.parametrize("held_out", ["val", "test"])
@pytest.mark.parametrize(
    ("source", "target"),
    [("{}A", "{}B"), ("{}_A", "{}_B"), ("{}_label", "{}_img"), ("A/{}", "B/{}"), ("source/{}", "target/{}")],
)
def test_a_known_layout_is_read_with_its_own_validation(
    source: str, target: str, held_out: str, tmp_path: Path, draw: Draw
) -> None:
    for part in ("train", held_out):
        draw(tmp_path / source.format(part) / f"{part}.png")
        draw(tmp_path / target.format(part) / f"{part}.jpg")
    for split, part in (("train", "train"), ("validation", held_out)):
        expected = [(f"{source.format(part)}/{part}.png", f"{target.format(part)}/{part}.jpg")]
        assert read(tmp_path, split) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("only_source_has_validation", [False, True])
def test_pairs_are_held_out_where_validation_has_not_both_folders(
    only_source_has_validation: bool, tmp_path: Path, draw: Draw
) -> None:
    for index in range(4):
        draw(tmp_path / "trainA" / f"{index}.png")
        draw(tmp_path / "trainB" / f"{index}.png")
    if only_source_has_validation:
        draw(tmp_path / "valA" / "5.png")
    train, validation = read(tmp_path, "train"), read(tmp_path, "validation")
    assert sorted(train + validation) == [(f"trainA/{index}.png", f"trainB/{index}.png") for index in range(4)]
    assert len(validation) == 1


def test_named_folders_come_before_any_layout(tmp_path: Path, draw: Draw) -> None:
    for name in ("A/1", "B/1", "maps/2", "photos/2"):
        draw(tmp_path / f"{name}.png")
    assert read(tmp_path, "train", source="maps", target="photos") == [("maps/2.png", "photos/2.png")]


def test_images_of_one_name_in_two_subfolders_keep_their_own_partners(tmp_path: Path, draw: Draw) -> None:
    for folder in ("cats", "dogs"):
        draw(tmp_path / "A" / folder / "1.png")
        draw(tmp_path / "B" / folder / "1.png")
    pairs = read(tmp_path, "train") + read(tmp_path, "validation")
    assert sorted(pairs) == [("A/cats/1.png", "B/cats/1.png"), ("A/dogs/1.png", "B/dogs/1.png")]


@pytest.mark.parametrize(("full", "lacking"), [("A", "B"), ("B", "A")])
def test_missing_partners_are_named_up_to_ten(full: str, lacking: str, tmp_path: Path, draw: Draw) -> None:
    for index in range(12):
        draw(tmp_path / full / f"{index:02}.png")
    draw(tmp_path / lacking / "00.png")
    message = rf"11 images of .*{full} have no partner in .*{lacking}: 01\.png, .*, 10\.png; .*the same name"
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, "train")
    assert "11.png" not in str(caught.value)


def test_a_pair_of_different_sizes_is_named(tmp_path: Path, draw: Draw) -> None:
    pair = draw(tmp_path / "a.png", 20, 24), draw(tmp_path / "b.png", 20, 25)
    with pytest.raises(DataError, match=r"a\.png is 24×20, but its partner .*b\.png is 25×20; bring them to one size"):
        Paired([pair], WHOLE).sample(0, None)


@pytest.mark.parametrize("held_out", ["val", "test"])
def test_images_side_by_side_are_read_from_their_parts(held_out: str, tmp_path: Path, draw: Draw) -> None:
    for part in ("train", held_out):
        draw(tmp_path / part / f"{part}.jpg")
    assert read(tmp_path, "train") == [("train/train.jpg", "train/train.jpg")]
    assert read(tmp_path, "validation") == [(f"{held_out}/{held_out}.jpg", f"{held_out}/{held_out}.jpg")]


@pytest.mark.parametrize("folder", ["", "train"])
def test_images_side_by_side_without_validation_are_held_out(folder: str, tmp_path: Path, draw: Draw) -> None:
    paths = {str(draw(tmp_path / folder / f"{index}.jpg").relative_to(tmp_path)) for index in range(4)}
    train, validation = ({pair[0] for pair in read(tmp_path, split)} for split in ("train", "validation"))  # type: ignore[arg-type]
    assert train | validation == paths
    assert (len(train), len(validation)) == (3, 1)


def test_the_left_half_is_the_source_and_the_right_the_target(tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png", 20, 48)
    sample, whole = paired(tmp_path, geometry=WHOLE, split="train").sample(0, None), to_tensor(pixels_of(path))
    assert torch.equal(sample.source, whole[:, :, :24])
    assert torch.equal(sample.target, whole[:, :, 24:])


def test_an_image_of_odd_width_is_not_side_by_side(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "a.png", 20, 47)
    with pytest.raises(DataError, match=r"a\.png is 47 pixels wide, which is odd.*side by side; take it out, or"):
        paired(tmp_path, geometry=WHOLE, split="train").sample(0, None)


@pytest.mark.parametrize("folders", [("cats", "dogs"), ("train/cats", "train/dogs"), ()])
def test_unknown_folders_are_not_taken_for_images_side_by_side(
    folders: tuple[str, ...], tmp_path: Path, draw: Draw
) -> None:
    for folder in folders:
        draw(tmp_path / folder / "1.png")
    with pytest.raises(DataError, match=r"(?s)none of the known layouts.*trainA/ and trainB/.*train/ .*left half"):
        read(tmp_path, "train")


def test_a_pair_is_cropped_and_flipped_as_one(tmp_path: Path, draw: Draw) -> None:
    source = draw(tmp_path / "a.png", 30, 40)
    data = Paired([(source, negative(tmp_path / "b.png", source))], Geometry(24, 16, flip=True))
    crops = set()
    for seed in range(20):
        sample = data.sample(0, chance(seed))
        torch.testing.assert_close(sample.source, 1 - sample.target, rtol=0, atol=1.01 / 255)  # by rounding in resizing
        crops.add(float(sample.source.sum()))
    assert sample.source.shape == (3, 16, 16)
    assert len(crops) > 10


def test_halves_are_cropped_and_flipped_as_one(tmp_path: Path, draw: Draw) -> None:
    left = pixels_of(draw(tmp_path / "half" / "a.png", 30, 40))
    write_file(tmp_path / "a.png", encode_image(Image(np.concatenate([left, 255 - left], axis=1)), ".png").data)
    data = Paired([(tmp_path / "a.png", tmp_path / "a.png")], WHOLE)
    for seed in range(10):
        sample = data.sample(0, chance(seed))
        torch.testing.assert_close(sample.source, 1 - sample.target)


@pytest.mark.parametrize("layout", ["folders", "side by side"])
def test_reversed_pairs_exchange_source_and_target(layout: str, tmp_path: Path, draw: Draw) -> None:
    names = ["A/1.png", "B/1.jpg"] if layout == "folders" else ["1.png"]
    for seed, name in enumerate(names):
        draw(tmp_path / name, 20, 40, seed=seed)
    data, other = (paired(tmp_path, geometry=WHOLE, split="train", reverse=reverse) for reverse in (False, True))
    for rng in (None, 1):
        sample, reversed_sample = (each.sample(0, rng and chance(rng)) for each in (data, other))
        assert torch.equal(sample.source, reversed_sample.target)
        assert torch.equal(sample.target, reversed_sample.source)
    assert (sample.name, reversed_sample.name) == (names[0].split("/")[-1], names[-1].split("/")[-1])


def test_a_whole_pair_is_as_it_is_in_the_files(tmp_path: Path, draw: Draw) -> None:
    pair = draw(tmp_path / "a.png", 20, 24, seed=1), draw(tmp_path / "b.png", 20, 24, seed=2)
    sample = Paired([pair], WHOLE).sample(0, None)
    assert torch.equal(sample.source, to_tensor(pixels_of(pair[0])))
    assert torch.equal(sample.target, to_tensor(pixels_of(pair[1])))
    assert sample.name == "a.png"


def test_the_same_chance_gives_the_same_sample_also_after_pickling(tmp_path: Path, draw: Draw) -> None:
    data = Paired([(draw(tmp_path / "a.png"), draw(tmp_path / "b.png", seed=1))], WHOLE)
    assert equal(data.sample(0, chance(1)), pickle.loads(pickle.dumps(data)).sample(0, chance(1)))
    assert not equal(data.sample(0, chance(1)), data.sample(0, chance(2)))
    assert len(data) == 1
