"""Makes sources from any photo: grey to be coloured, edges to be filled, holes to be painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from img2img.media import Pixels

HOLE_COLOUR = (1.0, 0.0, 1.0)
"""The colour of the holes that `holes` makes: magenta, RGB in [0, 1]."""

_BLUR_SIGMA = 1.2
_FAINTEST_EDGE = 24
"""Least threshold of Canny, so that the noise of a plain surface draws no lines."""


def grey(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Compute the luma of an image (BT.601, full range): (H, W, 3) to (H, W, 1)."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None]


def edges(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Draw the edges of an image (Canny), black on white: (H, W, 3) to (H, W, 1).

    The threshold is a multiple, drawn at random, of the image's median gradient: a network that learns from sparse and
    dense drawings takes either.
    """
    top = np.iinfo(pixels.dtype).max
    luma = cv2.cvtColor((pixels // (top // 255)).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    blurred = cv2.GaussianBlur(luma, (0, 0), _BLUR_SIGMA)
    dx, dy = (cv2.Sobel(blurred, cv2.CV_16S, *order) for order in ((1, 0), (0, 1)))
    gradient = float(np.median(np.hypot(dx, dy, dtype=np.float32)))
    threshold = max(_FAINTEST_EDGE, gradient * rng.uniform(1.5, 4))
    lines = cv2.Canny(dx, dy, threshold / 2, threshold, L2gradient=True)
    return np.where(lines, 0, top).astype(pixels.dtype)[..., None]


def holes(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Paint one to four rectangles and ellipses of `HOLE_COLOUR` over an image: (H, W, 3) to the same."""
    painted = pixels.copy()
    colour = np.multiply(HOLE_COLOUR, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    for _ in range(rng.integers(1, 5)):
        height, width = (max(1, round(size * rng.uniform(0.1, 0.4))) for size in pixels.shape[:2])
        y, x = (int(rng.integers(room + 1)) for room in np.subtract(pixels.shape[:2], (height, width)))
        hole = _ellipse(height, width) if rng.integers(2) else np.full((height, width), True)
        painted[y : y + height, x : x + width][hole] = colour
    return painted


def _ellipse(height: int, width: int) -> np.ndarray:
    rows, columns = ((np.arange(size) + 0.5) / size * 2 - 1 for size in (height, width))
    return rows[:, None] ** 2 + columns**2 <= 1
