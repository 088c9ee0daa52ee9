"""Sheets of images: where each one stands, and how large."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from img2img.media import decode_image
from img2img.training.sheets import GAP, TILE, example_sheet, lay_out, tile


def test_a_sheet_has_a_row_for_each_image_and_a_column_for_each_version() -> None:
    dark, bright = torch.zeros(2, 3, 10, 20), torch.ones(2, 3, 10, 20)
    bright[1] *= 0.5
    sheet = lay_out([dark, bright])
    assert (sheet.shape, sheet.dtype) == ((20, 40, 3), np.uint8)
    assert sheet[:, :20].max() == 0
    assert np.unique(sheet[:10, 20:]).tolist() == [255]
    assert np.unique(sheet[10:, 20:]).tolist() == [128]


def test_versions_of_other_sizes_are_fitted_to_the_last() -> None:
    sheet = lay_out([torch.zeros(1, 3, 5, 5), torch.full((1, 3, 10, 10), 2.0)])
    assert sheet.shape == (10, 20, 3)
    assert sheet.max() == 255


def test_a_grey_version_such_as_a_mask_stands_beside_colours() -> None:
    sheet = lay_out([torch.ones(1, 1, 10, 10), torch.zeros(1, 3, 10, 10)])
    assert sheet[:, :10].min() == 255
    assert sheet[:, 10:].max() == 0


def test_large_images_are_made_smaller() -> None:
    assert lay_out([torch.zeros(1, 3, 400, 1000)], side=100).shape == (40, 100, 3)


@pytest.mark.parametrize(("size", "expected"), [((3, 10, 20), (TILE // 2, TILE)), ((1, 900, 300), (TILE, 85))])
def test_an_example_fills_its_tile_in_height_or_width(size: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert tile(torch.rand(size)).shape == (3, *expected)


def test_examples_stand_below_their_captions_in_rows_as_high_as_their_highest() -> None:
    flat, high = tile(torch.zeros(3, 10, 20)), tile(torch.zeros(3, 20, 10))
    sheet = decode_image(example_sheet([(("a", "b"), (flat, flat)), (("c", "d"), (flat, high))]), "sheet.jpg").pixels
    assert sheet.shape == (18 + TILE // 2 + GAP + 18 + TILE + GAP, 2 * TILE, 3)
    assert sheet[28 : 10 + TILE // 2].max() <= 3
    assert sheet[-20, 20].min() > 250
    assert sheet[-20, TILE + 20].max() <= 3
