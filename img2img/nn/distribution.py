"""Measures how far two sets of images are apart, wherever things stand in them, to judge unpaired translation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from img2img.nn.sizes import reflect

PATCHES, SIDE, DIRECTIONS = 128, 7, 128


def sliced_wasserstein(
    images: Sequence[Tensor], others: Sequence[Tensor], levels: int = 4, seed: int = 0
) -> list[float]:
    """Compare random patches on the levels of a Laplacian pyramid (Karras et al. 2018, section 5), times 1000.

    The patches are not normalised, so that lost contrast counts: 0 is the same texture. The last level is what
    remains, blurred and small: colour and brightness.

    Args:
        images: The first set, (C, H, W) each, in [0, 1]; sizes may differ.
        others: The second set, not necessarily as many.
        levels: How many levels the pyramid has; fewer where the smallest image leaves no patch on the last one.
        seed: The seed of the patches' places and of the directions.

    Returns:
        A distance for each level, the finest first.
    """
    smallest = min(min(image.shape[-2:]) for image in [*images, *others])
    rng = torch.Generator().manual_seed(seed)
    sets = [PatchSet(rng, _levels_of(smallest, levels)) for _ in range(2)]
    for patches, set_ in zip(sets, (images, others), strict=True):
        for image in set_:
            patches.add(image)
    return sets[0].distances(sets[1])


class PatchSet:
    """Collects the patches of a set of images for `sliced_wasserstein`; images come one by one and need not be kept.

    Args:
        rng: Draws the patches' places and, in `distances`, the directions.
        levels: How many levels the pyramid has; fewer once an image leaves no patch on the last one.
    """

    def __init__(self, rng: torch.Generator, levels: int = 4) -> None:
        self._rng = rng
        self._patches: list[list[Tensor]] = [[] for _ in range(levels)]

    def add(self, image: Tensor) -> None:
        """Take patches of (C, H, W) in [0, 1]."""
        del self._patches[_levels_of(min(image.shape[-2:]), len(self._patches)) :]
        for found, patches in zip(self._patches, _patches(image, len(self._patches), self._rng), strict=True):
            found.append(patches)

    def distances(self, others: PatchSet) -> list[float]:
        """Return the distances that `sliced_wasserstein` returns; neither set may be empty."""
        distances = []
        for first, second in zip(self._patches, others._patches, strict=False):  # the levels that both have
            directions = torch.randn(first[0].shape[1], DIRECTIONS, generator=self._rng)
            directions /= directions.norm(dim=0)
            projected = (torch.cat(patches) @ directions for patches in (first, second))
            distances.append(_wasserstein(*projected) * 1e3)
        return distances


def mean_distance(images: Sequence[Tensor], others: Sequence[Tensor]) -> float:
    """Return the mean of `sliced_wasserstein` over its levels: texture, contrast and colour in one figure."""
    distances = sliced_wasserstein(images, others)
    return sum(distances) / len(distances)


def laplacian_pyramid(images: Tensor, levels: int) -> list[Tensor]:
    """Split (N, C, H, W) into `levels` - 1 bands, the finest first, and what remains.

    A band is the image less a blurred (5-tap binomial), halved and bilinearly doubled copy of it.
    """
    bands = []
    for _ in range(levels - 1):
        kernel = images.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        kernel = torch.outer(kernel, kernel).expand(images.shape[1], 1, 5, 5)
        blurred = conv2d(pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=images.shape[1])
        half = blurred[..., ::2, ::2]
        bands.append(images - interpolate(half, size=images.shape[-2:], mode="bilinear", align_corners=False))
        images = half
    return [*bands, images]


def _levels_of(side: int, wanted: int) -> int:
    """Return how many levels have room for a patch."""
    return max(1, min(wanted, (side // SIDE).bit_length()))


def _patches(image: Tensor, levels: int, rng: torch.Generator) -> list[Tensor]:
    """Take patches from each level: (PATCHES, C SIDE²)."""
    found = []
    height, width = image.shape[-2:]
    whole = reflect(image[None].float().cpu(), max(0, SIDE - width), max(0, SIDE - height))
    for level in laplacian_pyramid(whole, levels):
        every = level[0].unfold(1, SIDE, 1).unfold(2, SIDE, 1)  # (C, rows, columns, SIDE, SIDE), a view
        rows, columns = every.shape[1:3]
        places = torch.randint(rows * columns, (PATCHES,), generator=rng)
        found.append(every[:, places // columns, places % columns].transpose(0, 1).flatten(1))
    return found


def _wasserstein(first: Tensor, second: Tensor) -> float:
    """Return the distance of two samples of numbers, which may differ in size, as a mean over the columns."""
    return (_quantiles(first) - _quantiles(second)).abs().mean().item()


def _quantiles(sample: Tensor) -> Tensor:
    """Compute 512 quantiles of each column, interpolated: (columns, 512)."""
    # NumPy is many times as quick, and torch.quantile takes at most 16 million numbers, as of a thousand images.
    ordered = torch.from_numpy(np.sort(sample.T.contiguous().numpy(), axis=1))
    places = (torch.arange(512, dtype=torch.float64) + 0.5) / 512 * (len(sample) - 1)
    low = places.long()
    high = (low + 1).clamp_max(len(sample) - 1)
    return torch.lerp(ordered[:, low], ordered[:, high], (places - low).to(sample))
