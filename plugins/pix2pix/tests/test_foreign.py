"""Checkpoints of the authors' PyTorch code: each U-Net is opened, and gives what its formula gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, instance_norm, leaky_relu, relu

import img2img
from img2img.foreign import open_checkpoint

Weights = dict[str, Tensor]
WIDTH = 4


def widths(depth: int) -> list[int]:
    return [WIDTH * min(8, 2**level) for level in range(depth)]


def fresh(depth: int, batch: bool, channels: tuple[int, int] = (3, 3)) -> Weights:
    """Random weights under the names of the nested modules: the outermost is level 0."""
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
        for name, size in norms.items() if batch else ():
            weights |= {
                f"{name}.{kind}": torch.rand(size) for kind in ("weight", "bias", "running_mean", "running_var")
            }
            weights[f"{name}.num_batches_tracked"] = torch.tensor(9)
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


@pytest.mark.parametrize("batch", [True, False], ids=["BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("depth", [7, 8])
def test_a_checkpoint_gives_what_the_formula_of_its_network_gives(depth: int, batch: bool, tmp_path: Path) -> None:
    weights = fresh(depth, batch)
    torch.save(weights, tmp_path / "latest_net_G.pth")
    translator = img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu", precision="fp32").translator
    side = translator.multiple_of
    assert side == 2**depth
    for size in [(side, side), (side, 2 * side), (2 * side, side)]:
        images = torch.rand(1, 3, *size)
        expected = (formula(weights, images * 2 - 1, depth) + 1) / 2
        assert expected.std() > 0.01
        assert (translator(images) - expected).abs().max() < 1e-4


def test_running_statistics_can_be_asked_for(tmp_path: Path) -> None:
    weights = fresh(7, batch=True)
    torch.save(weights, tmp_path / "latest_net_G.pth")
    images = torch.rand(1, 3, 128, 128)
    results = [
        open_checkpoint(tmp_path / "latest_net_G.pth", img2img.PluginHost.discover(), options).translator(images)
        for options in ({}, {"test_statistics": "running"}, {"dropout": 0.5, "test_dropout": True})
    ]
    assert all((results[0] - other).abs().max() > 1e-3 for other in results[1:])


@pytest.mark.parametrize(("channels", "task"), [((1, 3), "edges"), ((1, 2), "colorize")])
def test_the_channels_tell_the_task(channels: tuple[int, int], task: str, tmp_path: Path) -> None:
    torch.save(fresh(7, True, channels), tmp_path / "latest_net_G.pth")
    model = img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu")
    assert f'"task":"{task}"' in model.info.config
    assert (model.translator.channels_in, model.translator.channels_out) == (1, 3)


def test_channels_that_no_task_has_are_refused(tmp_path: Path) -> None:
    torch.save(fresh(7, True, (4, 3)), tmp_path / "latest_net_G.pth")
    with pytest.raises(img2img.ModelFileError, match=r"unet_128.*takes 4 channels and gives 3"):
        img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu")
