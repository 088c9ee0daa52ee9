"""How far the fine texture of two sets of images is apart, whatever stands where: the sliced Wasserstein distance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad, unfold

PATCHES, SIDE, DIRECTIONS = 64, 7, 128


def sliced_wasserstein(images: Sequence[Tensor], truth: Sequence[Tensor], seed: int = 0) -> float:
    """Compare random patches of the finest Laplacian level (Karras et al. 2018, section 5), times 1000.

    The patches are not normalised, so that lost contrast counts: 0 is the same texture, and what is blurred is far.

    Args:
        images: (C, H, W) each, in [0, 1]; sizes may differ.
        truth: As many.
        seed: Of the patches' places and of the directions.
    """
    rng = torch.Generator().manual_seed(seed)
    found = torch.cat([_patches(_finest_level(image[None]), rng) for image in images])
    wanted = torch.cat([_patches(_finest_level(image[None]), rng) for image in truth])
    directions = torch.randn(found.shape[1], DIRECTIONS, generator=rng)
    directions /= directions.norm(dim=0)
    ordered = [(patches @ directions).sort(dim=0).values for patches in (found, wanted)]
    return (ordered[0] - ordered[1]).abs().mean().item() * 1e3


def _finest_level(images: Tensor) -> Tensor:
    """The image less a blurred, halved and bilinearly doubled copy of it, as in `img2img.nn.metrics.detail`."""
    kernel = images.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = torch.outer(kernel, kernel).expand(images.shape[1], 1, 5, 5)
    blurred = conv2d(pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=images.shape[1])
    return images - interpolate(blurred[..., ::2, ::2], size=images.shape[-2:], mode="bilinear", align_corners=False)


def _patches(level: Tensor, rng: torch.Generator) -> Tensor:
    """(1, C, H, W) to (PATCHES, C SIDE²)."""
    all_patches = unfold(level, SIDE)[0]
    return all_patches[:, torch.randint(all_patches.shape[1], (PATCHES,), generator=rng)].T
