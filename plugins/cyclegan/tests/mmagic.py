"""The residual generator of MMagic (OpenMMLab) as small modules, whose tensors are named as there."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]
WIDTH = 4


class Layer(nn.Sequential):
    """Borders, a convolution, its norm (that of BatchNorm has a name and tensors), and an activation."""

    def __init__(self, convolution: nn.Module, norm: nn.Module | None, activation: nn.Module, border: int = 0) -> None:
        super().__init__()
        self.add_module("padding_layer", nn.ReflectionPad2d(border))
        self.add_module("conv", convolution)
        self.add_module("bn" if isinstance(norm, nn.BatchNorm2d) else "in", norm)
        self.add_module("activate", activation)

    def forward(self, features: Tensor) -> Tensor:
        for layer in filter(None, self):
            features = layer(features)
        return features


class Block(nn.Module):
    """Two layers, added to what came in."""

    def __init__(self, channels: int, batch: bool, dropout: bool) -> None:
        super().__init__()
        first, second = (
            Layer(nn.Conv2d(channels, channels, 3, bias=not batch), norm(channels, batch), activation, border=1)
            for activation in (nn.ReLU(), nn.Identity())
        )
        self.block = nn.Sequential(first, *([nn.Identity()] if dropout else []), second)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.block(features)


class Reference(nn.Module):
    """From (N, C, H, W) to (N, C', H, W), both in [-1, 1] and BGR; in training mode, as MMagic tests.

    Args:
        dropout: A layer in each block that is left out here.
        batch: BatchNorm instead of InstanceNorm.
    """

    def __init__(
        self, blocks: int = 2, dropout: bool = False, batch: bool = False, channels: tuple[int, int] = (3, 3)
    ) -> None:
        super().__init__()
        self.channels = channels
        convolutions: list[tuple[nn.Module, int, int]] = [
            (nn.Conv2d(channels[0], WIDTH, 7, bias=not batch), WIDTH, 3),
            *((nn.Conv2d(width, 2 * width, 3, 2, 1, bias=not batch), 2 * width, 0) for width in (WIDTH, 2 * WIDTH)),
            *(
                (nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1, bias=not batch), width // 2, 0)
                for width in (4 * WIDTH, 2 * WIDTH)
            ),
        ]
        layers = [Layer(layer, norm(width, batch), nn.ReLU(), border) for layer, width, border in convolutions]
        inner = [Block(4 * WIDTH, batch, dropout) for _ in range(blocks)]
        last = Layer(nn.Conv2d(WIDTH, channels[1], 7), None, nn.Tanh(), border=3)
        self.model = nn.Sequential(*layers[:3], *inner, *layers[3:], last)
        draw(self)

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


def draw(network: nn.Module) -> None:
    """Make all that BatchNorm holds differ from where it begins."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in module.state_dict().values():
                tensor.copy_(torch.rand(tensor.shape) + 0.5)


def checkpoint(**generators: Weights) -> dict[str, Any]:
    """What MMagic stores of a training: the generator of each domain, discriminators, and what else it knows."""
    tables = {f"generators.{domain}.": table for domain, table in generators.items()}
    tables |= {f"discriminators.{domain}.": {"model.0.conv.weight": torch.rand(4, 3, 4, 4)} for domain in generators}
    weights = {f"{prefix}{name}": tensor for prefix, table in tables.items() for name, tensor in table.items()}
    return {"meta": {"iter": 270000, "config": "…"}, "state_dict": weights, "optimizer": {"generators": {"state": {}}}}


VARIANTS: dict[str, dict[str, Any]] = {
    "9 blocks": {"blocks": 9},
    "6 blocks": {"blocks": 6},
    "dropout": {"dropout": True},
    "BatchNorm": {"batch": True},
    "BatchNorm and dropout": {"batch": True, "dropout": True},
    "grey to colour": {"channels": (1, 3)},
}
