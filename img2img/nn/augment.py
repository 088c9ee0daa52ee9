"""DiffAugment (Zhao et al. 2020) alters the images that a discriminator sees at random, and lets gradients through."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad


def diff_augment(images: Tensor, parts: Sequence[int] | None = None) -> Tensor:
    """Change colours, then place, then cut out a part of (N, C, H, W) in [-1, 1]; each image by a draw of its own.

    Brightness moves by U(-½, ½), saturation is multiplied by U(0, 2) and contrast by U(½, 1½); the image moves by up to
    an eighth of its size, zeros moving in; a square of half its size becomes zero.

    Args:
        images: (N, C, H, W) in [-1, 1].
        parts: How many channels each part has, where an image is several ones, one behind the other in the channels;
            they add up to C. All parts change by the same draw, colours by each part's own means.
    """
    draws = torch.rand(3, len(images), 1, 1, 1, device=images.device).to(images)
    recoloured = [_recolour(part, draws) for part in torch.split(images, [*(parts or images.shape[1:2])], 1)]
    return _cut_out(_move(torch.cat(recoloured, 1)))


def _recolour(images: Tensor, draws: Tensor) -> Tensor:
    brightness, saturation, contrast = draws
    images = images + brightness - 0.5
    grey = images.mean(1, keepdim=True)
    images = torch.lerp(grey, images, 2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, images, contrast + 0.5)


def _move(images: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    down, right = height // 8, width // 8
    padded = pad(images, (right, right, down, down))
    rows = _draw(len(images), 2 * down + 1, images) + torch.arange(height, device=images.device)
    columns = _draw(len(images), 2 * right + 1, images) + torch.arange(width, device=images.device)
    places = torch.arange(len(images), device=images.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[places, rows[:, :, None], columns[:, None, :]]  # channels last
    return moved.permute(0, 3, 1, 2)


def _cut_out(images: Tensor) -> Tensor:
    """Set a square to zero, whose middle is any pixel, so that it may reach over the border."""
    height, width = images.shape[-2:]
    in_rows = _within(_draw(len(images), height, images), height, images)
    in_columns = _within(_draw(len(images), width, images), width, images)
    cut = in_rows[:, None, :, None] & in_columns[:, None, None, :]
    return images.masked_fill(cut, 0)


def _within(middle: Tensor, size: int, images: Tensor) -> Tensor:
    """Return which of `size` places lie in the half of them around the middle: (N, size)."""
    behind = torch.arange(size, device=images.device) - middle + size // 4
    return (behind >= 0) & (behind < size // 2)


def _draw(count: int, below: int, images: Tensor) -> Tensor:
    return torch.randint(below, (count, 1), device=images.device)
