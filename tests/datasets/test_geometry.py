"""Bringing images to scale, cropping and mirroring them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from img2img.datasets import Geometry
from img2img.errors import DataError
from img2img.media.opencv import cv2

AS_IT_IS = Path("a.png")


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def noise(height: int, width: int, kind: type = np.uint8, seed: int = 0) -> np.ndarray:
    return chance(seed).integers(0, np.iinfo(kind).max, (height, width, 3), endpoint=True).astype(kind)


def places(crop: np.ndarray, whole: np.ndarray) -> list[tuple[int, int]]:
    """Rows and columns at which the crop stands in the whole."""
    windows = np.lib.stride_tricks.sliding_window_view(whole, crop.shape)[:, :, 0]
    return [(int(row), int(column)) for row, column in np.argwhere((windows == crop).all(axis=(2, 3, 4)))]


@pytest.mark.parametrize(("height", "width"), [(40, 60), (60, 40), (40, 40)])
def test_the_shorter_side_is_brought_to_scale_and_the_aspect_kept(height: int, width: int) -> None:
    (image,) = Geometry(resize=20, crop=8, flip=False).apply([noise(height, width)], None, AS_IT_IS)
    assert image.shape == (height // 2, width // 2, 3)


@pytest.mark.parametrize(("resize", "interpolation"), [(20, "INTER_AREA"), (80, "INTER_CUBIC")])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_shrinking_averages_and_enlarging_is_cubic(resize: int, interpolation: str, kind: type) -> None:
    pixels = noise(40, 60, kind)
    (image,) = Geometry(resize, crop=8, flip=False).apply([pixels], None, AS_IT_IS)
    expected = cv2.resize(pixels, (resize * 3 // 2, resize), interpolation=getattr(cv2, interpolation))
    assert image.dtype == kind
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("resize", [0, 40])
def test_an_image_that_needs_no_resizing_is_as_it_was(resize: int) -> None:
    pixels = noise(40, 60)
    (image,) = Geometry(resize, crop=8, flip=True).apply([pixels], None, AS_IT_IS)
    np.testing.assert_array_equal(image, pixels)


def test_without_chance_an_image_smaller_than_the_crop_is_whole() -> None:
    (image,) = Geometry(resize=0, crop=100, flip=True).apply([noise(40, 60)], None, AS_IT_IS)
    assert image.shape == (40, 60, 3)


def test_crops_lie_anywhere_in_the_image_up_to_its_borders() -> None:
    pixels, geometry = noise(12, 14), Geometry(resize=0, crop=10, flip=False)
    found = {places(*geometry.apply([pixels], chance(seed), AS_IT_IS), pixels)[0] for seed in range(150)}  # type: ignore[call-arg]
    assert found == {(row, column) for row in range(3) for column in range(5)}


def test_half_of_the_crops_are_mirrored() -> None:
    pixels, geometry = noise(12, 14), Geometry(resize=0, crop=10, flip=True)
    mirrored = 0
    for seed in range(200):
        (crop,) = geometry.apply([pixels], chance(seed), AS_IT_IS)
        mirrored += not places(crop, pixels)
        assert places(crop, pixels) or places(crop[:, ::-1], pixels)
    assert 70 < mirrored < 130


def test_aligned_images_share_one_draw() -> None:
    pixels = noise(30, 40)
    for seed in range(20):
        first, second = Geometry(0, 16, flip=True).apply([pixels, 255 - pixels], chance(seed), AS_IT_IS)
        np.testing.assert_array_equal(first, 255 - second)


def test_crops_are_contiguous_and_no_part_of_the_image() -> None:
    pixels = noise(30, 40)
    for seed in range(4):
        (crop,) = Geometry(0, 16, flip=True).apply([pixels], chance(seed), AS_IT_IS)
        assert crop.flags.c_contiguous
        assert not np.shares_memory(crop, pixels)


def test_an_image_too_small_for_the_crop_is_named_with_two_remedies() -> None:
    message = r"low\.png is 60×40, too small .* 64×64; .* -o resize=64 or more, or .* -o crop=40 or less"
    with pytest.raises(DataError, match=message):
        Geometry(resize=0, crop=64, flip=False).apply([noise(40, 60)], chance(0), Path("low.png"))


def test_a_crop_larger_than_the_scale_asked_for_is_told_so() -> None:
    with pytest.raises(DataError, match=r"low\.png is 30×20 after -o resize=20, too small"):
        Geometry(resize=20, crop=64, flip=False).apply([noise(40, 60)], chance(0), Path("low.png"))


def test_an_image_as_large_as_the_crop_is_enough() -> None:
    (crop,) = Geometry(resize=0, crop=40, flip=False).apply([noise(40, 40)], chance(0), AS_IT_IS)
    np.testing.assert_array_equal(crop, noise(40, 40))


def test_it_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(Geometry(286, 256, True))) == Geometry(286, 256, True)
