"""Files of spandrel's architectures, made with random weights, are opened and give what spandrel itself gives."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import img2img

spandrel = pytest.importorskip("spandrel")

SWIN = {"img_size": 64, "depths": [2], "num_heads": [2], "mlp_ratio": 2, "upscale": 2, "upsampler": "pixelshuffle"}
MADE: dict[str, dict[str, Any]] = {
    "ATD": {**SWIN, "embed_dim": 32, "num_tokens": 16},
    "Compact": {"num_feat": 16, "num_conv": 4, "upscale": 2},
    "CRAFT": {"depths": [1], "num_heads": [6], "upscale": 2},
    "DAT": {
        "img_size": 64, "split_size": [8, 32], "depth": [2], "embed_dim": 32, "num_heads": [2], "expansion_factor": 2,
        "upscale": 2,
    },
    "DCTLSA": {"upscale": 2},
    "DITN": {"dim": 12, "ITL_blocks": 1, "SAL_blocks": 1, "upscale": 2},
    "DRCT": {**SWIN, "depths": [6], "embed_dim": 24, "gc": 8},
    "DRUNet": {"in_nc": 4, "out_nc": 3, "nc": [8, 16, 32, 64]},
    "DnCNN": {"nc": 16, "nb": 5},
    "ESRGAN": {"num_filters": 16, "num_blocks": 2, "scale": 4},
    "FDAT": {"embed_dim": 32, "num_groups": 1, "scale": 2},
    "FFTformer": {"dim": 8, "num_blocks": [1, 1, 1], "num_refinement_blocks": 1},
    "GRL": {
        "embed_dim": 24, "upscale": 2, "upsampler": "pixelshuffle", "depths": [2], "num_heads_window": [2],
        "num_heads_stripe": [2],
    },
    "HAT": {**SWIN, "window_size": 16, "embed_dim": 60},
    "HVICIDNet": {},
    "KBNet.KBNet_s": {"width": 16, "middle_blk_num": 1, "enc_blk_nums": [1, 1, 1, 1], "dec_blk_nums": [1, 1, 1, 1]},
    "LaMa": {"in_nc": 4},
    "MMRealSR": {"num_in_ch": 3, "num_out_ch": 3, "num_feat": 16, "num_block": 1},
    "MixDehazeNet": {},
    "MoESR": {"dim": 16, "n_blocks": 1, "n_block": 1, "scale": 2},
    "MoSR": {"n_block": 2, "dim": 16, "upscale": 2},
    "NAFNet": {"width": 8, "enc_blk_nums": [1, 1], "dec_blk_nums": [1, 1]},
    "OmniSR": {"num_feat": 16, "up_scale": 2},
    "PLKSR": {"dim": 16, "n_blocks": 2, "upscaling_factor": 2, "kernel_size": 9},
    "PLKSR.RealPLKSR": {"dim": 16, "n_blocks": 2, "upscaling_factor": 2, "kernel_size": 9},
    "RCAN": {"n_resgroups": 1, "n_resblocks": 2, "n_feats": 16, "scale": 2},
    "RGT": {"embed_dim": 32, "depth": [2], "num_heads": [2], "mlp_ratio": 2.0},
    "RealCUGAN.UpCunet2x": {},
    "RetinexFormer": {"n_feat": 8, "stage": 1},
    "SAFMN": {"dim": 16, "n_blocks": 2, "upscaling_factor": 2},
    "SAFMNBCIE": {"dim": 16, "n_blocks": 1, "num_layers": 1},
    "SCUNet": {"config": [1] * 7},
    "SPAN": {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 16, "upscale": 2},
    "SeemoRe": {"embedding_dim": 36, "scale": 2},
    "SwiftSRGAN": {"num_channels": 16, "num_blocks": 2},
    "Swin2SR": {**SWIN, "window_size": 8, "embed_dim": 12},
    "SwinIR": {**SWIN, "window_size": 8, "embed_dim": 12},
    "Uformer": {"embed_dim": 8, "depths": [1] * 9},
}  # fmt: skip
"""Module of an architecture, with its class where that has another name, to what makes a small network of it."""


def only_spandrel() -> img2img.PluginHost:
    """Leave the families out, which recognise some of these files as theirs."""
    return img2img.PluginHost.discover(limit="spandrel")


def build(name: str) -> Any:
    module, _, kind = name.partition(".")
    torch.manual_seed(0)
    return getattr(import_module(f"spandrel.architectures.{module}"), kind or module)(**MADE[name]).eval()


def save(name: str, path: Path) -> Path:
    weights = build(name).state_dict()
    if path.suffix == ".safetensors":
        save_file({key: tensor.contiguous().clone() for key, tensor in weights.items()}, path)
    else:
        torch.save({"params_ema": weights}, path)
    return path


def picture(height: int, width: int, channels: int) -> Any:
    return np.random.default_rng(0).integers(0, 65536, (height, width, channels), np.uint16, endpoint=False)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("name", MADE)
def test_a_network_gives_what_spandrel_gives(name: str, suffix: str, tmp_path: Path) -> None:
    path = save(name, tmp_path / f"{name}{suffix}")
    model = img2img.load_model(path, device="cpu", precision="fp32", tile=None, host=only_spandrel())
    traits = model.translator.traits
    theirs = spandrel.ModelLoader("cpu").load_from_file(path).eval()
    size = max(64, traits.minimum_size)
    images = torch.rand(1, traits.channels_in, size, size)
    given = [(torch.rand(1, 1, size, size) > 0.5).float()] if traits.conditions else []
    with torch.inference_mode():
        expected = theirs(images.clone(), *given)
    ours = model(images, **({"mask": given[0][0]} if given else {}))
    assert (ours - expected).abs().max() < 1e-4
    assert model.info.family == "spandrel"
    row = (
        theirs.architecture.name, f"×{traits.scale}", f"{traits.channels_in}→{traits.channels_out}",
        traits.multiple_of, traits.minimum_size, traits.tiling, " ".join(traits.precisions),
        f"{float((ours - expected).abs().max()):.1g}",
    )  # fmt: skip
    print("\n|", " | ".join(map(str, row)), "|")


@pytest.mark.parametrize("name", ["ESRGAN", "SwinIR", "SPAN", "NAFNet"])
def test_a_large_picture_is_cut_into_tiles(name: str, tmp_path: Path) -> None:
    path = save(name, tmp_path / "x.pth")
    pixels = picture(150, 130, 3)
    whole, tiled = (
        img2img.load_model(path, device="cpu", tile=tile, host=only_spandrel())(pixels).astype(int) / 65535
        for tile in (None, 64)
    )
    assert 0 < np.abs(whole - tiled).mean() < 0.02 or (whole == tiled).all()


def test_a_file_of_nobody_is_left_to_others(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.zeros(3, 3)}, tmp_path / "x.pth")
    with pytest.raises(img2img.errors.ModelFileError, match="none of the families"):
        img2img.load_model(tmp_path / "x.pth", host=only_spandrel())
