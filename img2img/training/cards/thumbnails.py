"""Thumbnails of training images, and the nearest to a result: they show whether results are memorised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from img2img.contract.data import Dataset
from img2img.contract.trainers import Trainer
from img2img.training.loader import collate
from img2img.training.sheets import tile

SIDE = 32
"""Side of a thumbnail, in pixels."""
MOST = 500
"""How many training images are compared with, at most, scattered over all."""
MOST_PIXELS = 100_000_000
"""How many pixels these have together, at most; that many take some seconds to read."""


@dataclass(frozen=True)
class Nearest:
    """A training image, and how far it is: the root mean square over a thumbnail, in [0, 1]."""

    index: int
    name: str
    distance: float


class Thumbnails:
    """Holds the targets that a direction learned from, made small.

    Args:
        trainer: Knows what the direction sees of a batch.
        data: The training data.
        direction: Name of the direction.
    """

    def __init__(self, trainer: Trainer, data: Dataset, direction: str) -> None:
        self.trainer, self.data, self.direction = trainer, data, direction
        self.places: list[int] = []
        self.names: list[str] = []
        images, pixels = [], 0
        for place in _scattered(len(data))[:MOST]:
            name, image = self._target(place)
            pixels += image.shape[-2] * image.shape[-1]
            if self.places and pixels > MOST_PIXELS:
                break
            self.places.append(place)
            self.names.append(name)
            images.append(thumbnail(image))
        self.images = torch.stack(images)
        self._shown: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.names)

    def nearest(self, image: Tensor) -> Nearest:
        """Find the training image whose thumbnail is most like another."""
        distances = (self.images - image).square().mean((1, 2, 3)).sqrt()
        index = int(distances.argmin())
        return Nearest(index, self.names[index], float(distances[index]))

    def show(self, index: int) -> Tensor:
        """Return a training image as a tile."""
        if index not in self._shown:
            self._shown[index] = tile(self._target(self.places[index])[1])
        return self._shown[index]

    def _target(self, place: int) -> tuple[str, Tensor]:
        view = self.trainer.views(collate([self.data.sample(place, None)]))[self.direction]
        return view.target_names[0] if view.target_names else "", view.target[0]


def _scattered(count: int) -> list[int]:
    """Return 0 ... `count` - 1 in an order whose beginning is spread over all."""
    order = np.random.default_rng(0).permutation(count)
    return [int(place) for place in order]


def thumbnail(image: Tensor) -> Tensor:
    """Reduce (1 or 3, H, W) to (3, SIDE, SIDE) on the CPU."""
    small = interpolate(image[None].float().cpu(), size=(SIDE, SIDE), mode="bilinear", antialias=True)[0]
    return small.expand(3, -1, -1)
