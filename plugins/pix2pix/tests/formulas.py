"""The U-Net of the authors' PyTorch code as a formula, and the names of its tensors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, instance_norm, leaky_relu, relu

Weights = dict[str, Tensor]
WIDTH = 4
AFFINE, STATISTICS = ("weight", "bias"), ("running_mean", "running_var")


def widths(depth: int) -> list[int]:
    return [WIDTH * min(8, 2**level) for level in range(depth)]


def fresh(depth: int, batch: bool, channels: tuple[int, int] = (3, 3), statistics: bool = False) -> Weights:
    """Random weights under the names of the nested modules: the outermost is level 0.

    Args:
        statistics: What torch before 0.4 stored of InstanceNorm though nothing uses it.
    """
    kinds = AFFINE + STATISTICS if batch else STATISTICS if statistics else ()
    weights: Weights = {}
    for level, width in enumerate(widths(depth)):
        prefix = prefix_of(level)
        down, up = ("0", "3") if level == 0 else ("1", "3" if level == depth - 1 else "5")
        outer = channels if level == 0 else (widths(depth)[level - 1],) * 2
        below = width if level == depth - 1 else 2 * width
        weights[f"{prefix}.{down}.weight"] = torch.randn(width, outer[0], 4, 4) / (16 * outer[0]) ** 0.5
        weights[f"{prefix}.{up}.weight"] = torch.randn(below, outer[1], 4, 4) / (4 * below) ** 0.5
        if not batch:
            weights[f"{prefix}.{down}.bias"] = torch.randn(width)
        if not batch or level == 0:
            weights[f"{prefix}.{up}.bias"] = torch.randn(outer[1])
        norms = {} if level == 0 else {f"{prefix}.{int(up) + 1}": outer[1]}
        norms |= {f"{prefix}.2": width} if 0 < level < depth - 1 else {}
        for name, size in norms.items():
            weights |= {f"{name}.{kind}": torch.rand(size) for kind in kinds}
            weights |= {f"{name}.num_batches_tracked": torch.tensor(9)} if batch else {}
    return weights


def prefix_of(level: int) -> str:
    return "model.model" + (".1.model" if level else "") + ".3.model" * (level - 1)


def formula(weights: Weights, images: Tensor, depth: int, level: int = 0) -> Tensor:
    prefix, innermost = prefix_of(level), level == depth - 1
    down, up = ("0", "3") if level == 0 else ("1", "3" if innermost else "5")
    features = images if level == 0 else leaky_relu(images, 0.2)
    features = conv2d(features, weights[f"{prefix}.{down}.weight"], weights.get(f"{prefix}.{down}.bias"), 2, 1)
    if 0 < level < depth - 1:
        features = norm(weights, f"{prefix}.2", features)
    if not innermost:
        features = formula(weights, features, depth, level + 1)
    features = relu(features)
    features = conv_transpose2d(features, weights[f"{prefix}.{up}.weight"], weights.get(f"{prefix}.{up}.bias"), 2, 1)
    if level == 0:
        return torch.tanh(features)
    return torch.cat([images, norm(weights, f"{prefix}.{int(up) + 1}", features)], 1)


def norm(weights: Weights, name: str, features: Tensor) -> Tensor:
    """Of the image itself, as testing in training mode does."""
    if f"{name}.weight" not in weights:
        return instance_norm(features)
    mean = features.mean((0, 2, 3), keepdim=True)
    deviation = (features.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    return (features - mean) / deviation * weights[f"{name}.weight"].view(-1, 1, 1) + weights[f"{name}.bias"].view(
        -1, 1, 1
    )
