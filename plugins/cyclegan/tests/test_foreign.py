"""Checkpoints of the authors' PyTorch code and of CUT: each gives what the formula of its network gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import img2img
from img2img.models.foreign import open_checkpoint

from .formulas import VARIANTS, Reference

SIZES = [(16, 24), (36, 20), (44, 64)]
ODD = [(17, 23), (30, 41)]


def save(reference: Reference, path: Path) -> Path:
    torch.save(reference.weights, path)
    return path


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_checkpoint_gives_what_the_formula_of_its_network_gives(variant: str, tmp_path: Path) -> None:
    reference = Reference(**VARIANTS[variant])
    path = save(reference, tmp_path / "latest_net_G.pth")
    translator = img2img.load_model(path, device="cpu", precision="fp32").translator
    assert (translator.traits.channels_in, translator.traits.channels_out) == reference.channels
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
    torch.save(reference.with_statistics(kinds), tmp_path / "latest_net_G.pth")
    translator = img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu", precision="fp32").translator
    images = torch.rand(1, 3, 16, 24)
    assert (translator(images) - (reference(images * 2 - 1) + 1) / 2).abs().max() < 1e-4


def test_other_filters_than_those_of_cut_are_refused(tmp_path: Path) -> None:
    reference = Reference(downs="blur", ups="blur")
    reference.weights["model.7.filt"].fill_(1 / 9)
    save(reference, tmp_path / "latest_net_G.pth")
    with pytest.raises(img2img.ModelFileError, match="blurs otherwise than CUT does"):
        img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu")


@pytest.mark.parametrize("size", [(32, 48), (64, 32)], ids=str)
def test_the_global_generator_of_pix2pixhd_gives_what_its_formula_gives(size: tuple[int, int], tmp_path: Path) -> None:
    reference = Reference(halvings=4)
    path = save(reference, tmp_path / "latest_net_G.pth")
    model = img2img.load_model(path, device="cpu", precision="fp32")
    assert "resnet_2blocks of pix2pixHD" in model.info.created_with
    assert model.translator.traits.multiple_of == 16
    images = torch.rand(1, 3, *size)
    assert (model.translator(images) - (reference(images * 2 - 1) + 1) / 2).abs().max() < 1e-4
    assert model(torch.rand(1, 3, 7, 50)).shape == (1, 3, 7, 50)


OTHERS_OF_PIX2PIXHD = {
    "of labels and edges": (lambda: Reference(halvings=4, channels=(36, 3)).weights, "takes 36 channels: a plane for"),
    "with BatchNorm": (lambda: Reference(halvings=4, batch=True).weights, "of pix2pixHD with BatchNorm"),
    "with a local enhancer": (
        lambda: (
            Reference(halvings=4).weights
            | {"model1_1.1.weight": torch.rand(4, 3, 7, 7), "model1_2.0.conv_block.1.weight": torch.rand(4, 4, 3, 3)}
        ),
        r"of pix2pixHD with a local enhancer \(--netG local\)",
    ),
}


@pytest.mark.parametrize("what", OTHERS_OF_PIX2PIXHD)
def test_other_generators_of_pix2pixhd_are_named(what: str, tmp_path: Path) -> None:
    weights, message = OTHERS_OF_PIX2PIXHD[what]
    torch.save(weights(), tmp_path / "latest_net_G.pth")
    with pytest.raises(img2img.ModelFileError, match=message) as error:
        img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu")
    assert "damaged" not in str(error.value)
