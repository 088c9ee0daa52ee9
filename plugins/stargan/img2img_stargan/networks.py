"""Generator and discriminator of StarGAN (Choi et al. 2018, tables 4 and 5)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import group_norm


class Generator(nn.Module):
    """`c7s1-w, d2w, d4w, R4w × blocks, u2w, uw, c7s1-3`: images and wanted labels to images, all in [-1, 1].

    The label comes in as K planes of ones and zeros beside the image. Initialised as PyTorch does, and padded with
    zeros, as in the authors' code; with `transposed`, tensors are named as there, too. InstanceNorm has factors to
    learn, but no running statistics: theirs normalise by one thing in training and by another in use.

    Args:
        classes: K.
        width: Channels of the first layer; 64 in the paper.
        blocks: Residual blocks; 6 in the paper.
        upsampling: `transposed` convolutions, or a convolution after enlargement by nearest neighbour (`resize`).
        residual: Add the result to the image, whose brightness and colours InstanceNorm would forget; it may then
            leave [-1, 1].
    """

    def __init__(
        self,
        classes: int,
        width: int,
        blocks: int,
        upsampling: Literal["resize", "transposed"],
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.residual = residual
        layers = _normalised(nn.Conv2d(3 + classes, width, 7, 1, 3, bias=False))
        for channels in (width, 2 * width):
            layers += _normalised(nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False))
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for channels in (4 * width, 2 * width):
            layers += _double(channels, upsampling)
        self.main = nn.Sequential(*layers, nn.Conv2d(width, 3, 7, 1, 3, bias=False), nn.Tanh())

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        """Translate (N, 3, H, W) with labels (N, K) to (N, 3, H, W); H and W are multiples of 4, at least 8."""
        planes = label.to(images.dtype)[:, :, None, None].expand(-1, -1, *images.shape[-2:])
        result = self.main(torch.cat([images, planes], 1))
        return images + result if self.residual else result


class InstanceNorm(nn.InstanceNorm2d):
    """With factors to learn, and the right gradient also for a single image.

    On a CPU PyTorch's (2.13) is wrong for one image where it arrives as channels_last; GroupNorm is the same function.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=True)

    def forward(self, features: Tensor) -> Tensor:
        if len(features) == 1 and features.requires_grad:
            return group_norm(features, self.num_features, self.weight, self.bias, self.eps)
        return super().forward(features)


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (_normalised(nn.Conv2d(channels, channels, 3, 1, 1, bias=False)) for _ in range(2))
        self.main = nn.Sequential(*first, *second[:-1])

    def forward(self, features: Tensor) -> Tensor:
        return features + self.main(features)


class Discriminator(nn.Module):
    """Convolutions 4 × 4 of stride 2 without normalisation, and two heads: real or fake, and which class.

    Args:
        classes: K.
        crop: Side of the images; the class head is one convolution over all that remains of them.
        width: Channels of the first layer; each further one has twice as many.
        layers: How often the side is halved.
    """

    def __init__(self, classes: int, crop: int, width: int = 64, layers: int = 6) -> None:
        super().__init__()
        widths = [3, *(width * 2**index for index in range(layers))]
        main: list[nn.Module] = []
        for before, after in pairwise(widths):
            main += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.01)]
        self.main = nn.Sequential(*main)
        self.conv1 = nn.Conv2d(widths[-1], 1, 3, 1, 1, bias=False)
        self.conv2 = nn.Conv2d(widths[-1], classes, crop // 2**layers, bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Judge (N, 3, crop, crop) in [-1, 1]: a logit for each patch, (N, 1, H', W'), and for each class, (N, K)."""
        features = self.main(images)
        return self.conv1(features), self.conv2(features).flatten(1)


def _normalised(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [convolution, InstanceNorm(convolution.out_channels), nn.ReLU()]


def _double(channels: int, way: Literal["resize", "transposed"]) -> list[nn.Module]:
    out = channels // 2
    if way == "transposed":
        return _normalised(nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=False))
    return [nn.Upsample(scale_factor=2), *_normalised(nn.Conv2d(channels, out, 3, 1, 1, bias=False))]
