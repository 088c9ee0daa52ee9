"""Tiles: that they cover, that they see enough, and that they stay on the network's grid."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from img2img import Traits
from img2img.inference.tiles import SMALLEST_TILE, tile_side, windows

SIZES = (1, 2, 7, 16, 31, 64, 97, 101)
SIDES = (16, 17, 40, 64)
GRIDS = [(1, 1, 0), (1, 1, 5), (2, 1, 3), (4, 16, 8), (8, 64, 8), (3, 10, 2)]
"""Multiple, minimum size, halo."""


def tiled(**others: Any) -> Traits:
    return Traits(tiling="exact", **others)


@pytest.mark.parametrize(("multiple", "minimum", "halo"), GRIDS)
def test_tiles_cover_each_pixel_once_and_see_a_halo_around_it(multiple: int, minimum: int, halo: int) -> None:
    network = tiled(multiple_of=multiple, minimum_size=minimum, halo=halo)
    for size, side in product(SIZES, SIDES):
        cuts = [rows for rows, _ in windows(size, 1, side, network)]
        assert [pixel for cut in cuts for pixel in range(cut.start, cut.stop)] == list(range(size))
        for cut in cuts:
            assert 0 <= cut.seen_from <= max(0, cut.start - halo)
            assert min(size, cut.stop + halo) <= cut.seen_to <= size


@pytest.mark.parametrize(("multiple", "minimum", "halo"), GRIDS)
def test_tiles_lie_on_the_grid_of_the_network_and_need_no_padding_inside_of_the_image(
    multiple: int, minimum: int, halo: int
) -> None:
    network = tiled(multiple_of=multiple, minimum_size=minimum, halo=halo)
    for size, side in product(SIZES, SIDES):
        for cut, _ in windows(size, 1, side, network):
            assert cut.start % multiple == cut.seen_from % multiple == 0
            assert cut.seen_to == size or (cut.seen_to - cut.seen_from) % multiple == 0
            assert cut.seen_to - cut.seen_from >= min(size, minimum)


def test_rows_and_columns_are_cut_alike() -> None:
    network = tiled(halo=2, multiple_of=4)
    rows = [rows for rows, _ in windows(50, 1, 16, network)]
    columns = [columns for _, columns in windows(1, 30, 16, network)]
    assert list(windows(50, 30, 16, network)) == list(product(rows, columns))
    assert (len(rows), len(columns)) == (4, 2)


def test_without_a_side_there_is_one_tile_which_is_the_image() -> None:
    ((rows, columns),) = windows(50, 30, None, tiled(halo=2))
    assert (rows.start, rows.stop, rows.seen_from, rows.seen_to) == (0, 50, 0, 50)
    assert (columns.start, columns.stop, columns.seen_from, columns.seen_to) == (0, 30, 0, 30)


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(3, 2), Fraction(2, 3)])
def test_tiles_of_a_network_with_a_broken_scale_begin_where_an_output_pixel_begins(scale: Fraction) -> None:
    for cut, _ in windows(101, 1, 17, tiled(scale=scale, halo=1)):
        assert (cut.start * scale).denominator == (cut.seen_from * scale).denominator == 1


@pytest.mark.parametrize("scale", [1, 2, 4, Fraction(1, 2)])
@pytest.mark.parametrize("halo", [0, 5, 20])
def test_the_chosen_tiles_hold_no_more_than_the_limit_with_their_halo(scale: Any, halo: int) -> None:
    network = tiled(scale=scale, halo=halo)
    limit = 60_000
    side = tile_side(1000, 700, limit, network)
    assert side is not None
    assert side == SMALLEST_TILE or ((side + 2 * halo) * scale) ** 2 <= limit
    assert tile_side(1000, 700, 10**9, network) is None


def test_a_network_that_looks_at_the_whole_image_gets_no_tiles() -> None:
    assert tile_side(1000, 1000, 100, Traits(tiling="never")) is None
