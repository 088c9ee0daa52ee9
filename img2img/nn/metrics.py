"""Measures how near images are to their truth, by the conventions of the super-resolution literature."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, relu

from img2img.errors import UsageError
from img2img.nn.distribution import laplacian_pyramid

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The weights of the scales of MS-SSIM, the finest first (Wang et al. 2003, section 4)."""
SMALLEST_MS_SSIM = 161
"""The smallest side in pixels: it leaves eleven on the last scale."""


def to_8_bit(images: Tensor) -> Tensor:
    """Round images in [0, 1] to the values that an 8-bit file holds."""
    return images.clamp(0, 1).mul(255).round().div(255)


def luma(images: Tensor) -> Tensor:
    """Compute BT.601's luma in studio range, as MATLAB's `rgb2ycbcr`: (N, 3, H, W) in [0, 1] to (N, 1, H, W)."""
    weights = images.new_tensor([65.481, 128.553, 24.966]).view(1, 3, 1, 1)
    return ((images * weights).sum(1, keepdim=True) + 16) / 255


def psnr(images: Tensor, truth: Tensor, crop: int = 0) -> Tensor:
    """Compute the peak signal-to-noise ratio in dB, (N,), without `crop` pixels along each edge."""
    error = (_cropped(images, crop) - _cropped(truth, crop)).square().flatten(1).mean(1)
    return -10 * torch.log10(error.clamp_min(1e-10))


def psnr_y(images: Tensor, truth: Tensor, crop: int) -> Tensor:
    """Compute the PSNR of the luma; papers on super-resolution crop as many pixels as the scale."""
    return psnr(luma(images), luma(truth), crop)


def ssim(images: Tensor, truth: Tensor, crop: int = 0) -> Tensor:
    """Compute the structural similarity (Wang et al. 2004) of each image: (N,).

    The window is Gaussian, 11 × 11 with sigma 1.5, where it fits wholly; K1 = 0.01, K2 = 0.03. The result is a mean
    over channels and pixels.
    In an image smaller than that the window is the largest odd one that fits.
    """
    luminance, contrast = _similarity(_cropped(images, crop), _cropped(truth, crop))
    return (luminance * contrast).flatten(1).mean(1)


def ssim_y(images: Tensor, truth: Tensor, crop: int) -> Tensor:
    """Compute the SSIM of the luma."""
    return ssim(luma(images), luma(truth), crop)


def ms_ssim(images: Tensor, truth: Tensor, crop: int = 0) -> Tensor:
    """Compute the structural similarity on five scales (Wang et al. 2003) of each image: (N,).

    The window and the constants are those of `ssim`; each scale is the mean of 2 × 2 pixels of the one before. The
    result is a mean over channels; a contrast that is negative on the whole counts as 0.

    Raises:
        UsageError: Less than 161 pixels are left along a side.
    """
    images, truth = _cropped(images, crop), _cropped(truth, crop)
    if min(images.shape[-2:]) < SMALLEST_MS_SSIM:
        raise UsageError(
            f"MS-SSIM needs {SMALLEST_MS_SSIM} pixels along each side, not {images.shape[-1]}×{images.shape[-2]}; "
            "judge such images by SSIM"
        )
    product = torch.ones(())
    for scale, weight in enumerate(SCALE_WEIGHTS, 1):
        luminance, similarity = _similarity(images, truth)
        if scale == len(SCALE_WEIGHTS):
            similarity = luminance * similarity
        product = product * relu(similarity.mean((2, 3))) ** weight
        images, truth = _halved(images), _halved(truth)
    return product.mean(1)


def detail(images: Tensor) -> Tensor:
    """Compute the energy of the finest level of a Laplacian pyramid: (N,). More is sharper, or noisier.

    The level is that of `img2img.nn.distribution.laplacian_pyramid`.
    """
    return laplacian_pyramid(images, 2)[0].square().flatten(1).mean(1)


def _cropped(images: Tensor, crop: int) -> Tensor:
    return images[..., crop : images.shape[-2] - crop, crop : images.shape[-1] - crop]


def _similarity(images: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the maps of luminance and of contrast and structure, whose product is SSIM: (N, C, H - 10, W - 10)."""
    side = min(11, *images.shape[-2:])
    window = _gaussian(side - 1 + side % 2, images)
    moments = [images, truth, images * images, truth * truth, images * truth]
    mean, other, square, other_square, product = _blurred(torch.stack(moments), window)
    variance, other_variance = square - mean**2, other_square - other**2
    covariance = product - mean * other
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean * other + c1) / (mean**2 + other**2 + c1)
    return luminance, (2 * covariance + c2) / (variance + other_variance + c2)


def _gaussian(side: int, like: Tensor) -> Tensor:
    weights = torch.exp(-((torch.arange(side) - side // 2) ** 2) / (2 * 1.5**2))
    return (weights / weights.sum()).to(like)


def _blurred(images: Tensor, window: Tensor) -> Tensor:
    """Compute the weighted means of (..., H, W) in windows that fit wholly."""
    planes = images.flatten(0, -3)[None]  # as channels of one image, many times as quick on a CPU
    count = planes.shape[1]
    columns = conv2d(planes, window.view(1, 1, -1, 1).expand(count, 1, -1, 1), groups=count)
    blurred = conv2d(columns, window.expand(count, 1, 1, -1), groups=count)
    return blurred.view(*images.shape[:-2], *blurred.shape[-2:])


def _halved(images: Tensor) -> Tensor:
    """Halve height and width by means of 2 × 2 pixels; an odd row or column at the end is its own mean."""
    return avg_pool2d(images, 2, ceil_mode=True, count_include_pad=False)
