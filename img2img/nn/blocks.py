"""What translation networks are built of: normalisation, anti-aliased reduction, their initialisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, instance_norm, pad

Norm = Literal["instance", "batch", "none"]
TestStatistics = Literal["running", "image"]
"""What BatchNorm divides by in `eval()`: running averages, or the statistics of each image, as the paper of pix2pix
does by testing in training mode one image at a time. Either way no image depends on another."""


def normalisation(kind: Norm, channels: int) -> nn.Module:
    """InstanceNorm (each image by itself, nothing to learn), BatchNorm, or nothing: (N, C, H, W) to the same."""
    if kind == "instance":
        return InstanceNorm(channels)
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.Identity()


class InstanceNorm(nn.InstanceNorm2d):
    """InstanceNorm that keeps the memory format of a single image on the CPU, with the right gradient in any format.

    A single image is a batch, and its BatchNorm the same. Torch's InstanceNorm copies channels that come last to the
    front and back, half the time of a CycleGAN on large frames, and (2.13) takes the gradient of a single
    image for contiguous also where its channels come last.
    """

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type == "cpu" and not torch.compiler.is_compiling() and len(features) == 1:
            return batch_norm(features, None, None, self.weight, self.bias, training=True, eps=self.eps)
        result = super().forward(features)
        if result.requires_grad:
            result.register_hook(Tensor.contiguous)  # type: ignore[no-untyped-call]
        return result


class ImageStatistics(nn.BatchNorm2d):
    """BatchNorm that in `eval()` takes the statistics of each image by itself."""

    def forward(self, features: Tensor) -> Tensor:
        if self.training:
            return super().forward(features)
        return instance_norm(features, weight=self.weight, bias=self.bias, use_input_stats=True, eps=self.eps)


def without_unused_statistics(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Leave out what torch before 0.4 stored of InstanceNorm and never used; a BatchNorm has a weight beside."""

    def unused(name: str) -> bool:
        layer, _, kind = name.rpartition(".")
        return kind in ("running_mean", "running_var", "num_batches_tracked") and f"{layer}.weight" not in weights

    return {name: tensor for name, tensor in weights.items() if not unused(name)}


def choose_test_statistics(network: nn.Module, statistics: TestStatistics) -> None:
    """Make all BatchNorms of a network divide by what is wanted in `eval()`."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and statistics == "image":
            module.__class__ = ImageStatistics


def initialise(network: nn.Module, gain: float = 0.02) -> None:
    """Draw convolutions from N(0, gain²) and BatchNorm's factors from N(1, gain²), as CycleGAN and pix2pix do."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, gain)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, gain)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


@contextmanager
def frozen(*networks: nn.Module) -> Iterator[None]:
    """Let gradients pass through networks, but not to their weights: a discriminator while its opponent learns."""
    for network in networks:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)


class BlurPool(nn.Module):
    """Halve by a binomial blur [1, 2, 1] and every second pixel (Zhang 2019): (N, C, H, W) to (N, C, H / 2, W / 2)."""

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(taps, taps).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        padded = pad(features, (1, 1, 1, 1), mode="reflect")
        return conv2d(padded, self.kernel, stride=2, groups=len(self.kernel))
