"""Checkpoints of other scales and channels than usual: opened, or refused by the name of what they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

import img2img
from img2img.errors import ModelFileError

from .formulas import (
    Weights,
    compact,
    compact_weights,
    convolutions,
    fresh,
    leftthomas_weights,
    msrresnet,
    msrresnet_weights,
    names_of_2018,
    renamed,
    rrdb,
    rrdb_weights,
)


def opened(weights: Weights, folder: Path) -> img2img.Translator:
    torch.save(weights, folder / "net_g.pth")
    return img2img.load_model(folder / "net_g.pth", device="cpu", precision="fp32").translator


@pytest.mark.parametrize("scale", [1, 2, 4, 8, 16])
def test_esrgan_of_2018_doubles_as_many_times_as_its_scale_needs(scale: int, tmp_path: Path) -> None:
    weights = rrdb_weights(scale, folds=False)
    translator = opened(renamed(weights, partial(names_of_2018, doublings=scale.bit_length() - 1)), tmp_path)
    assert (translator.traits.scale, translator.traits.multiple_of) == (scale, 1)
    images = torch.rand(1, 3, 7, 5)
    assert (translator(images) - rrdb(weights, images, scale)).abs().max() < 1e-4


def test_a_tile_of_esrgan_of_2018_sees_enough_for_the_same_pixels(tmp_path: Path) -> None:
    translator = opened(renamed(rrdb_weights(2, folds=False), partial(names_of_2018, doublings=1)), tmp_path)
    images, halo = torch.rand(1, 3, 1, 120), translator.traits.halo
    part = translator(images[..., : 20 + halo])[..., :40]
    assert (translator(images)[..., :40] - part).abs().max() < 1e-5


def test_a_scale_that_is_not_to_be_had_is_refused_by_name(tmp_path: Path) -> None:
    weights = renamed(rrdb_weights(32, folds=False), partial(names_of_2018, doublings=5))
    with pytest.raises(ModelFileError, match=r"is a RRDBNet ×32 .*option 'scale'.*got 32"):
        opened(weights, tmp_path)
    weights = compact_weights(4) | fresh(convolutions(**{"body.8": (3 * 25, 8, 3, 3)}))
    with pytest.raises(ModelFileError, match=r"SRVGGNetCompact ×5.*option 'scale'.*got 5"):
        opened(weights, tmp_path)


def opaque(images: Tensor, channels: int) -> Tensor:
    """The images with an alpha that hides nothing, where a network has channels for it."""
    return torch.cat([images, torch.ones_like(images[:, :1])], 1) if channels == 4 else images


@pytest.mark.parametrize("channels", [1, 4], ids=["grey", "RGBA"])
@pytest.mark.parametrize(
    ("make", "formula"),
    [(compact_weights, compact), (msrresnet_weights, msrresnet), (rrdb_weights, rrdb)],
    ids=["compact", "msrresnet", "rrdb"],
)
def test_networks_of_grey_and_of_rgba_give_what_their_formula_gives(
    make: Callable[[int, int], Weights],
    formula: Callable[[Weights, Tensor, int], Tensor],
    channels: int,
    tmp_path: Path,
) -> None:
    weights = make(2, channels)
    translator = opened(weights, tmp_path)
    assert translator.traits.channels_in == translator.traits.channels_out == min(channels, 3)
    images = torch.rand(1, min(channels, 3), 8, 6)
    expected = formula(weights, opaque(images, channels), 2)[:, :3]
    assert (translator(images) - expected).abs().max() < 1e-4


UNEQUAL: dict[str, tuple[Weights, str]] = {
    "compact": (compact_weights(2, 2), r"SRVGGNetCompact ×2 of Real-ESRGAN that takes 2 channels and gives 2"),
    "msrresnet": (
        msrresnet_weights(2) | fresh(convolutions(conv_last=(1, 8, 3, 3))),
        "MSRResNet ×2 of BasicSR or MMagic that takes 3 channels and gives 1",
    ),
    "rrdb": (
        rrdb_weights(4) | fresh(convolutions(conv_first=(8, 1, 3, 3))),
        r"RRDBNet .* that takes 1 channels and gives 3",
    ),
    "leftthomas": (
        leftthomas_weights(4) | fresh(convolutions(**{"block1.0": (8, 1, 9, 9)})),
        "leftthomas' SRGAN that takes 1 channels",
    ),
}


@pytest.mark.parametrize("name", UNEQUAL)
def test_channels_that_no_image_has_are_named(name: str, tmp_path: Path) -> None:
    weights, message = UNEQUAL[name]
    with pytest.raises(ModelFileError, match=message) as error:
        opened(weights, tmp_path)
    assert "damaged" not in str(error.value)
