"""What makes a drawing look photographed: noise textures, gradients, the blur and grain of a lens, exact reduction."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .canvas import Colour, Pixels, Plane, soften


def noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cell: float | tuple[float, float],
    octaves: int = 4,
    gain: float = 0.5,
) -> Plane:
    """Returns fractal value noise in about [-1, 1]; `cell` is the size of its coarsest spots, in pixels (y and x)."""
    tall, wide = (cell, cell) if isinstance(cell, int | float) else cell
    total = np.zeros(shape, np.float32)
    weight, weights = 1.0, 0.0
    for octave in range(octaves):
        rows = max(2, round(shape[0] / tall * 2**octave) + 1)
        columns = max(2, round(shape[1] / wide * 2**octave) + 1)
        grid = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
        total += weight * cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        weights += weight
        weight *= gain
    return total / np.float32(weights)


def vertical_gradient(shape: tuple[int, int], stops: Sequence[tuple[float, Colour]]) -> Plane:
    """Returns a picture, (H, W, 3), whose colour runs from top to bottom through stops (place in [0, 1], colour)."""
    places = [place for place, _ in stops]
    rows = np.linspace(0, 1, shape[0])
    channels = [np.interp(rows, places, [colour[i] for _, colour in stops]) for i in range(3)]
    return np.repeat(np.stack(channels, axis=-1)[:, None], shape[1], axis=1).astype(np.float32)


def mix(first: Colour, second: Colour, amount: float) -> NDArray[np.float64]:
    """Returns the colour that lies `amount` of the way from the first to the second."""
    return np.asarray(first, np.float64) * (1 - amount) + np.asarray(second, np.float64) * amount


def mix_planes(first: Colour | Plane, second: Colour | Plane, amount: Plane) -> Plane:
    """Returns a picture, (H, W, 3), mixed pixel by pixel; `amount` in [0, 1] is (H, W)."""
    share = np.clip(amount, 0, 1)[..., None]
    return np.asarray(np.asarray(first, np.float32) * (1 - share) + np.asarray(second, np.float32) * share, np.float32)


def smoothstep(low: float, high: float, values: NDArray[np.floating]) -> Plane:
    """Returns 0 below `low`, 1 above `high` and a smooth step between them."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def photograph(
    pixels: Pixels,
    rng: np.random.Generator,
    bloom: float = 0.12,
    vignette: float = 0.22,
    grain: float = 3.0,
    blur: float = 0.8,
) -> Pixels:
    """Returns the drawing as a lens sees it: bright parts bleed, corners darken, edges soften, and there is grain."""
    light = soften(pixels, blur)
    halo = soften(cv2.resize(np.maximum(light - 150, 0), None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA), 5)
    light += bloom * cv2.resize(halo, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_LINEAR)
    y, x = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in light.shape[:2]), indexing="ij")
    light *= (1 - vignette * smoothstep(0.5, 2.0, x * x + y * y))[..., None]
    light += soften(rng.normal(0, grain * 2, light.shape[:2]), 1.0)[..., None]
    return np.asarray(np.clip(light + 0.5, 0, 255), np.uint8)


def reduce(image: NDArray[np.integer], factor: int) -> NDArray[np.integer]:
    """Returns the image `factor` times smaller: each pixel the rounded mean of a block, each channel by itself."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    blocks = image.reshape(height, factor, width, factor, -1).mean(axis=(1, 3))
    return np.asarray(np.rint(blocks).reshape(height, width, *image.shape[2:]), image.dtype)
