"""How far two sets of images are apart, whatever stands where: what unpaired translation is judged by."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad, unfold

from img2img.nn.sizes import reflect

PATCHES, SIDE, DIRECTIONS = 128, 7, 128


def sliced_wasserstein(
    images: Sequence[Tensor], others: Sequence[Tensor], levels: int = 4, seed: int = 0
) -> list[float]:
    """Compare random patches on the levels of a Laplacian pyramid (Karras et al. 2018, section 5), times 1000.

    The patches are not normalised, so that lost contrast counts: 0 is the same texture. The last level is what
    remains, blurred and small: colour and brightness.

    Args:
        images: (C, H, W) each, in [0, 1]; sizes may differ.
        others: Not necessarily as many.
        levels: Of the pyramid; fewer where the smallest image leaves no patch on the last one.
        seed: Of the patches' places and of the directions.

    Returns:
        A distance for each level, the finest first.
    """
    smallest = min(min(image.shape[-2:]) for image in [*images, *others])
    levels = max(1, min(levels, (smallest // SIDE).bit_length()))
    rng = torch.Generator().manual_seed(seed)
    sets = [[_patches(image, levels, rng) for image in images] for images in (images, others)]
    distances = []
    for level in range(levels):
        first, second = (torch.cat([patches[level] for patches in found]) for found in sets)
        directions = torch.randn(first.shape[1], DIRECTIONS, generator=rng)
        directions /= directions.norm(dim=0)
        distances.append(_wasserstein(first @ directions, second @ directions) * 1e3)
    return distances


def mean_distance(images: Sequence[Tensor], others: Sequence[Tensor]) -> float:
    """The mean of `sliced_wasserstein` over its levels: texture, contrast and colour in one figure."""
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


def _patches(image: Tensor, levels: int, rng: torch.Generator) -> list[Tensor]:
    """(PATCHES, C SIDE²) of each level."""
    found = []
    height, width = image.shape[-2:]
    whole = reflect(image[None].float().cpu(), max(0, SIDE - width), max(0, SIDE - height))
    for level in laplacian_pyramid(whole, levels):
        patches = unfold(level, SIDE)[0]
        found.append(patches[:, torch.randint(patches.shape[1], (PATCHES,), generator=rng)].T)
    return found


def _wasserstein(first: Tensor, second: Tensor) -> float:
    """The mean over the columns of the distance of two samples of numbers, which may differ in size."""
    shares = (torch.arange(512) + 0.5) / 512
    quantiles = [torch.quantile(sample, shares, dim=0) for sample in (first, second)]
    return (quantiles[0] - quantiles[1]).abs().mean().item()
