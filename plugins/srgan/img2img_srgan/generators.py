"""Builds the generator that a config chooses: SRResNet as published, MSRResNet, without normalisation, and others."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_shuffle, relu

from img2img.nn.blocks import Norm, normalisation

from .compact import CompactNet
from .config import SRGANConfig
from .reach import Step, reach
from .rrdb import RRDBNet, rrdb_steps
from .starts import icnr, initialise


def build_generator(config: SRGANConfig) -> nn.Module:
    """Build the generator that a config chooses: (N, C, H, W) to (N, C, scale H, scale W), both in [0, 1]."""
    if config.generator == "rrdb":
        return RRDBNet(config.scale, config.width, config.depth, config.growth, config.channels, config.fold)
    if config.generator == "compact":
        return CompactNet(config.scale, config.width, config.depth, config.channels)
    resize = config.upsampling == "resize"
    if config.generator == "msrresnet":
        return MSRResNet(config.scale, config.width, config.depth, resize, config.channels)
    if config.generator == "fast":
        return SRResNet(config.scale, config.width, config.depth, resize, tanh=True, fast=True)
    tanh, prelu = config.output == "tanh", config.tail == "prelu"
    return SRResNet(config.scale, config.width, config.depth, resize, tanh=tanh, prelu=prelu)


def halo(config: SRGANConfig) -> int:
    """Return how far, in source pixels, a target pixel depends on its surroundings; `generator=fast` has no limit."""
    if config.generator == "rrdb":
        return reach(rrdb_steps(config.scale, config.depth, config.fold), config.scale)
    if config.generator == "compact":
        return reach([("look", 2 + config.depth), ("enlarge", config.scale)], config.scale)
    first, last, middle = (1, 1, 1) if config.generator == "msrresnet" else (4, 4, 0)
    steps: list[Step] = [("look", first + 2 * config.depth + (config.generator == "srresnet"))]
    for factor in factors(config.scale):
        enlarge: list[Step] = [("look", 1), ("enlarge", factor)]
        steps += reversed(enlarge) if config.upsampling == "resize" else enlarge
    return reach([*steps, ("look", middle + last)], config.scale)


def factors(scale: int) -> tuple[int, ...]:
    """Return the enlargements that make up a scale."""
    return (scale,) if scale == 3 else (2,) * (scale.bit_length() - 1)


class MSRResNet(nn.Module):
    """The SRResNet of BasicSR and ESRGAN (Wang et al. 2018), without BatchNorm; it corrects a bilinear image.

    Tensors are named as in BasicSR, so that its weights fit.
    """

    def __init__(self, scale: int, width: int = 64, depth: int = 16, resize: bool = False, channels: int = 3) -> None:
        super().__init__()
        self.factors = factors(scale)
        self.resize = resize
        self.conv_first = nn.Conv2d(channels, width, 3, 1, 1)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(depth)))
        for index, factor in enumerate(self.factors):
            self.add_module(f"upconv{index + 1}", _upsampler(width, factor, resize))
        self.conv_hr = nn.Conv2d(width, width, 3, 1, 1)
        self.conv_last = nn.Conv2d(width, channels, 3, 1, 1)
        initialise((self.conv_first, self.conv_hr, self.conv_last))

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images in [0, 1]."""
        hidden = self.body(leaky_relu(self.conv_first(images), 0.1))
        for index, factor in enumerate(self.factors):
            convolution = self.get_submodule(f"upconv{index + 1}")
            hidden = leaky_relu(_enlarge(hidden, convolution, factor, self.resize), 0.1)
        detail = self.conv_last(leaky_relu(self.conv_hr(hidden), 0.1))
        return detail + interpolate(images, size=detail.shape[-2:], mode="bilinear", align_corners=False)


class ResidualBlock(nn.Module):
    """Adds a convolution, ReLU and a convolution to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, 1, 1)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
        initialise((self.conv1, self.conv2))

    def forward(self, hidden: Tensor) -> Tensor:
        """Compute the block's output, of the same shape."""
        return hidden + self.conv2(relu(self.conv1(hidden)))


class SRResNet(nn.Module):
    """The SRResNet as published (Ledig et al. 2017, figure 4): 9 × 9 at both ends, BatchNorm, PReLU, [-1, 1] inside.

    With `fast`, it is that of Fast-SRGAN: 3 × 3 at both ends, InstanceNorm, and the source in [-1, 1], too. With
    `prelu`, it is that of leftthomas' code of 2018: a PReLU in the place of the last norm.
    """

    def __init__(
        self,
        scale: int,
        width: int = 64,
        depth: int = 16,
        resize: bool = False,
        tanh: bool = False,
        fast: bool = False,
        prelu: bool = False,
    ) -> None:
        super().__init__()
        self.tanh, self.fast = tanh, fast
        norm: Norm = "instance" if fast else "batch"
        ends = 3 if fast else 9
        self.head = nn.Sequential(nn.Conv2d(3, width, ends, 1, ends // 2), nn.PReLU())
        self.body = nn.Sequential(*(NormalisedBlock(width, norm) for _ in range(depth)))
        last = nn.PReLU() if prelu else normalisation(norm, width)
        self.tail = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=prelu), last)
        self.upsampling = nn.Sequential(*(_Enlarge(width, factor, resize) for factor in factors(scale)))
        self.output = nn.Conv2d(width, 3, ends, 1, ends // 2)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images in [0, 1]."""
        hidden = self.head(images * 2 - 1 if self.fast else images)
        hidden = hidden + self.tail(self.body(hidden))
        signed = self.output(self.upsampling(hidden))
        return ((signed.tanh() if self.tanh else signed) + 1) / 2


class NormalisedBlock(nn.Module):
    """Adds a 3 × 3 convolution, norm, PReLU, a 3 × 3 convolution and norm to the input."""

    def __init__(self, width: int, norm: Norm = "batch") -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            normalisation(norm, width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            normalisation(norm, width),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Compute the block's output, of the same shape."""
        return hidden + self.layers(hidden)


class _Enlarge(nn.Module):
    def __init__(self, width: int, factor: int, resize: bool) -> None:
        super().__init__()
        self.factor, self.resize = factor, resize
        self.conv = _upsampler(width, factor, resize)
        self.activation = nn.PReLU()

    def forward(self, hidden: Tensor) -> Tensor:
        """Enlarge features."""
        return self.activation(_enlarge(hidden, self.conv, self.factor, self.resize))


def _enlarge(hidden: Tensor, convolution: nn.Module, factor: int, resize: bool) -> Tensor:
    if resize:
        return convolution(interpolate(hidden, scale_factor=factor, mode="nearest"))
    return pixel_shuffle(convolution(hidden), factor)


def _upsampler(width: int, factor: int, resize: bool) -> nn.Conv2d:
    convolution = nn.Conv2d(width, width if resize else width * factor**2, 3, 1, 1)
    initialise((convolution,))
    if not resize:
        icnr(convolution, factor)
    return convolution
