"""This module runs a network that takes only one size on images of any size, in windows of that size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from img2img.nn.sizes import reflect


@dataclass(frozen=True)
class Windows:
    """The windows of a network that takes only one size."""

    height: int
    width: int
    margin: int
    """The border of a window, in pixels, that is left out inside of an image; a multiple of `grid`."""
    grid: int
    """Windows begin at multiples of this."""
    scale: Fraction

    @property
    def fit(self) -> bool:
        """Return whether windows can lie beside each other, with something of each left between its borders."""
        is_even = self.height % self.grid == self.width % self.grid == 0
        return is_even and min(self.height, self.width) - 2 * self.margin >= self.grid

    def run(self, network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        """Translate (N, C, H, W) of any size, window by window; images are padded by reflection to a whole window."""
        height, width = images.shape[2:]
        padded = reflect(images, self._missing(width, self.width), self._missing(height, self.height))
        result: Tensor | None = None
        for top, bottom, y in self._cuts(padded.shape[2], self.height):
            for left, right, x in self._cuts(padded.shape[3], self.width):
                part = network(padded[..., y : y + self.height, x : x + self.width])
                if result is None:
                    sides = (self._scaled(side) for side in padded.shape[2:])
                    result = torch.empty((*part.shape[:2], *sides), dtype=part.dtype, device=part.device)
                rows, columns = self._slice(top - y, bottom - y), self._slice(left - x, right - x)
                result[..., self._slice(top, bottom), self._slice(left, right)] = part[..., rows, columns]
        assert result is not None
        return result[..., : self._scaled(height), : self._scaled(width)]

    def _missing(self, size: int, side: int) -> int:
        return side - size if size <= side else -(size - side) % self.grid

    def _cuts(self, size: int, side: int) -> Iterator[tuple[int, int, int]]:
        """Yield for each window along an axis where its result begins and ends, and where the window begins."""
        step = (side - 2 * self.margin) // self.grid * self.grid
        start = seen = 0
        while True:
            stop = size if seen + side >= size else seen + side - self.margin
            yield start, stop, seen
            if stop == size:
                return
            start, seen = stop, min(seen + step, size - side)

    def _slice(self, start: int, stop: int) -> slice:
        return slice(self._scaled(start), self._scaled(stop))

    def _scaled(self, position: int) -> int:
        return int(position * self.scale)
