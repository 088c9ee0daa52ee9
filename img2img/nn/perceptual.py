"""Feature extractors serve perceptual losses: VGG19 from a weights file, or fixed random features."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from img2img.errors import ConfigError

_CONVOLUTIONS = (2, 2, 4, 4, 4)
"""Convolutions in each of VGG19's five blocks; a pooling layer ends each block."""


class PerceptualLoss(nn.Module):
    """Measures the distance of images in the space of a fixed feature extractor.

    Args:
        features: Maps (N, 3, H, W) in [0, 1] to feature maps.
        norm: `l1` or `l2` (mean squared), over all features.
    """

    def __init__(self, features: nn.Module, norm: str = "l1") -> None:
        super().__init__()
        self.features = features.eval().requires_grad_(False)
        self.distance = l1_loss if norm == "l1" else mse_loss

    def forward(self, images: Tensor, truth: Tensor) -> Tensor:
        """Compute the distance of images from their truth, both (N, 3, H, W) in [0, 1]."""
        with torch.no_grad():
            wanted = self.features(truth)
        return self.distance(self.features(images).float(), wanted.float())


class VGG19(nn.Module):
    """VGG19 (Simonyan & Zisserman 2015) up to and including a named layer, with ImageNet's normalisation inside.

    Args:
        layer: `conv5_4` (before its ReLU), `relu5_4` (after it), `pool3`, … block and index count from 1.
        weights: torchvision's file layout (`features.0.weight` …), `.pth` or `.safetensors`.
        sha256: Expected SHA-256 of the file.

    Raises:
        ConfigError: The layer does not exist, or the file is not the expected one.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, layer: str, weights: Path, sha256: str) -> None:
        super().__init__()
        names = layer_names()
        if layer not in names:
            raise ConfigError(f"VGG19 has no layer {layer!r}; its layers are {', '.join(names)}")
        self.layers = _vgg19_layers(names[: names.index(layer) + 1])
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)
        self._fill(_read_weights(weights, sha256), weights)

    def forward(self, images: Tensor) -> Tensor:
        """Compute the features of (N, 3, H, W) in [0, 1]."""
        features: Tensor = self.layers((images - self.mean) / self.std)
        return features

    def _fill(self, tensors: dict[str, Tensor], path: Path) -> None:
        wanted = {f"features.{name}": name for name in self.layers.state_dict()}
        try:
            self.layers.load_state_dict({name: tensors[key] for key, name in wanted.items()})
        except (KeyError, RuntimeError) as error:
            raise ConfigError(f"{path} does not hold torchvision's VGG19 weights: {error}") from error


def layer_names() -> list[str]:
    """List the layers of VGG19's convolutional part; the index is that of torchvision's `features`."""
    names: list[str] = []
    for block, convolutions in enumerate(_CONVOLUTIONS, 1):
        for index in range(1, convolutions + 1):
            names += [f"conv{block}_{index}", f"relu{block}_{index}"]
        names.append(f"pool{block}")
    return names


def random_features(seed: int = 1) -> nn.Module:
    """Build a fixed network of random orthogonal convolutions: (N, 3, H, W) to (N, 64, H / 2, W / 2).

    It knows nothing of photographs, but penalises what a pixel loss lets pass: a difference of local structure.
    """
    layers = nn.Sequential(
        _convolution(3, 32),
        nn.ReLU(),
        _convolution(32, 32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        _convolution(32, 64),
        nn.ReLU(),
        _convolution(64, 64),
    )
    generator = torch.Generator().manual_seed(seed)
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.orthogonal_(layer.weight, 2**0.5, generator=generator)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layers


def _vgg19_layers(names: list[str]) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for name in names:
        if name.startswith("conv"):
            width = min(512, 64 * 2 ** (int(name[4]) - 1))
            layers.append(_convolution(channels, width))
            channels = width
        else:
            layers.append(nn.ReLU() if name.startswith("relu") else nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _convolution(channels: int, width: int) -> nn.Module:
    """Make a 3 × 3 convolution without drawing from the global random numbers; its weights are filled later."""
    layer: nn.Module = nn.utils.skip_init(nn.Conv2d, channels, width, kernel_size=3, padding=1)  # type: ignore[no-untyped-call]
    return layer


def _read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the VGG19 weights {str(path)!r}: {error.strerror}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256.lower():
        raise ConfigError(
            f"{path} has the SHA-256 {found}, not the expected {sha256 or '(none given)'}: it is another file"
        )
    try:
        if path.suffix == ".safetensors":
            return load_safetensors(data)
        return dict(torch.load(io.BytesIO(data), map_location="cpu", weights_only=True))
    except (SafetensorError, UnpicklingError, EOFError, RuntimeError, ValueError, TypeError) as error:
        raise ConfigError(f"{path} holds no plain weights: {error}") from error
