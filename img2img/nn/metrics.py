"""How near images are to their truth, by the conventions of the super-resolution literature."""

from __future__ import annotations

import torch
from kornia.metrics import ssim as _ssim_map
from torch import Tensor

from img2img.nn.distribution import laplacian_pyramid


def to_8_bit(images: Tensor) -> Tensor:
    """Round images in [0, 1] to what an 8-bit file holds."""
    return images.clamp(0, 1).mul(255).round().div(255)


def luma(images: Tensor) -> Tensor:
    """Luma of ITU-R BT.601 in studio range, as MATLAB's `rgb2ycbcr`: (N, 3, H, W) in [0, 1] to (N, 1, H, W)."""
    weights = images.new_tensor([65.481, 128.553, 24.966]).view(1, 3, 1, 1)
    return ((images * weights).sum(1, keepdim=True) + 16) / 255


def psnr(images: Tensor, truth: Tensor, crop: int = 0) -> Tensor:
    """Peak signal-to-noise ratio in dB, one for each image: (N,). Without `crop` pixels along each edge."""
    error = (_cropped(images, crop) - _cropped(truth, crop)).square().flatten(1).mean(1)
    return -10 * torch.log10(error.clamp_min(1e-10))


def psnr_y(images: Tensor, truth: Tensor, crop: int) -> Tensor:
    """PSNR of the luma; papers on super-resolution crop as many pixels as the scale."""
    return psnr(luma(images), luma(truth), crop)


def ssim(images: Tensor, truth: Tensor, crop: int = 0) -> Tensor:
    """Structural similarity (Wang et al. 2004), one for each image: (N,).

    Gaussian window 11 × 11 with sigma 1.5, where it fits wholly; K1 = 0.01, K2 = 0.03; mean over channels and pixels.
    In an image smaller than that the window is the largest odd one that fits.
    """
    images, truth = _cropped(images, crop), _cropped(truth, crop)
    side = min(11, *images.shape[-2:])
    similarity: Tensor = _ssim_map(images, truth, side - 1 + side % 2, padding="valid")
    return similarity.flatten(1).mean(1)


def ssim_y(images: Tensor, truth: Tensor, crop: int) -> Tensor:
    """SSIM of the luma."""
    return ssim(luma(images), luma(truth), crop)


def detail(images: Tensor) -> Tensor:
    """Energy of the finest level of a Laplacian pyramid, one for each image: (N,). More is sharper, or noisier.

    The level is that of `img2img.nn.distribution.laplacian_pyramid`.
    """
    return laplacian_pyramid(images, 2)[0].square().flatten(1).mean(1)


def _cropped(images: Tensor, crop: int) -> Tensor:
    return images[..., crop : images.shape[-2] - crop, crop : images.shape[-1] - crop]
