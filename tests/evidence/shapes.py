"""Discs, squares and triangles, drawn larger and reduced by area, so that their edges are smooth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from img2img.media.opencv import cv2

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

SUPERSAMPLING = 3

DISC, SQUARE, TRIANGLE = range(3)


@dataclass(frozen=True)
class Shape:
    """A shape on a square canvas; lengths in pixels of the canvas, which is `SUPERSAMPLING` times the picture."""

    kind: int
    """`DISC`, `SQUARE` or `TRIANGLE`."""
    centre: NDArray[np.float64]
    """x and y."""
    radius: float
    """A disc's; corners of a square are 1.15 times, and of a triangle 1.3 times as far from the centre."""
    angle: float
    """Of the first corner, in radians."""

    def mask(self, side: int) -> Mask:
        """Where it is: (side, side)."""
        canvas = np.zeros((side, side), np.uint8)
        if self.kind == DISC:
            cv2.circle(canvas, (int(self.centre[0]), int(self.centre[1])), int(self.radius), 1, -1)
            return canvas.astype(bool)
        corners, reach = (4, 1.15) if self.kind == SQUARE else (3, 1.3)
        angles = self.angle + np.arange(corners) * 2 * np.pi / corners
        rays = np.stack([np.cos(angles), np.sin(angles)], axis=1) * self.radius * reach
        cv2.fillPoly(canvas, [(self.centre + rays).astype(np.int32)], 1)
        return canvas.astype(bool)

    def light(self, side: int, fall: float, low: float, high: float) -> Floats:
        """Brightness that falls from the upper left to the lower right by `fall`, within bounds: (side, side, 1)."""
        y, x = np.mgrid[:side, :side].astype(np.float32)
        way = ((x - self.centre[0]) + (y - self.centre[1])) / (2 * self.radius)
        light: Floats = (1 - fall * way).clip(low, high)[..., None]
        return light


def reduced(canvas: NDArray[Any]) -> Floats:
    """The picture of a canvas: (side, side, …) to a third of its size, in [0, 1]."""
    height, width = (size // SUPERSAMPLING for size in canvas.shape[:2])
    picture: Floats = cv2.resize(canvas.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA).clip(0, 1)
    return picture
