"""A pool keeps past results, which a discriminator is shown again (Shrivastava et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor


class ImagePool:
    """Keeps `size` past images, so that a discriminator does not follow only the generator's latest habits.

    Args:
        size: Images kept; 0 hands every image straight through.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor) -> Tensor:
        """Take in (N, C, H, W) and return as many: once the pool is full, half of the time past images instead.

        An image whose past self is returned takes its place in the pool.
        """
        return torch.stack([self._exchange(image) for image in images.detach()]) if self.size else images.detach()

    def _exchange(self, image: Tensor) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        if torch.rand(()) < 0.5:
            return image
        place = int(torch.randint(self.size, ()))
        past, self.images[place] = self.images[place], image.clone()
        return past
