"""Sources made from photos."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from img2img.datasets import HOLE_COLOUR, edges, grey, holes

KINDS = pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65535)])


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def scene(kind: type = np.uint8, size: int = 96) -> np.ndarray:
    """A bright square on a dark ground, with texture that has edges of all strengths."""
    rows, columns = np.mgrid[:size, :size]
    waves = 0.2 + 0.15 * (1 + rows / size) * np.sin(rows / 3) * np.cos(columns / 4)
    waves[size // 3 : -size // 3, size // 3 : -size // 3] += 0.5
    return (np.repeat(waves.clip(0, 1)[..., None], 3, axis=2) * np.iinfo(kind).max).astype(kind)


@KINDS
def test_grey_is_the_luma_of_bt601_in_the_same_depth(kind: type, top: int) -> None:
    pixels = chance(0).integers(0, top, (20, 30, 3), endpoint=True).astype(kind)
    luma = grey(pixels, chance(0))
    assert luma.dtype == kind
    assert luma.shape == (20, 30, 1)
    np.testing.assert_allclose(luma[..., 0], pixels @ [0.299, 0.587, 0.114], atol=top * 2e-5 + 0.6)


@KINDS
def test_edges_are_black_lines_on_white(kind: type, top: int) -> None:
    lines = edges(scene(kind), chance(0))
    assert lines.dtype == kind
    assert lines.shape == (96, 96, 1)
    assert set(np.unique(lines)) == {0, top}
    assert 0.01 < (lines == 0).mean() < 0.3


def test_edges_stand_where_the_image_changes() -> None:
    pixels = np.full((64, 64, 3), 40, np.uint8)
    pixels[:, 32:] = 200
    rows, columns = np.nonzero(edges(pixels, chance(0))[..., 0] == 0)
    assert set(rows) == set(range(64))
    assert set(columns) <= {31, 32}


def test_16_bits_give_the_edges_that_8_bits_give() -> None:
    pixels = scene()
    shallow, deep = (edges(image, chance(3)) for image in (pixels, pixels.astype(np.uint16) * 257))
    np.testing.assert_array_equal(shallow.astype(np.uint16) * 257, deep)


def test_a_plain_surface_with_faint_noise_has_no_edges() -> None:
    pixels = chance(0).integers(118, 126, (64, 64, 3)).astype(np.uint8)
    assert (edges(pixels, chance(0)) == 255).all()


def test_edges_are_drawn_in_several_densities() -> None:
    densities = [float((edges(scene(), chance(seed)) == 0).mean()) for seed in range(10)]
    assert max(densities) > 2 * min(densities) > 0


@KINDS
def test_holes_are_magenta_and_the_rest_is_untouched(kind: type, top: int) -> None:
    pixels = scene(kind)
    painted = holes(pixels, chance(0))
    assert painted.dtype == kind
    assert painted.shape == pixels.shape
    changed = (painted != pixels).any(axis=2)
    assert changed.any()
    assert (painted[changed] == np.multiply(HOLE_COLOUR, top)).all()


def test_between_one_and_four_holes_cover_part_of_any_image() -> None:
    shares = [float((holes(scene(), chance(seed)) == (255, 0, 255)).all(axis=2).mean()) for seed in range(300)]
    assert min(shares) > 0.1 * 0.1 * np.pi / 4 * 0.8
    assert max(shares) < 4 * 0.4 * 0.4
    assert max(shares) > 0.25


def test_holes_are_rectangles_and_ellipses() -> None:
    """Of the box around it a rectangle fills all, an ellipse about π/4, alike on all sides."""
    filled = []
    for seed in range(80):
        hole = (holes(scene(), chance(seed)) == (255, 0, 255)).all(axis=2)
        box = hole[np.ix_(hole.any(axis=1), hole.any(axis=0))]
        if (box == box[::-1]).all() and (box == box[:, ::-1]).all():  # there is one hole only
            filled.append(float(box.mean()))
    ellipses = [share for share in filled if share < 1]
    assert 0 < len(ellipses) < len(filled)
    np.testing.assert_allclose(ellipses, np.pi / 4, atol=0.04)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 40)])
def test_holes_fit_into_tiny_images(size: tuple[int, int]) -> None:
    pixels = np.zeros((*size, 3), np.uint8)
    for seed in range(40):
        assert holes(pixels, chance(seed)).any()


@pytest.mark.parametrize("task", [edges, holes])
def test_the_same_chance_gives_the_same_source(task: Callable[..., np.ndarray]) -> None:
    np.testing.assert_array_equal(task(scene(), chance(5)), task(scene(), chance(5)))


@pytest.mark.parametrize("task", [grey, edges, holes])
def test_the_photo_is_not_altered(task: Callable[..., np.ndarray]) -> None:
    pixels = scene()
    task(pixels, chance(0))
    np.testing.assert_array_equal(pixels, scene())
