"""The generators: SRResNet as published, and MSRResNet, the residual network without normalisation."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_shuffle, relu

from .config import SRGANConfig


def build_generator(config: SRGANConfig) -> nn.Module:
    """Build the generator that a config asks for: (N, 3, H, W) to (N, 3, scale H, scale W), both in [0, 1]."""
    network = MSRResNet if config.generator == "msrresnet" else SRResNet
    return network(config.scale, config.width, config.depth, config.upsampling == "resize")


def halo(config: SRGANConfig) -> int:
    """How far, in source pixels, a target pixel looks: the radii of the convolutions, each at its resolution."""
    first, last, middle = (1, 1, 1) if config.generator == "msrresnet" else (4, 4, 0)
    radius = float(first + 2 * config.depth + (config.generator == "srresnet"))
    size = 1
    for factor in factors(config.scale):
        radius += 1 / (size * factor if config.upsampling == "resize" else size)
        size *= factor
    return ceil(radius + (middle + last) / size)


def factors(scale: int) -> tuple[int, ...]:
    """The enlargements that make up a scale."""
    return (2, 2) if scale == 4 else (scale,)


class MSRResNet(nn.Module):
    """The SRResNet of BasicSR and ESRGAN (Wang et al. 2018): no BatchNorm, and a bilinear image that it corrects.

    Tensors are named as in BasicSR, so that its weights fit.
    """

    def __init__(self, scale: int, width: int = 64, depth: int = 16, resize: bool = False) -> None:
        super().__init__()
        self.factors = factors(scale)
        self.resize = resize
        self.conv_first = nn.Conv2d(3, width, 3, 1, 1)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(depth)))
        self.upconv1 = _upsampler(width, self.factors[0], resize)
        if len(self.factors) == 2:
            self.upconv2 = _upsampler(width, self.factors[1], resize)
        self.conv_hr = nn.Conv2d(width, width, 3, 1, 1)
        self.conv_last = nn.Conv2d(width, 3, 3, 1, 1)
        _initialise((self.conv_first, self.conv_hr, self.conv_last))

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.body(leaky_relu(self.conv_first(images), 0.1))
        hidden = leaky_relu(_enlarge(hidden, self.upconv1, self.factors[0], self.resize), 0.1)
        if len(self.factors) == 2:
            hidden = leaky_relu(_enlarge(hidden, self.upconv2, self.factors[1], self.resize), 0.1)
        detail = self.conv_last(leaky_relu(self.conv_hr(hidden), 0.1))
        return detail + interpolate(images, size=detail.shape[-2:], mode="bilinear", align_corners=False)


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, 1, 1)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
        _initialise((self.conv1, self.conv2))

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.conv2(relu(self.conv1(hidden)))


class SRResNet(nn.Module):
    """SRResNet as published (Ledig et al. 2017, figure 4): 9 × 9 at both ends, BatchNorm, PReLU, [-1, 1] inside."""

    def __init__(self, scale: int, width: int = 64, depth: int = 16, resize: bool = False) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(3, width, 9, 1, 4), nn.PReLU())
        self.body = nn.Sequential(*(NormalisedBlock(width) for _ in range(depth)))
        self.tail = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
        self.upsampling = nn.Sequential(*(_Enlarge(width, factor, resize) for factor in factors(scale)))
        self.output = nn.Conv2d(width, 3, 9, 1, 4)

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.head(images)
        hidden = hidden + self.tail(self.body(hidden))
        return (self.output(self.upsampling(hidden)) + 1) / 2


class NormalisedBlock(nn.Module):
    """k3 BatchNorm PReLU k3 BatchNorm, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.layers(hidden)


class _Enlarge(nn.Module):
    def __init__(self, width: int, factor: int, resize: bool) -> None:
        super().__init__()
        self.factor, self.resize = factor, resize
        self.conv = _upsampler(width, factor, resize)
        self.activation = nn.PReLU()

    def forward(self, hidden: Tensor) -> Tensor:
        return self.activation(_enlarge(hidden, self.conv, self.factor, self.resize))


def _enlarge(hidden: Tensor, convolution: nn.Module, factor: int, resize: bool) -> Tensor:
    if resize:
        return convolution(interpolate(hidden, scale_factor=factor, mode="nearest"))
    return pixel_shuffle(convolution(hidden), factor)


def _upsampler(width: int, factor: int, resize: bool) -> nn.Conv2d:
    convolution = nn.Conv2d(width, width if resize else width * factor**2, 3, 1, 1)
    _initialise((convolution,))
    if not resize:
        _icnr(convolution, factor)
    return convolution


@torch.no_grad()
def _icnr(convolution: nn.Conv2d, factor: int) -> None:
    """Start pixel shuffle as nearest-neighbour enlargement (ICNR, Aitken et al. 2017): no lattice to unlearn."""
    convolution.weight.copy_(convolution.weight[:: factor**2].repeat_interleave(factor**2, 0))


def _initialise(convolutions: Iterable[nn.Conv2d]) -> None:
    """He's initialisation times 0.1 (Wang et al. 2018, supplement): the network starts near its bilinear image."""
    for convolution in convolutions:
        nn.init.kaiming_normal_(convolution.weight)
        with torch.no_grad():
            convolution.weight.mul_(0.1)
        nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
