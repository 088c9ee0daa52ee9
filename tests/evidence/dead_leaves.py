"""Pictures with the statistics of natural images: discs and polygons that cover each other, half of them striped."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from img2img.media.opencv import cv2

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[Any]

LEAVES = 70
RADII = 0.06, 0.45
"""Smallest and largest radius, over the side of the picture; p(r) ~ r^-3, as in photographs."""
SUPERSAMPLING = 3


def dead_leaves(rng: np.random.Generator, size: int) -> Floats:
    """Draw one picture, antialiased: (size, size, 3), RGB in [0, 1].

    The figures in the project's notes were measured on these pictures: what is drawn from `rng`, and in which order, is
    part of them.
    """
    side = size * SUPERSAMPLING
    canvas = np.empty((side, side, 3), np.float32)
    canvas[:] = rng.uniform(0.1, 0.9, 3)
    for _ in range(LEAVES):
        radius = rng.uniform((RADII[1] * side) ** -2, (RADII[0] * side) ** -2) ** -0.5
        centre = rng.uniform(-0.1 * side, 1.1 * side, 2)
        colour = rng.uniform(0.05, 0.95, 3).astype(np.float32)
        leaf = _leaf(rng, side, centre, radius)
        if not leaf.any():
            continue
        canvas[leaf] = _stripes(rng, leaf, colour) if rng.random() < 0.5 else colour
    picture: Floats = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).clip(0, 1)
    return picture


def _leaf(rng: np.random.Generator, side: int, centre: NDArray[np.float64], radius: float) -> Mask:
    mask = np.zeros((side, side), np.uint8)
    if rng.random() < 0.5:
        cv2.circle(mask, (int(centre[0]), int(centre[1])), max(int(radius), 2), 1, -1)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
        corners = np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], axis=1)
        cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask.astype(bool)


def _stripes(rng: np.random.Generator, leaf: Mask, colour: Floats) -> NDArray[Any]:
    """The colours of the leaf's pixels: waves between `colour` and another, soft or hard."""
    y, x = (axis.astype(np.float32) for axis in np.nonzero(leaf))
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 16) * SUPERSAMPLING
    way = x * np.cos(angle) + y * np.sin(angle)
    wave = np.cos(way * 2 * np.pi / period + rng.uniform(0, 6.28))
    if rng.random() < 0.5:
        wave = np.sign(wave)
    other = rng.uniform(0.05, 0.95, 3).astype(np.float32)
    share = (wave * 0.5 + 0.5)[:, None]
    mixed: NDArray[Any] = colour * (1 - share) + other * share
    return mixed
