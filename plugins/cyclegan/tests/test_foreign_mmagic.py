"""Checkpoints of MMagic: either direction gives what its formula gives, colours in the order of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from img2img_cyclegan.config import CycleGANTraining
from torch import Tensor

import img2img
from img2img.models.foreign import open_checkpoint

from .mmagic import VARIANTS, Reference, Weights, checkpoint

SIZES = [(16, 24), (36, 20), (44, 64)]
ODD = [(17, 23), (30, 41)]


def translator_of(content: Any, folder: Path, part: str = "", **options: Any) -> img2img.Translator:
    torch.save(content, folder / "cyclegan.pth")
    return open_checkpoint(folder / "cyclegan.pth", img2img.PluginHost.discover(), options, part).translator


def far(result: Tensor, expected: Tensor) -> float:
    assert expected.std() > 0.01
    return (result - expected).abs().max().item()


@torch.no_grad()
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_checkpoint_gives_what_the_formula_of_its_network_gives(variant: str, tmp_path: Path) -> None:
    reference = Reference(**VARIANTS[variant])
    translator = translator_of(checkpoint(zebra=reference.weights), tmp_path)
    assert (translator.traits.channels_in, translator.traits.channels_out) == reference.channels
    for size in SIZES:
        images = torch.rand(1, reference.channels[0], *size)
        assert far(translator(images), reference.of_rgb(images)) < 1e-4


@torch.no_grad()
@pytest.mark.parametrize("size", ODD, ids=str)
def test_the_network_does_what_theirs_does_also_on_odd_sizes(size: tuple[int, int], tmp_path: Path) -> None:
    reference = Reference()
    translator = translator_of(checkpoint(zebra=reference.weights), tmp_path)
    images = torch.rand(1, 3, *size) * 2 - 1
    assert far(translator.generator(images), reference(images)) < 1e-4


@torch.no_grad()
@pytest.mark.parametrize(("outer", "inner"), [("", ""), ("module.", ""), ("", "module.")], ids=["plain", "all", "each"])
def test_each_direction_can_be_had_by_the_name_of_its_domain(outer: str, inner: str, tmp_path: Path) -> None:
    """DataParallel wraps all of a model, or the generators together."""
    references = {f"{inner}{domain}": Reference() for domain in ("horse", "zebra")}
    names = checkpoint(**{domain: reference.weights for domain, reference in references.items()})["state_dict"]
    content = {"state_dict": {f"{outer}{name}": tensor for name, tensor in names.items()}}
    images = torch.rand(1, 3, 16, 24)
    with pytest.raises(
        img2img.ModelFileError, match=r"--part NAME`; there are generators\.\S*horse, generators\.\S*zebra$"
    ):
        translator_of(content, tmp_path)
    for domain, reference in references.items():
        translator = translator_of(content, tmp_path, f"generators.{domain}")
        assert far(translator(images), reference.of_rgb(images)) < 1e-4


@torch.no_grad()
def test_the_order_of_channels_is_assumed_to_be_mmagics_and_can_be_given(tmp_path: Path) -> None:
    reference, images = Reference(), torch.rand(1, 3, 16, 24)
    content = checkpoint(b=reference.weights)
    assert far(translator_of(content, tmp_path)(images), reference.of_rgb(images)) < 1e-4
    rgb = (reference(images * 2 - 1) + 1) / 2
    assert far(translator_of(content, tmp_path, channel_order="rgb")(images), rgb) < 1e-4
    assert far(rgb, reference.of_rgb(images)) > 0.01


def test_all_that_is_assumed_is_said(tmp_path: Path) -> None:
    torch.save(checkpoint(zebra=Reference(batch=True).weights), tmp_path / "cyclegan.pth")
    foreign = open_checkpoint(tmp_path / "cyclegan.pth", img2img.PluginHost.discover())
    assert foreign.recognised.what == "resnet_2blocks of MMagic"
    assert set(foreign.recognised.assumed) == {"padding", "test_statistics", "channel_order"}


def test_a_training_sees_rgb() -> None:
    with pytest.raises(img2img.errors.ConfigError, match="channel_order=bgr is for the use of foreign checkpoints"):
        CycleGANTraining.parse({"channel_order": "bgr"})


def affine(weights: Weights) -> Weights:
    return weights | {"model.0.in.weight": torch.ones(4), "model.0.in.bias": torch.zeros(4)}


def doubled(weights: Weights) -> Weights:
    second = {name: tensor.clone() for name, tensor in weights.items() if name.startswith("model.3.block.1.")}
    return weights | {name.replace("block.1.", "block.2."): tensor for name, tensor in second.items()}


def cut(weights: Weights) -> Weights:
    return {name: tensor for name, tensor in weights.items() if not name.startswith("model.5.")}


@pytest.mark.parametrize("change", [affine, doubled, cut])
def test_what_does_not_fit_is_refused(change: Any, tmp_path: Path) -> None:
    with pytest.raises(img2img.ModelFileError, match=r"none of the families|do not fit"):
        translator_of(checkpoint(zebra=change(Reference().weights)), tmp_path)
