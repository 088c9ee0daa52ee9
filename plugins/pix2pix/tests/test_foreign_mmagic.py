"""Checkpoints of MMagic: each U-Net gives what its formula gives, colours in the order of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from img2img_pix2pix.config import Pix2PixTraining
from torch import Tensor

import img2img
from img2img.models.foreign import Foreign, open_checkpoint

from .mmagic import Reference, Weights, prefixed


def opened(weights: Weights, folder: Path, **options: Any) -> Foreign:
    torch.save({"meta": {"iter": 80000}, "state_dict": weights}, folder / "pix2pix.pth")
    return open_checkpoint(folder / "pix2pix.pth", img2img.PluginHost.discover(), options)


def far(result: Tensor, expected: Tensor) -> float:
    assert expected.std() > 0.01
    return (result - expected).abs().max().item()


@torch.no_grad()
@pytest.mark.parametrize("batch", [True, False], ids=["BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("depth", [5, 7, 8])
def test_a_checkpoint_gives_what_the_formula_of_its_network_gives(depth: int, batch: bool, tmp_path: Path) -> None:
    reference = Reference(depth, batch)
    translator = opened(prefixed("generators.photo.", reference.weights), tmp_path).translator
    side = translator.traits.multiple_of
    assert side == 2**depth
    for size in [(side, side), (side, 2 * side), (2 * side, side)]:
        images = torch.rand(1, 3, *size)
        assert far(translator(images), reference.of_rgb(images)) < 1e-4


@torch.no_grad()
@pytest.mark.parametrize(
    "prefix", ["generator.", "module.generator.", "generators.module.photo.", "generators.photo.module."]
)
def test_the_generator_is_found_beside_its_discriminator(prefix: str, tmp_path: Path) -> None:
    reference, images = Reference(5), torch.rand(1, 3, 32, 64)
    judge = {f"{prefix.replace('generator', 'discriminator')}model.0.conv.weight": torch.rand(4, 6, 4, 4)}
    translator = opened(prefixed(prefix, reference.weights) | judge, tmp_path).translator
    assert far(translator(images), reference.of_rgb(images)) < 1e-4


@torch.no_grad()
def test_the_order_of_channels_is_assumed_to_be_mmagics_and_can_be_given(tmp_path: Path) -> None:
    reference, images = Reference(5), torch.rand(1, 3, 32, 32)
    foreign = opened(reference.weights, tmp_path, channel_order="rgb")
    rgb = (reference(images * 2 - 1) + 1) / 2
    assert far(foreign.translator(images), rgb) < 1e-4
    assert far(rgb, reference.of_rgb(images)) > 0.01
    assert foreign.recognised.what == "unet_32 of MMagic"
    assert set(foreign.recognised.assumed) == {"channel_order", "test_statistics", "dropout"}


@torch.no_grad()
def test_grey_in_and_colour_out_are_edges(tmp_path: Path) -> None:
    reference, images = Reference(5, channels=(1, 3)), torch.rand(1, 1, 32, 32)
    assert far(opened(reference.weights, tmp_path).translator(images), reference.of_rgb(images)) < 1e-4


def test_a_training_sees_rgb() -> None:
    with pytest.raises(img2img.errors.ConfigError, match="channel_order=bgr is for the use of foreign checkpoints"):
        Pix2PixTraining.parse({"channel_order": "bgr"})


@pytest.mark.parametrize(
    ("channels", "complaint"),
    [((1, 2), r"unet_32 of MMagic, which .* channel_order=bgr is not"), ((6, 3), r"unet_32 of MMagic that takes 6")],
)
def test_channels_that_no_task_has_are_refused(channels: tuple[int, int], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(img2img.ModelFileError, match=complaint):
        opened(Reference(5, channels=channels).weights, tmp_path)


@pytest.mark.parametrize("name", ["model.model.0.in.weight", "model.model.1.model.1.conv.weight"])
def test_a_tensor_too_many_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(img2img.ModelFileError, match=r"none of the families|do not fit"):
        opened(Reference(5).weights | {name: torch.ones(4)}, tmp_path)
