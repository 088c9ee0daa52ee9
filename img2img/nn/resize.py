"""Bicubic resampling as MATLAB's `imresize` does it, by which super-resolution is judged, and as torch does."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import ceil

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def imresize(images: Tensor, scale: int | Fraction) -> Tensor:
    """Resize by a factor as MATLAB's `imresize(x, scale)`: bicubic with a = -1/2, antialiased when it makes smaller.

    Args:
        images: (..., H, W), float.
        scale: Size of the output over that of the input; `Fraction(1, 4)` makes a quarter.

    Returns:
        (..., ceil(scale H), ceil(scale W)). Not clamped: bicubic overshoots at edges.
    """
    height, width = images.shape[-2:]
    rows = _weights(height, Fraction(scale)).to(images)
    columns = _weights(width, Fraction(scale)).to(images)
    return rows @ images @ columns.mT


@lru_cache(maxsize=64)
def _weights(size: int, scale: Fraction) -> Tensor:
    """Compute the matrix of one axis, (ceil(scale size), size); the image is mirrored with its edge pixels."""
    shrink = min(float(scale), 1.0)  # antialiasing stretches the kernel by 1 / shrink
    support = ceil(4 / shrink) + 2
    centres = (torch.arange(ceil(scale * size), dtype=torch.float64) + 0.5) / float(scale) - 0.5
    first = torch.floor(centres - 2 / shrink)
    taps = first[:, None] + torch.arange(support)  # (out, support), positions in the input
    weights = shrink * _cubic(shrink * (centres[:, None] - taps))
    weights /= weights.sum(1, keepdim=True)
    mirrored = taps.long() % (2 * size)
    mirrored = torch.where(mirrored < size, mirrored, 2 * size - 1 - mirrored)
    return torch.zeros(len(centres), size, dtype=torch.float64).scatter_add_(1, mirrored, weights)


def _cubic(x: Tensor) -> Tensor:
    """Compute Keys' cubic convolution kernel with a = -1/2."""
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x <= 1, near, torch.where(x <= 2, far, torch.zeros_like(x)))


def brought_to(images: Tensor, others: Tensor) -> Tensor:
    """Bring (N, 1 or C, H, W) to the (N, C, H', W') of `others`: bicubically, as torch does, and grey to colour."""
    if images.shape[-2:] != others.shape[-2:]:
        images = interpolate(images, size=others.shape[-2:], mode="bicubic", antialias=True)
    return images.expand(-1, others.shape[1], -1, -1)
