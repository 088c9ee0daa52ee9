"""Building blocks of translation networks: normalisation, anti-aliased reduction, initialisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, instance_norm, pad

Norm = Literal["instance", "batch", "none"]
TestStatistics = Literal["running", "image"]
"""The statistics that BatchNorm uses in `eval()`: running averages, or those of each image, as pix2pix's paper does
by testing in training mode one image at a time. Either way no image depends on another."""


def normalisation(kind: Norm, channels: int) -> nn.Module:
    """Make a layer of InstanceNorm (each image by itself, no weights), or BatchNorm, or nothing: (N, C, H, W)."""
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
        """Normalise each image by itself: (N, C, H, W) to the same."""
        if features.device.type == "cpu" and not torch.compiler.is_compiling() and len(features) == 1:
            return batch_norm(features, None, None, self.weight, self.bias, training=True, eps=self.eps)
        result = super().forward(features)
        if result.requires_grad:
            result.register_hook(Tensor.contiguous)  # type: ignore[no-untyped-call]
        return result


class ImageStatistics(nn.BatchNorm2d):
    """A BatchNorm that in `eval()` uses the statistics of each image by itself."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalise (N, C, H, W), in `eval()` each image by itself."""
        if self.training:
            return super().forward(features)
        return instance_norm(features, weight=self.weight, bias=self.bias, use_input_stats=True, eps=self.eps)


def without_unused_statistics(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Leave out the statistics of InstanceNorm that torch before 0.4 stored and never used."""

    def unused(name: str) -> bool:
        """Return whether a tensor is such a statistic; a BatchNorm's has a weight beside it."""
        layer, _, kind = name.rpartition(".")
        return kind in ("running_mean", "running_var", "num_batches_tracked") and f"{layer}.weight" not in weights

    return {name: tensor for name, tensor in weights.items() if not unused(name)}


def choose_test_statistics(network: nn.Module, statistics: TestStatistics) -> None:
    """Choose the statistics that all BatchNorms of a network use in `eval()`."""
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
    """Freeze networks: gradients pass through them, but not to their weights."""
    for network in networks:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)


class BlurPool(nn.Module):
    """Halves (N, C, H, W) to (N, C, H / 2, W / 2) by a blur [1, 2, 1] and every second pixel (Zhang 2019)."""

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(taps, taps).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Halve height and width."""
        padded = pad(features, (1, 1, 1, 1), mode="reflect")
        return conv2d(padded, self.kernel, stride=2, groups=len(self.kernel))
