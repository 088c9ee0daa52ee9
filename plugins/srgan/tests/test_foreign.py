"""Checkpoints of other codes: each is opened, and gives what the formula of its network gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import img2img

from .formulas import (
    FORMATS,
    in_mmagic,
    msrresnet,
    msrresnet_weights,
    names_of_2018,
    names_of_2019,
    renamed,
    rrdb,
    rrdb_weights,
)

SIZES = [(8, 12), (20, 4), (16, 28)]
ODD = [(7, 11), (13, 5), (1, 9)]


EACH = [(name, scale) for name, (_, _, scales) in FORMATS.items() for scale in scales]


@pytest.mark.parametrize(("name", "scale"), EACH)
def test_a_checkpoint_gives_what_the_formula_of_its_network_gives(name: str, scale: int, tmp_path: Path) -> None:
    make, formula, _ = FORMATS[name]
    weights = make(scale)
    torch.save(weights, tmp_path / "net_g.pth")
    translator = img2img.load_model(tmp_path / "net_g.pth", device="cpu", precision="fp32").translator
    assert translator.traits.scale == scale
    for size in SIZES if translator.traits.multiple_of > 1 else ODD:
        images = torch.rand(2, 3, *size)
        expected = formula(weights, images, scale)
        assert expected.std() > 0.01
        assert (translator(images) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("scale", [1, 2])
def test_a_size_that_rrdbnet_does_not_take_is_padded_by_reflection_as_realesrgan_does(
    scale: int, tmp_path: Path
) -> None:
    weights = rrdb_weights(scale)
    torch.save({"params_ema": weights}, tmp_path / "net_g.pth")
    images = torch.rand(1, 3, 9, 11)
    bottom, right = -9 % (4 // scale), -11 % (4 // scale)
    padded = torch.nn.functional.pad(images, (0, right, 0, bottom), "reflect")
    expected = rrdb(weights, padded, scale)[..., : 9 * scale, : 11 * scale]
    model = img2img.load_model(tmp_path / "net_g.pth", device="cpu", precision="fp32")
    assert (model(images) - expected.clamp(0, 1)).abs().max() < 1e-4


@pytest.mark.parametrize("rename", [names_of_2019, names_of_2018])
@pytest.mark.parametrize("scale", [2, 4])
def test_the_old_names_of_esrgan_are_understood(rename: Callable[[str], str], scale: int, tmp_path: Path) -> None:
    weights = rrdb_weights(scale)
    torch.save(renamed(weights, rename), tmp_path / "RRDB_ESRGAN.pth")
    translator = img2img.load_model(tmp_path / "RRDB_ESRGAN.pth", device="cpu", precision="fp32").translator
    images = torch.rand(1, 3, 8, 12)
    assert (translator(images) - rrdb(weights, images, scale)).abs().max() < 1e-4


def test_the_names_of_mmagic_are_understood(tmp_path: Path) -> None:
    weights = msrresnet_weights(4)
    torch.save(in_mmagic(weights), tmp_path / "iter_3.pth")
    translator = img2img.load_model(tmp_path / "iter_3.pth", device="cpu", precision="fp32").translator
    images = torch.rand(1, 3, 7, 9)
    assert (translator(images) - msrresnet(weights, images, 4)).abs().max() < 1e-4
