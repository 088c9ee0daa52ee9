"""Checkpoints of the authors' PyTorch code and of CUT: each gives what the formula of its network gives."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, instance_norm, pad, relu

import img2img
from img2img.foreign import open_checkpoint

Weights = dict[str, Tensor]
SIZES = [(16, 24), (36, 20), (44, 64)]
ODD = [(17, 23), (30, 41)]
WIDTH = 4


class Reference:
    """The generator as the authors wrote it down: a row of numbered layers, and what each does to images.

    Args:
        downs: `strided` or `blur`.
        ups: `transposed` or `blur`.
        padding: Of the blocks; `zero` is done by the convolutions, without a layer.
        dropout: A layer in each block that does nothing at use.
        batch: BatchNorm, with the statistics of the image, instead of InstanceNorm.
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
    ) -> None:
        self.blocks, self.downs, self.ups, self.padding = blocks, downs, ups, padding
        self.dropout, self.batch, self.channels = dropout, batch, channels
        self.weights: Weights = {}

    def __call__(self, images: Tensor) -> Tensor:
        self.index = 0
        features = self.layer(self.padded(images, 3), self.channels[0], WIDTH, 7)
        for width in (WIDTH, 2 * WIDTH):
            features = self.down(features, width)
        for _ in range(self.blocks):
            features = features + self.block(features)
            self.index += 1
        for width in (4 * WIDTH, 2 * WIDTH):
            features = self.up(features, width)
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
        taps = self.filter(width, [1.0, 3.0, 3.0, 1.0], 4)
        padded = pad(features, (1, 1, 1, 1), "replicate")
        doubled = conv_transpose2d(padded, taps, stride=2, padding=2, groups=width)[:, :, 1:-1, 1:-1]
        return self.layer(doubled, width, width // 2, 3, padding=1)

    def block(self, features: Tensor) -> Tensor:
        width, place, prefix = 4 * WIDTH, 0, f"model.{self.index}.conv_block"
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
    "CUT": {"downs": "blur", "ups": "blur", "blocks": 9},
    "CUT, no_antialias": {"ups": "blur"},
    "CUT, no_antialias_up": {"downs": "blur"},
}


def save(reference: Reference, path: Path) -> Path:
    reference(torch.zeros(1, reference.channels[0], 16, 16))  # which draws the weights
    torch.save(reference.weights, path)
    return path


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_checkpoint_gives_what_the_formula_of_its_network_gives(variant: str, tmp_path: Path) -> None:
    reference = Reference(**VARIANTS[variant])
    path = save(reference, tmp_path / "latest_net_G.pth")
    translator = img2img.load_model(path, device="cpu", precision="fp32").translator
    assert (translator.channels_in, translator.channels_out) == reference.channels
    for size in SIZES:
        images = torch.rand(1, reference.channels[0], *size)
        expected = (reference(images * 2 - 1) + 1) / 2
        assert expected.std() > 0.01
        assert (translator(images) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("variant", ["resnet_6blocks", "zeros", "CUT, no_antialias"])
@pytest.mark.parametrize("size", ODD, ids=str)
def test_the_network_does_what_theirs_does_also_on_odd_sizes(
    variant: str, size: tuple[int, int], tmp_path: Path
) -> None:
    """Their code gives it multiples of 4; on others its result is larger than the image, and ours pads and crops."""
    reference = Reference(**VARIANTS[variant])
    path = save(reference, tmp_path / "latest_net_G.pth")
    model = img2img.load_model(path, device="cpu", precision="fp32")
    images = torch.rand(1, 3, *size) * 2 - 1
    assert (model.translator.generator(images) - reference(images)).abs().max() < 1e-4
    assert model((images + 1) / 2).shape == images.shape


@pytest.mark.parametrize("padding", ["replicate", "reflect"])
def test_the_padding_is_assumed_to_be_reflected_and_can_be_given(padding: str, tmp_path: Path) -> None:
    reference = Reference(padding=padding)
    path = save(reference, tmp_path / "latest_net_G.pth")
    foreign = open_checkpoint(path, img2img.PluginHost.discover(), {"padding": padding})
    images = torch.rand(1, 3, 20, 24)
    expected = (reference(images * 2 - 1) + 1) / 2
    assert (foreign.translator(images) - expected).abs().max() < 1e-4
    assert "padding" in foreign.recognised.assumed
    assumed = img2img.load_model(path, device="cpu", precision="fp32").translator
    assert ((assumed(images) - expected).abs().max() < 1e-4) == (padding == "reflect")


@pytest.mark.parametrize("kinds", [("running_mean", "running_var"), ("running_mean", "num_batches_tracked")])
def test_statistics_that_old_torch_stored_of_instance_norm_are_left_out(kinds: tuple[str, ...], tmp_path: Path) -> None:
    reference = Reference(dropout=True)
    save(reference, tmp_path / "latest_net_G.pth")
    norms = [f"model.{index}" for index in (2, 5, 8, 13, 16)]
    norms += [f"model.{block}.conv_block.{place}" for block, place in itertools.product((10, 11), (2, 7))]
    leftovers = {f"{norm}.{kind}": torch.rand(8) for norm in norms for kind in kinds}
    torch.save(reference.weights | leftovers, tmp_path / "latest_net_G.pth")
    translator = img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu", precision="fp32").translator
    images = torch.rand(1, 3, 16, 24)
    assert (translator(images) - (reference(images * 2 - 1) + 1) / 2).abs().max() < 1e-4


def test_other_filters_than_those_of_cut_are_refused(tmp_path: Path) -> None:
    reference = Reference(downs="blur", ups="blur")
    save(reference, tmp_path / "latest_net_G.pth")
    reference.weights["model.7.filt"].fill_(1 / 9)
    torch.save(reference.weights, tmp_path / "latest_net_G.pth")
    with pytest.raises(img2img.ModelFileError, match="blurs otherwise than CUT does"):
        img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu")
