"""RRDBNet, the generator of ESRGAN and Real-ESRGAN."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_unshuffle

from .reach import Step
from .starts import initialise

ENLARGEMENT = 4
"""The scale of a network that folds: for a smaller one the image is first folded into channels (Wang et al. 2021)."""


def folding(scale: int, fold: bool = True) -> int:
    """Return the side of the squares of pixels that become one, so that the network enlarges by `scale`."""
    return max(1, ENLARGEMENT // scale) if fold else 1


def doublings(scale: int, fold: bool = True) -> int:
    """Return how many times the network doubles its features."""
    return (scale * folding(scale, fold)).bit_length() - 1


def rrdb_steps(scale: int, depth: int, fold: bool = True) -> list[Step]:
    """Return what an `RRDBNet` does with positions."""
    enlarge: list[Step] = [("enlarge", 2), ("look", 1)]
    steps: list[Step] = [("shrink", folding(scale, fold)), ("look", 2 + 15 * depth)]
    return [*steps, *enlarge * doublings(scale, fold), ("look", 2)]


class RRDBNet(nn.Module):
    """Stacks residual-in-residual dense blocks (Wang et al. 2018, sec. 3.1): (N, C, H, W) to (N, C, scale H, scale W).

    H and W are multiples of `folding`. Tensors are named as in BasicSR.

    Args:
        scale: 1, 2, 4, 8 or 16.
        width: Channels between the blocks.
        depth: The number of blocks.
        growth: The number of channels that each convolution of a dense block adds.
        channels: C.
        fold: Whether a network of a scale below 4 folds the image.
    """

    def __init__(
        self,
        scale: int,
        width: int = 64,
        depth: int = 23,
        growth: int = 32,
        channels: int = 3,
        fold: bool = True,
    ) -> None:
        super().__init__()
        self.folding, self.doublings = folding(scale, fold), doublings(scale, fold)
        self.conv_first = nn.Conv2d(channels * self.folding**2, width, 3, 1, 1)
        self.body = nn.Sequential(*(Block(width, growth) for _ in range(depth)))
        self.conv_body = nn.Conv2d(width, width, 3, 1, 1)
        for index in range(self.doublings):
            self.add_module(f"conv_up{index + 1}", nn.Conv2d(width, width, 3, 1, 1))
        self.conv_hr = nn.Conv2d(width, width, 3, 1, 1)
        self.conv_last = nn.Conv2d(width, channels, 3, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images in [0, 1]."""
        hidden = self.conv_first(pixel_unshuffle(images, self.folding))
        hidden = hidden + self.conv_body(self.body(hidden))
        for index in range(self.doublings):
            convolution = self.get_submodule(f"conv_up{index + 1}")
            hidden = leaky_relu(convolution(interpolate(hidden, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(leaky_relu(self.conv_hr(hidden), 0.2))


class Block(nn.Module):
    """Adds a fifth of the result of three dense blocks to the input."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(width, growth)
        self.rdb2 = DenseBlock(width, growth)
        self.rdb3 = DenseBlock(width, growth)

    def forward(self, hidden: Tensor) -> Tensor:
        """Compute the block's output, of the same shape."""
        return hidden + 0.2 * self.rdb3(self.rdb2(self.rdb1(hidden)))


class DenseBlock(nn.Module):
    """Runs five convolutions, each of which sees all before it, and adds a fifth of the last to the input."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, growth, 3, 1, 1)
        self.conv2 = nn.Conv2d(width + growth, growth, 3, 1, 1)
        self.conv3 = nn.Conv2d(width + 2 * growth, growth, 3, 1, 1)
        self.conv4 = nn.Conv2d(width + 3 * growth, growth, 3, 1, 1)
        self.conv5 = nn.Conv2d(width + 4 * growth, width, 3, 1, 1)
        initialise((self.conv1, self.conv2, self.conv3, self.conv4, self.conv5))

    def forward(self, hidden: Tensor) -> Tensor:
        """Compute the block's output, of the same shape."""
        seen = hidden
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat([seen, leaky_relu(convolution(seen), 0.2)], 1)
        return hidden + 0.2 * self.conv5(seen)
