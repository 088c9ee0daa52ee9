"""Sources and targets for super-resolution, made or read."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from img2img.contract.data import Sample
from img2img.datasets import Downscaled, PairedScales, super_resolution, to_tensor
from img2img.errors import DataError
from img2img.media import Image, decode_image, encode_image, read_file, write_file
from img2img.nn.resize import imresize

Draw = Callable[..., Path]


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def pixels_of(path: Path) -> Tensor:
    return to_tensor(decode_image(read_file(path), path).pixels)


def symmetries(image: Tensor) -> list[Tensor]:
    """The image flipped and transposed in each of the eight ways."""
    flipped = [image, image.flip(1), image.flip(2), image.flip(1, 2)]
    return flipped + [version.mT for version in flipped]


def whereabouts(crop: Tensor, whole: Tensor) -> tuple[int, int, int]:
    """Symmetry, row and column at which the crop stands in the whole."""
    for symmetry, version in enumerate(symmetries(crop)):
        windows = whole.unfold(1, version.shape[1], 1).unfold(2, version.shape[2], 1)
        hits = (windows == version[:, None, None]).all(-1).all(-1).all(0).nonzero()
        if len(hits):
            return symmetry, int(hits[0][0]), int(hits[0][1])
    raise AssertionError("the crop is no part of the image")


def equal(a: Sample, b: Sample) -> bool:
    return torch.equal(a.source, b.source) and torch.equal(a.target, b.target) and a.name == b.name


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_crops_are_cut_from_the_reduced_whole_exactly(scale: int, tmp_path: Path, draw: Draw) -> None:
    """Wherever the crop lies, its source is a part of the whole image's reduction, and its target is in register."""
    data = Downscaled([draw(tmp_path / "a.png", 61, 75)], scale, crop=scale * 6)
    whole = data.sample(0, None)
    places = set()
    for seed in range(400):
        sample = data.sample(0, chance(seed))
        symmetry, row, column = whereabouts(sample.source, whole.source)
        places.add((symmetry, row, column))
        part = whole.target[:, row * scale : (row + 6) * scale, column * scale : (column + 6) * scale]
        assert torch.equal(symmetries(sample.target)[symmetry], part)
    rows, columns = ({place[axis] for place in places} for axis in (1, 2))
    assert {0, 61 // scale - 6} <= rows  # borders and interior were met
    assert {0, 75 // scale - 6} <= columns
    assert len({place[0] for place in places}) == 8


def test_the_whole_source_is_matlabs_reduction_in_8_bit(tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png", 37, 46)
    sample = Downscaled([path], 4, crop=16).sample(0, None)
    expected = (imresize(pixels_of(path)[:, :36, :44].double(), Fraction(1, 4)) * 255).round().clamp(0, 255)
    assert sample.source.shape == (3, 9, 11)
    torch.testing.assert_close(sample.source * 255, expected.float(), rtol=0, atol=1e-4)


def test_the_whole_target_is_cut_to_a_multiple_of_the_scale(tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png", 37, 46)
    assert torch.equal(Downscaled([path], 4, crop=16).sample(0, None).target, pixels_of(path)[:, :36, :44])


def test_sources_survive_a_file_of_8_bits_unchanged(tmp_path: Path, draw: Draw) -> None:
    source = Downscaled([draw(tmp_path / "a.png")], 2, crop=16).sample(0, chance(0)).source
    levels = source.mul(255).round().byte().permute(1, 2, 0).numpy()
    write_file(tmp_path / "low.png", encode_image(Image(levels), ".png").data)
    torch.testing.assert_close(pixels_of(tmp_path / "low.png"), source, rtol=0, atol=1e-7)


def test_16_bit_targets_keep_their_depth(tmp_path: Path, draw: Draw) -> None:
    data = Downscaled([draw(tmp_path / "a.png", bits=16)], 2, crop=16)
    levels = data.sample(0, chance(0)).target * 65535
    torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-2)
    assert (levels % 257 > 1).any()


@pytest.mark.parametrize("layout", ["made", "read"])
def test_the_same_chance_gives_the_same_sample_and_another_another(layout: str, tmp_path: Path, draw: Draw) -> None:
    high, low = draw(tmp_path / "high.png", 60, 60), draw(tmp_path / "low.png", 30, 30)
    data = Downscaled([high], 2, crop=16) if layout == "made" else PairedScales([(low, high)], 2, crop=16)
    assert equal(data.sample(0, chance(1)), data.sample(0, chance(1)))
    assert not equal(data.sample(0, chance(1)), data.sample(0, chance(2)))
    assert data.sample(0, chance(1)).source.shape == (3, 8, 8)
    assert data.sample(0, chance(1)).target.shape == (3, 16, 16)


def test_pairs_that_are_read_are_cropped_and_turned_alike(tmp_path: Path, draw: Draw) -> None:
    low = draw(tmp_path / "low.png", 20, 26)
    high = tmp_path / "high.png"
    pixels = decode_image(read_file(low), low).pixels.repeat(2, 0).repeat(2, 1)
    write_file(high, encode_image(Image(pixels), ".png").data)
    data = PairedScales([(low, high)], 2, crop=16)
    seen = set()
    for seed in range(60):
        sample = data.sample(0, chance(seed))
        assert torch.equal(sample.source.repeat_interleave(2, 1).repeat_interleave(2, 2), sample.target)
        seen.add(whereabouts(sample.source, pixels_of(low))[0])
    assert len(seen) == 8


def test_a_pair_that_is_read_whole_is_as_it_is_in_the_files(tmp_path: Path, draw: Draw) -> None:
    low, high = draw(tmp_path / "low.png", 20, 26, seed=1), draw(tmp_path / "high.png", 61, 78, seed=2)
    sample = PairedScales([(low, high)], 3, crop=18).sample(0, None)
    assert torch.equal(sample.source, pixels_of(low))
    assert torch.equal(sample.target, pixels_of(high)[:, :60, :78])
    assert sample.name == "high.png"


def test_a_folder_of_images_is_split_for_training_and_validation(tmp_path: Path, draw: Draw) -> None:
    paths = {draw(tmp_path / f"{index}.png") for index in range(5)}
    train, validation = (super_resolution(tmp_path, scale=2, crop=16, split=split) for split in ("train", "validation"))
    assert isinstance(train, Downscaled)
    assert isinstance(validation, Downscaled)
    assert (len(train), len(validation)) == (4, 1)
    assert set(train.targets) | set(validation.targets) == paths


@pytest.mark.parametrize("suffix", ["", "x4", "_x4"])
def test_hr_and_lr_folders_are_paired_by_name(suffix: str, tmp_path: Path, draw: Draw) -> None:
    for index in range(3):
        draw(tmp_path / "HR" / f"{index}.png", 64, 80)
        draw(tmp_path / "LR" / f"{index}{suffix}.jpg", 16, 20)
    draw(tmp_path / "LR" / "more.png", 16, 20)  # a source without a target harms nobody
    data = super_resolution(tmp_path, scale=4, crop=16, split="train")
    held_out = super_resolution(tmp_path, scale=4, crop=16, split="validation")
    assert isinstance(data, PairedScales)
    assert isinstance(held_out, PairedScales)
    assert sorted(data.pairs + held_out.pairs) == [
        (tmp_path / "LR" / f"{index}{suffix}.jpg", tmp_path / "HR" / f"{index}.png") for index in range(3)
    ]


def test_images_of_one_name_in_two_subfolders_keep_their_own_partners(tmp_path: Path, draw: Draw) -> None:
    for folder in ("cats", "dogs"):
        draw(tmp_path / "HR" / folder / "1.png", 32, 32)
        draw(tmp_path / "LR" / folder / "1.png", 16, 16)
    splits = [super_resolution(tmp_path, scale=2, crop=16, split=split) for split in ("train", "validation")]
    pairs = [pair for data in splits if isinstance(data, PairedScales) for pair in data.pairs]
    assert len(pairs) == 2
    assert all(low.parent.name == high.parent.name for low, high in pairs)


@pytest.mark.parametrize(("split", "number"), [("train", "0001"), ("validation", "0801")])
def test_div2k_is_read_as_it_is_unpacked(split: str, number: str, tmp_path: Path, draw: Draw) -> None:
    for part, name in (("train", "0001"), ("valid", "0801")):
        draw(tmp_path / f"DIV2K_{part}_HR" / f"{name}.png", 64, 64)
        draw(tmp_path / f"DIV2K_{part}_LR_bicubic" / "X4" / f"{name}x4.png", 16, 16)
    data = super_resolution(tmp_path, scale=4, crop=16, split=split)  # type: ignore[arg-type]
    assert isinstance(data, PairedScales)
    assert [(low.name, high.name) for low, high in data.pairs] == [(f"{number}x4.png", f"{number}.png")]


def test_div2k_without_low_resolution_of_this_scale_is_downscaled(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "DIV2K_train_HR" / "0001.png", 64, 64)
    draw(tmp_path / "DIV2K_valid_HR" / "0801.png", 64, 64)
    draw(tmp_path / "DIV2K_train_LR_bicubic" / "X4" / "0001x4.png", 16, 16)
    data = super_resolution(tmp_path, scale=2, crop=16, split="train")
    assert isinstance(data, Downscaled)
    assert [path.name for path in data.targets] == ["0001.png"]


def test_div2k_without_its_validation_part_holds_training_images_out(tmp_path: Path, draw: Draw) -> None:
    for index in range(3):
        draw(tmp_path / "DIV2K_train_HR" / f"{index}.png", 64, 64)
        draw(tmp_path / "DIV2K_train_LR_bicubic" / "X4" / f"{index}x4.png", 16, 16)
    train, validation = (super_resolution(tmp_path, scale=4, crop=16, split=split) for split in ("train", "validation"))
    assert isinstance(train, PairedScales)
    assert isinstance(validation, PairedScales)
    assert (len(train), len(validation)) == (2, 1)
    assert not set(train.pairs) & set(validation.pairs)


def test_a_missing_partner_is_named_and_how_it_would_be_found(tmp_path: Path, draw: Draw) -> None:
    for index in range(3):
        draw(tmp_path / "HR" / f"{index}.png", 64, 64)
    draw(tmp_path / "LR" / "1.png", 16, 16)
    with pytest.raises(DataError, match=r"2 images of .*HR have no partner in .*LR: 0\.png, 2\.png; .* x4 or _x4"):
        super_resolution(tmp_path, scale=4, crop=16, split="train")


@pytest.mark.parametrize(("height", "width"), [(15, 16), (16, 18), (32, 32)])
def test_a_pair_of_wrong_sizes_is_named(height: int, width: int, tmp_path: Path, draw: Draw) -> None:
    low, high = draw(tmp_path / "low.png", height, width), draw(tmp_path / "high.png", 32, 33)
    message = rf"high\.png is 33×32, but 2 times .*low\.png would be {2 * width}×{2 * height}"
    with pytest.raises(DataError, match=message):
        PairedScales([(low, high)], 2, crop=16).sample(0, None)


@pytest.mark.parametrize("layout", ["made", "read"])
def test_an_image_too_small_for_the_crop_is_named_with_a_remedy(layout: str, tmp_path: Path, draw: Draw) -> None:
    high, low = draw(tmp_path / "high.png", 31, 60), draw(tmp_path / "low.png", 15, 30)
    data = Downscaled([high], 2, crop=32) if layout == "made" else PairedScales([(low, high)], 2, crop=32)
    named = "high" if layout == "made" else "low"
    with pytest.raises(DataError, match=rf"{named}\.png is too small for the training crop.*-o crop="):
        data.sample(0, chance(0))


def test_an_image_as_large_as_the_crop_is_enough(tmp_path: Path, draw: Draw) -> None:
    assert Downscaled([draw(tmp_path / "a.png", 32, 32)], 2, crop=32).sample(0, chance(0)).target.shape == (3, 32, 32)
