"""A picture that is being painted: anti-aliased shapes, soft masks and shading on an 8-bit RGB array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Pixels = NDArray[np.uint8]
Plane = NDArray[np.floating[Any]]
Colour = Sequence[float] | NDArray[np.float64]

SUBPIXEL_BITS = 4


def fixed_point(points: ArrayLike) -> NDArray[np.int32]:
    """Returns the points, (N, 2) x and y, as OpenCV's fixed-point integers."""
    return np.rint(np.multiply(points, 1 << SUBPIXEL_BITS)).astype(np.int32).reshape(-1, 1, 2)


def rectangle(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    """Returns the four corners of an upright rectangle, (4, 2)."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def ellipse(
    x: float, y: float, rx: float, ry: float, turn: float = 0.0, start: float = 0.0, end: float = 360.0
) -> NDArray[np.float64]:
    """Returns points on an ellipse or an arc of it, (65, 2); angles in degrees, clockwise as seen."""
    angle = np.radians(np.linspace(start, end, 65))
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    along, across = rx * np.cos(angle), ry * np.sin(angle)
    return np.stack([x + c * along - s * across, y + s * along + c * across], axis=1)


def curve(points: ArrayLike, rounds: int = 4) -> NDArray[np.float64]:
    """Returns the quadratic B-spline of control points, by Chaikin's corner cutting; doubled points are corners."""
    line = np.asarray(points, np.float64)
    for _ in range(rounds):
        cut = np.stack([0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]], axis=1)
        line = np.concatenate([line[:1], cut.reshape(-1, 2)[1:-1], line[-1:]])
    return np.asarray(line, np.float64)


def moved(points: ArrayLike, dx: float, dy: float) -> NDArray[np.float64]:
    """Returns the points, (N, 2) or one (2,), moved to the right and down."""
    return np.add(points, (dx, dy))


def soften(plane: NDArray[np.generic], sigma: float) -> Plane:
    """Returns the plane blurred by a Gaussian of `sigma` pixels, as float."""
    return np.asarray(cv2.GaussianBlur(plane.astype(np.float32), (0, 0), sigma), np.float32)


class Canvas:
    """An RGB picture of `height` by `width` pixels; coordinates are x to the right and y down."""

    def __init__(self, height: int, width: int, colour: Colour = (0, 0, 0)) -> None:
        self.pixels: Pixels = np.empty((height, width, 3), np.uint8)
        self.pixels[:] = np.asarray(colour, np.uint8)

    @property
    def shape(self) -> tuple[int, int]:
        return self.pixels.shape[0], self.pixels.shape[1]

    def fill(self, points: ArrayLike, colour: Colour) -> None:
        """Fills a polygon with one colour."""
        cv2.fillPoly(self.pixels, [fixed_point(points)], tuple(map(float, colour)), cv2.LINE_AA, SUBPIXEL_BITS)

    def stroke(self, points: ArrayLike, colour: Colour, width: float = 1, closed: bool = False) -> None:
        """Draws a line through the points with round ends."""
        thickness = max(1, round(width))
        cv2.polylines(
            self.pixels, [fixed_point(points)], closed, tuple(map(float, colour)), thickness, cv2.LINE_AA, SUBPIXEL_BITS
        )

    def mask(self, *polygons: ArrayLike, blur: float = 0.0) -> Plane:
        """Returns the coverage of the polygons in [0, 1], with soft edges where `blur` (pixels) is given."""
        plane = np.zeros(self.shape, np.uint8)
        for polygon in polygons:
            cv2.fillPoly(plane, [fixed_point(polygon)], 255.0, cv2.LINE_AA, SUBPIXEL_BITS)
        return _coverage(plane, blur)

    def stroke_mask(self, points: ArrayLike, width: float, blur: float = 0.0) -> Plane:
        """Returns the coverage of a line in [0, 1]."""
        plane = np.zeros(self.shape, np.uint8)
        cv2.polylines(plane, [fixed_point(points)], False, 255.0, max(1, round(width)), cv2.LINE_AA, SUBPIXEL_BITS)
        return _coverage(plane, blur)

    def blend(self, mask: Plane, colour: Colour | NDArray[np.generic], opacity: float = 1.0) -> None:
        """Lays a colour, or a picture of the canvas' size, over the part that the mask covers."""
        rows, columns = _extent(mask)
        over = np.asarray(colour, np.float32)
        over = over[rows, columns] if over.ndim == 3 else over
        under = self.pixels[rows, columns].astype(np.float32)
        amount = (mask[rows, columns] * opacity)[..., None]
        self.pixels[rows, columns] = np.clip(under + (over - under) * amount + 0.5, 0, 255).astype(np.uint8)

    def shade(self, mask: Plane, factor: float | Colour | Plane) -> None:
        """Multiplies what the mask covers: below one a shadow, above one a light."""
        rows, columns = _extent(mask)
        gain = np.asarray(factor, np.float32)
        gain = gain[rows, columns, None] if gain.ndim == 2 else gain
        lit = self.pixels[rows, columns] * (1 + (gain - 1) * mask[rows, columns][..., None])
        self.pixels[rows, columns] = np.clip(lit + 0.5, 0, 255).astype(np.uint8)

    def glow(self, mask: Plane, colour: Colour, opacity: float = 1.0) -> None:
        """Adds light of a colour where the mask covers."""
        rows, columns = _extent(mask)
        light = mask[rows, columns][..., None] * np.asarray(colour, np.float32) * opacity
        self.pixels[rows, columns] = np.clip(self.pixels[rows, columns] + light + 0.5, 0, 255).astype(np.uint8)


def _coverage(plane: Pixels, blur: float) -> Plane:
    coverage = np.zeros(plane.shape, np.float32)
    rows, columns = _extent(plane, margin=round(4 * blur) + 2)
    part = plane[rows, columns]
    if part.size:
        coverage[rows, columns] = (soften(part, blur) if blur else part) / np.float32(255)
    return coverage


def _extent(mask: Plane | Pixels, margin: int = 0) -> tuple[slice, slice]:
    """The rows and columns outside which the mask is empty, with a margin, as far as there is one."""
    left, top, width, height = cv2.boundingRect(mask if mask.dtype == np.uint8 else (mask > 1e-3).astype(np.uint8))
    rows = slice(max(top - margin, 0), top + height + margin)
    return rows, slice(max(left - margin, 0), left + width + margin)
