"""The generators of the authors' PyTorch code and of CUT as formulas, and the names of their tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, instance_norm, pad, relu

Weights = dict[str, Tensor]
WIDTH = 4


class Reference:
    """The generator as the authors wrote it down: a row of numbered layers, and what each does to images.

    Args:
        downs: `strided` or `blur`.
        ups: `transposed`, `blur`, or `resize`, by nearest neighbour.
        padding: Of the blocks; `zero` is done by the convolutions, without a layer.
        dropout: A layer in each block that does nothing at use.
        batch: BatchNorm, with the statistics of the image, instead of InstanceNorm.
        halvings: 4 in pix2pixHD.
    """

    def __init__(
        self,
        blocks: int = 2,
        downs: str = "strided",
        ups: str = "transposed",
        padding: str = "reflect",
        dropout: bool = False,
        batch: bool = False,
        channels: tuple[int, int] = (3, 3),
        halvings: int = 2,
    ) -> None:
        self.blocks, self.downs, self.ups, self.padding = blocks, downs, ups, padding
        self.dropout, self.batch, self.channels = dropout, batch, channels
        self.widths, self.inner = [WIDTH * 2**level for level in range(halvings)], WIDTH * 2**halvings
        self.weights: Weights = {}
        self.norms: set[str] = set()
        self(torch.zeros(1, channels[0], 4 * 2**halvings, 4 * 2**halvings))  # which draws the weights

    def with_statistics(self, kinds: Sequence[str]) -> Weights:
        """The weights, and what torch before 0.4 stored of InstanceNorm though nothing uses it."""
        return self.weights | {f"{norm}.{kind}": torch.rand(8) for norm in self.norms for kind in kinds}

    def __call__(self, images: Tensor) -> Tensor:
        self.index = 0
        features = self.layer(self.padded(images, 3), self.channels[0], WIDTH, 7)
        for width in self.widths:
            features = self.down(features, width)
        for _ in range(self.blocks):
            features = features + self.block(features)
            self.index += 1
        for width in reversed(self.widths):
            features = self.up(features, 2 * width)
        features = self.padded(features, 3)
        return torch.tanh(self.convolve(features, f"model.{self.index}", WIDTH, self.channels[1], 7, bias=True))

    def padded(self, features: Tensor, size: int) -> Tensor:
        self.index += 1
        return pad(features, (size,) * 4, "reflect")

    def layer(self, features: Tensor, channels: int, out: int, kernel: int, **options: Any) -> Tensor:
        """Convolution, norm and ReLU: three layers."""
        features = self.convolve(features, f"model.{self.index}", channels, out, kernel, **options)
        features = relu(self.norm(features, f"model.{self.index + 1}"))
        self.index += 3
        return features

    def down(self, features: Tensor, width: int) -> Tensor:
        if self.downs == "strided":
            return self.layer(features, width, 2 * width, 3, stride=2, padding=1)
        features = self.layer(features, width, 2 * width, 3, padding=1)
        taps = self.filter(2 * width, [1.0, 2.0, 1.0], 1)
        return conv2d(pad(features, (1, 1, 1, 1), "reflect"), taps, stride=2, groups=2 * width)

    def up(self, features: Tensor, width: int) -> Tensor:
        if self.ups == "transposed":
            return self.layer(features, width, width // 2, 3, transposed=True)
        if self.ups == "resize":
            self.index += 1
            nearest = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
            return self.layer(nearest, width, width // 2, 3, padding=1)
        taps = self.filter(width, [1.0, 3.0, 3.0, 1.0], 4)
        padded = pad(features, (1, 1, 1, 1), "replicate")
        doubled = conv_transpose2d(padded, taps, stride=2, padding=2, groups=width)[:, :, 1:-1, 1:-1]
        return self.layer(doubled, width, width // 2, 3, padding=1)

    def block(self, features: Tensor) -> Tensor:
        width, place, prefix = self.inner, 0, f"model.{self.index}.conv_block"
        for half in range(2):
            if self.padding != "zero":
                features, place = pad(features, (1, 1, 1, 1), self.padding), place + 1
            zeros = 1 if self.padding == "zero" else 0
            features = self.convolve(features, f"{prefix}.{place}", width, width, 3, padding=zeros)
            features = self.norm(features, f"{prefix}.{place + 1}")
            if half == 0:
                features, place = relu(features), place + 3 + self.dropout
        return features

    def convolve(
        self, images: Tensor, name: str, channels: int, out: int, kernel: int, transposed: bool = False, **options: Any
    ) -> Tensor:
        shape = (channels, out, kernel, kernel) if transposed else (out, channels, kernel, kernel)
        weight = self.weight(f"{name}.weight", torch.randn(shape) / (channels * kernel**2) ** 0.5)
        with_bias = options.pop("bias", not self.batch)
        bias = self.weight(f"{name}.bias", torch.randn(out)) if with_bias else None
        if transposed:
            return conv_transpose2d(images, weight, bias, stride=2, padding=1, output_padding=1)
        return conv2d(images, weight, bias, **options)

    def norm(self, features: Tensor, name: str) -> Tensor:
        self.norms.add(name)
        if not self.batch:
            return instance_norm(features)
        channels = features.shape[1]
        weight, bias = (self.weight(f"{name}.{kind}", torch.rand(channels)) for kind in ("weight", "bias"))
        for kind, value in {"running_mean": torch.rand(channels), "running_var": torch.rand(channels)}.items():
            self.weight(f"{name}.{kind}", value)
        self.weight(f"{name}.num_batches_tracked", torch.tensor(3))
        mean = features.mean((0, 2, 3), keepdim=True)
        deviation = (features.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
        return (features - mean) / deviation * weight.view(-1, 1, 1) + bias.view(-1, 1, 1)

    def filter(self, channels: int, taps: list[float], gain: float) -> Tensor:
        outer = torch.outer(torch.tensor(taps), torch.tensor(taps))
        filters = self.weight(f"model.{self.index}.filt", (gain * outer / outer.sum()).repeat(channels, 1, 1, 1))
        self.index += 1
        return filters

    def weight(self, name: str, value: Tensor) -> Tensor:
        return self.weights.setdefault(name, value)


VARIANTS: dict[str, dict[str, Any]] = {
    "resnet_6blocks": {"blocks": 6},
    "resnet_9blocks": {"blocks": 9},
    "dropout": {"dropout": True},
    "zeros": {"padding": "zero"},
    "zeros and dropout": {"padding": "zero", "dropout": True},
    "BatchNorm": {"batch": True},
    "BatchNorm and dropout": {"batch": True, "dropout": True},
    "BatchNorm, zeros and dropout": {"batch": True, "padding": "zero", "dropout": True},
    "grey to colour": {"channels": (1, 3)},
    "enlarged by nearest neighbour": {"ups": "resize"},
    "CUT": {"downs": "blur", "ups": "blur", "blocks": 9},
    "CUT, no_antialias": {"ups": "blur"},
    "CUT, no_antialias_up": {"downs": "blur"},
}
