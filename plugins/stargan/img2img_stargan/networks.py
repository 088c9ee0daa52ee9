"""The generator and the discriminator of StarGAN (Choi et al. 2018, tables 4 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import relu

from img2img.nn.blocks import InstanceNorm


class Generator(nn.Module):
    """`c7s1-w, d2w, d4w, R4w × blocks, u2w, uw, c7s1-3`: images and wanted labels to images, all in [-1, 1].

    The label chooses the factors of each InstanceNorm (Dumoulin et al. 2017). The paper lays it beside the image as
    constant planes; but InstanceNorm takes constants away, and of these leaves what padding makes of them along the
    borders: enough for crops of 128 pixels, nothing for the middle of a photo.

    Initialised as PyTorch does, and padded with zeros, as in the authors' code.

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
        layers: list[nn.Module] = [Layer(nn.Conv2d(3, width, 7, 1, 3, bias=False), classes, width)]
        for channels in (width, 2 * width):
            layers.append(Layer(nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False), classes, 2 * channels))
        layers += [ResidualBlock(4 * width, classes) for _ in range(blocks)]
        for channels in (4 * width, 2 * width):
            layers.append(Layer(_double(channels, upsampling), classes, channels // 2))
        self.layers = nn.ModuleList(layers)
        self.last = nn.Sequential(nn.Conv2d(width, 3, 7, 1, 3, bias=False), nn.Tanh())

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        """Translate (N, 3, H, W) with labels (N, K) to (N, 3, H, W); H and W are multiples of 4, at least 8."""
        features = images
        for layer in self.layers:
            features = layer(features, label)
        result = self.last(features)
        return images + result if self.residual else result


class Layer(nn.Module):
    """A convolution, InstanceNorm with the factors of the label, and an activation: (N, C, H, W) and (N, K)."""

    def __init__(
        self, convolution: nn.Module, classes: int, channels: int, activation: Callable[[Tensor], Tensor] = relu
    ) -> None:
        super().__init__()
        self.activation = activation
        self.convolution = convolution
        self.norm = InstanceNorm(channels)
        self.scale = nn.Linear(classes, channels, bias=False)
        self.shift = nn.Linear(classes, channels, bias=False)
        nn.init.normal_(self.scale.weight, 1, 0.02)
        nn.init.normal_(self.shift.weight, 0, 0.02)

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """Compute the layer's output for features and labels."""
        normalised = self.norm(self.convolution(features))
        return self.activation(normalised * self.scale(label)[:, :, None, None] + self.shift(label)[:, :, None, None])


class ResidualBlock(nn.Module):
    """Adds two 3 × 3 convolutions to its input."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first, self.second = (
            Layer(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), classes, channels, activation)
            for activation in (relu, nn.Identity())
        )

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """Compute the block's output, of the same shape."""
        return features + self.second(self.first(features, label), label)


class Discriminator(nn.Module):
    """Stacks 4 × 4 convolutions of stride 2, without normalisation, under two heads: real or fake, and which class.

    Args:
        classes: K.
        crop: Side of the images; the class head is one convolution over the whole last feature map.
        width: Channels of the first layer; each further one has twice as many.
        layers: The number of times that the side is halved.
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


def _double(channels: int, way: Literal["resize", "transposed"]) -> nn.Module:
    if way == "transposed":
        return nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False)
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(channels, channels // 2, 3, 1, 1, bias=False))
