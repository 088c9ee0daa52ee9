"""The U-Net of MMagic (OpenMMLab) as small modules, whose tensors are named as there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]
WIDTH = 4


class Layer(nn.Sequential):
    """An activation, a convolution, and its norm (that of BatchNorm has a name and tensors)."""

    def __init__(self, activation: nn.Module, convolution: nn.Module, norm: nn.Module) -> None:
        super().__init__()
        self.add_module("activate", activation)
        self.add_module("conv", convolution)
        self.add_module("bn" if isinstance(norm, nn.BatchNorm2d) else "in", norm)


class Level(nn.Module):
    """What came in beside what a layer, all levels inside, and another layer make of it."""

    def __init__(self, channels: int, width: int, inner: nn.Module | None, batch: bool) -> None:
        super().__init__()
        down = nn.Conv2d(channels, width, 4, 2, 1, bias=not batch)
        up = nn.ConvTranspose2d(2 * width if inner else width, channels, 4, 2, 1, bias=not batch)
        first = Layer(nn.LeakyReLU(0.2), down, norm(width, batch) if inner else nn.Identity())
        last = Layer(nn.ReLU(), up, norm(channels, batch))
        self.model = nn.Sequential(*filter(None, (first, inner, last)))

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([features, self.model(features)], 1)


class Outermost(nn.Module):
    def __init__(self, channels: tuple[int, int], inner: nn.Module, batch: bool) -> None:
        super().__init__()
        first = Layer(nn.Identity(), nn.Conv2d(channels[0], WIDTH, 4, 2, 1, bias=not batch), nn.Identity())
        last = Layer(nn.ReLU(), nn.ConvTranspose2d(2 * WIDTH, channels[1], 4, 2, 1), nn.Identity())
        self.model = nn.Sequential(first, inner, last, nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)


class Reference(nn.Module):
    """From (N, C, H, W) to (N, C', H, W), both in [-1, 1] and BGR; in training mode, as MMagic tests; no dropout."""

    def __init__(self, depth: int = 8, batch: bool = True, channels: tuple[int, int] = (3, 3)) -> None:
        super().__init__()
        widths = [WIDTH * min(8, 2**level) for level in range(depth)]
        inner: nn.Module | None = None
        for level in reversed(range(1, depth)):
            inner = Level(widths[level - 1], widths[level], inner, batch)
        assert inner is not None
        self.model = Outermost(channels, inner, batch)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in module.state_dict().values():
                    tensor.copy_(torch.rand(tensor.shape) + 0.5)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)

    def of_rgb(self, images: Tensor) -> Tensor:
        """What becomes of images in [0, 1] and RGB."""
        return (self(images.flip(1) * 2 - 1).flip(1) + 1) / 2

    @property
    def weights(self) -> Weights:
        return {name: tensor.clone() for name, tensor in self.state_dict().items()}


def norm(channels: int, batch: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if batch else nn.InstanceNorm2d(channels)


def prefixed(prefix: str, weights: Weights) -> Weights:
    return {f"{prefix}{name}": tensor for name, tensor in weights.items()}
