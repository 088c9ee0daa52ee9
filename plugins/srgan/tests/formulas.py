"""The generators of other codes for super-resolution as formulas, and the names of their tensors."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import (
    batch_norm,
    conv2d,
    instance_norm,
    interpolate,
    leaky_relu,
    pixel_shuffle,
    pixel_unshuffle,
    prelu,
    relu,
)

Weights = dict[str, Tensor]


def fresh(shapes: dict[str, tuple[int, ...]]) -> Weights:
    """Random weights that neither vanish nor explode; PReLUs and variances are positive."""
    weights = {}
    for name, shape in shapes.items():
        spread = (max(1, torch.Size(shape[1:]).numel())) ** -0.5
        weights[name] = torch.randn(shape) * spread if len(shape) > 1 else torch.rand(shape) * 0.3 + 0.05
    return weights


def convolutions(**shapes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape for name, shape in shapes.items()} | {
        f"{name}.bias": shape[:1] for name, shape in shapes.items()
    }


def conv(weights: Weights, name: str, images: Tensor) -> Tensor:
    weight = weights[f"{name}.weight"]
    return conv2d(images, weight, weights.get(f"{name}.bias"), padding=weight.shape[-1] // 2)


def msrresnet_weights(scale: int, channels: int = 3) -> Weights:
    shapes = {"conv_first": (8, channels, 3, 3), "conv_hr": (8, 8, 3, 3), "conv_last": (channels, 8, 3, 3)}
    shapes |= {f"body.{block}.conv{layer}": (8, 8, 3, 3) for block in range(3) for layer in (1, 2)}
    shapes |= {"upconv1": (8 * (9 if scale == 3 else 4), 8, 3, 3)} | ({"upconv2": (32, 8, 3, 3)} if scale == 4 else {})
    return fresh(convolutions(**shapes))


def msrresnet(weights: Weights, images: Tensor, scale: int) -> Tensor:
    features = leaky_relu(conv(weights, "conv_first", images), 0.1)
    for block in range(3):
        features = features + conv(weights, f"body.{block}.conv2", relu(conv(weights, f"body.{block}.conv1", features)))
    for name, factor in (("upconv1", 3 if scale == 3 else 2), ("upconv2", 2))[: 2 if scale == 4 else 1]:
        features = leaky_relu(pixel_shuffle(conv(weights, name, features), factor), 0.1)
    base = interpolate(images, scale_factor=scale, mode="bilinear", align_corners=False)
    return conv(weights, "conv_last", leaky_relu(conv(weights, "conv_hr", features), 0.1)) + base


def rrdb_weights(scale: int, channels: int = 3, folds: bool = True) -> Weights:
    """Of one that folds the image below ×4, or else doubles it as many times as its scale needs."""
    folding = max(1, 4 // scale) if folds else 1
    doublings = range(1, (scale * folding).bit_length())
    shapes = {"conv_first": (8, channels * folding**2, 3, 3), "conv_last": (channels, 8, 3, 3)}
    shapes |= dict.fromkeys(("conv_body", *(f"conv_up{number}" for number in doublings), "conv_hr"), (8, 8, 3, 3))
    for block, dense in ((block, dense) for block in range(2) for dense in (1, 2, 3)):
        prefix = f"body.{block}.rdb{dense}.conv"
        shapes |= {f"{prefix}{layer}": (4 if layer < 5 else 8, 8 + 4 * (layer - 1), 3, 3) for layer in range(1, 6)}
    return fresh(convolutions(**shapes))


def dense_block(weights: Weights, name: str, images: Tensor) -> Tensor:
    x1 = leaky_relu(conv(weights, f"{name}.conv1", images), 0.2)
    x2 = leaky_relu(conv(weights, f"{name}.conv2", torch.cat((images, x1), 1)), 0.2)
    x3 = leaky_relu(conv(weights, f"{name}.conv3", torch.cat((images, x1, x2), 1)), 0.2)
    x4 = leaky_relu(conv(weights, f"{name}.conv4", torch.cat((images, x1, x2, x3), 1)), 0.2)
    return conv(weights, f"{name}.conv5", torch.cat((images, x1, x2, x3, x4), 1)) * 0.2 + images


def rrdb(weights: Weights, images: Tensor, scale: int) -> Tensor:
    folding = isqrt(weights["conv_first.weight"].shape[1] // images.shape[1])
    first = conv(weights, "conv_first", pixel_unshuffle(images, folding))
    features = first
    for block in range(2):
        inner = features
        for dense in (1, 2, 3):
            inner = dense_block(weights, f"body.{block}.rdb{dense}", inner)
        features = inner * 0.2 + features
    features = first + conv(weights, "conv_body", features)
    for name in sorted(name.removesuffix(".bias") for name in weights if re.match(r"conv_up\d.bias", name)):
        doubled = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
        features = leaky_relu(conv(weights, name, doubled), 0.2)
    return conv(weights, "conv_last", leaky_relu(conv(weights, "conv_hr", features), 0.2))


def compact_weights(scale: int, channels: int = 3) -> Weights:
    shapes = convolutions(**{"body.0": (8, channels, 3, 3), "body.8": (channels * scale**2, 8, 3, 3)})
    shapes |= convolutions(**{f"body.{layer}": (8, 8, 3, 3) for layer in (2, 4, 6)})
    return fresh(shapes | {f"body.{layer}.weight": (8,) for layer in (1, 3, 5, 7)})


def compact(weights: Weights, images: Tensor, scale: int) -> Tensor:
    features = images
    for layer in (0, 2, 4, 6):
        features = prelu(conv(weights, f"body.{layer}", features), weights[f"body.{layer + 1}.weight"])
    nearest = images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    return pixel_shuffle(conv(weights, "body.8", features), scale) + nearest


def leftthomas_weights(scale: int) -> Weights:
    doublings = scale.bit_length() - 1
    kernels = {"block1.0": (8, 3, 9, 9), "block7.0": (8, 8, 3, 3), f"block8.{doublings}": (3, 8, 9, 9)}
    kernels |= {f"block8.{index}.conv": (32, 8, 3, 3) for index in range(doublings)}
    kernels |= {f"block{block}.conv{layer}": (8, 8, 3, 3) for block in range(2, 7) for layer in (1, 2)}
    shapes = convolutions(**kernels) | {"block1.1.weight": (1,)}
    shapes |= {f"block8.{index}.prelu.weight": (1,) for index in range(doublings)}
    shapes |= {f"block{block}.prelu.weight": (1,) for block in range(2, 7)}
    for norm in ["block7.1", *(f"block{block}.bn{layer}" for block in range(2, 7) for layer in (1, 2))]:
        shapes |= {f"{norm}.{name}": (8,) for name in ("weight", "bias", "running_mean", "running_var")}
        shapes |= {f"{norm}.num_batches_tracked": ()}
    return fresh(shapes)


def leftthomas_weights_of_2018(scale: int) -> Weights:
    """As its author published them: a PReLU in the place of the last norm, and no counters of batches."""
    weights = {name: tensor for name, tensor in leftthomas_weights(scale).items() if "num_batches" not in name}
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("block7.1.")}
    return kept | {"block7.1.weight": torch.rand(1) * 0.3}


def leftthomas(weights: Weights, images: Tensor, scale: int) -> Tensor:
    def norm(name: str, features: Tensor) -> Tensor:
        mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
        return batch_norm(features, mean, variance, weights[f"{name}.weight"], weights[f"{name}.bias"])

    first = prelu(conv(weights, "block1.0", images), weights["block1.1.weight"])
    features = first
    for block in (f"block{number}" for number in range(2, 7)):
        inner = prelu(norm(f"{block}.bn1", conv(weights, f"{block}.conv1", features)), weights[f"{block}.prelu.weight"])
        features = features + norm(f"{block}.bn2", conv(weights, f"{block}.conv2", inner))
    features = conv(weights, "block7.0", features)
    is_norm = "block7.1.running_mean" in weights
    features = first + (norm("block7.1", features) if is_norm else prelu(features, weights["block7.1.weight"]))
    doublings = scale.bit_length() - 1
    for index in range(doublings):
        doubled = pixel_shuffle(conv(weights, f"block8.{index}.conv", features), 2)
        features = prelu(doubled, weights[f"block8.{index}.prelu.weight"])
    return (torch.tanh(conv(weights, f"block8.{doublings}", features)) + 1) / 2


def fast_weights(scale: int) -> Weights:
    shapes = convolutions(**{"neck.0": (8, 3, 3, 3), "head.0": (3, 8, 3, 3)})
    shapes |= convolutions(**{f"upsampling.{index}.conv": (32, 8, 3, 3) for index in range(scale // 2)})
    shapes |= {f"stem.{block}.conv{layer}.weight": (8, 8, 3, 3) for block in range(3) for layer in (1, 2)}
    slopes = ["neck.1", *(f"stem.{block}.relu1" for block in range(3))]
    slopes += [f"upsampling.{index}.relu" for index in range(scale // 2)]
    return fresh(shapes | {"bottleneck.0.weight": (8, 8, 3, 3)} | {f"{name}.weight": (1,) for name in slopes})


def fast(weights: Weights, images: Tensor, scale: int) -> Tensor:
    first = prelu(conv(weights, "neck.0", images * 2 - 1), weights["neck.1.weight"])
    features = first
    for block in (f"stem.{number}" for number in range(3)):
        inner = prelu(instance_norm(conv(weights, f"{block}.conv1", features)), weights[f"{block}.relu1.weight"])
        features = features + instance_norm(conv(weights, f"{block}.conv2", inner))
    features = first + instance_norm(conv(weights, "bottleneck.0", features))
    for index in range(scale // 2):
        doubled = pixel_shuffle(conv(weights, f"upsampling.{index}.conv", features), 2)
        features = prelu(doubled, weights[f"upsampling.{index}.relu.weight"])
    return (torch.tanh(conv(weights, "head.0", features)) + 1) / 2


Formula = Callable[[Weights, Tensor, int], Tensor]
FORMATS: dict[str, tuple[Callable[[int], Weights], Formula, list[int]]] = {
    "MSRResNet": (msrresnet_weights, msrresnet, [2, 3, 4]),
    "RRDBNet": (rrdb_weights, rrdb, [1, 2, 4]),
    "SRVGGNetCompact": (compact_weights, compact, [1, 2, 3, 4, 8]),
    "leftthomas": (leftthomas_weights, leftthomas, [2, 4, 8]),
    "leftthomas in 2018": (leftthomas_weights_of_2018, leftthomas, [2, 4, 8]),
    "Fast-SRGAN": (fast_weights, fast, [2, 4]),
}


def renamed(weights: Weights, rename: Callable[[str], str]) -> Weights:
    return {rename(name): tensor for name, tensor in weights.items()}


def names_of_2019(name: str) -> str:
    pairs = {"conv_body": "trunk_conv", "body.": "RRDB_trunk.", "conv_up": "upconv", "conv_hr": "HRconv"}
    ours = next((ours for ours in pairs if name.startswith(ours)), "")
    return pairs.get(ours, "") + name.removeprefix(ours).replace(".rdb", ".RDB")


def names_of_2018(name: str, doublings: int = 2) -> str:
    places = {"conv_first": "0", "conv_body": "1.sub.2", "conv_hr": f"{2 + 3 * doublings}"}
    places |= {f"conv_up{number + 1}": f"{3 * number + 3}" for number in range(doublings)}
    layer, _, kind = name.rpartition(".")
    if layer.startswith("body."):
        _, block, dense, convolution = layer.split(".")
        return f"model.1.sub.{block}.{dense.upper()}.{convolution}.0.{kind}"
    return f"model.{(places | {'conv_last': f'{4 + 3 * doublings}'})[layer]}.{kind}"


def in_mmagic(weights: Weights) -> dict[str, Any]:
    """What MMagic saves with a MSRResNet."""

    def rename(name: str) -> str:
        name = name.replace("body.", "trunk_net.")
        return f"generator.upsample{name[6]}.upsample_conv{name[7:]}" if "upconv" in name else f"generator.{name}"

    state = renamed(weights, rename) | {"discriminator.conv.weight": torch.rand(3)}
    return {"meta": {"iter": 3}, "state_dict": state, "optimizer": {"step": 1}}
