"""Files of spandrel's architectures, made with random weights, are opened and give what spandrel itself gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import img2img

spandrel = pytest.importorskip("spandrel")
archs = pytest.importorskip("spandrel.architectures")

from spandrel.architectures import (  # noqa: E402
    DAT,
    ESRGAN,
    HAT,
    PLKSR,
    SAFMN,
    SPAN,
    Compact,
    DnCNN,
    DRUNet,
    LaMa,
    MoSR,
    NAFNet,
    OmniSR,
    RealCUGAN,
    SCUNet,
    SwinIR,
)

MADE: dict[str, Callable[[], Any]] = {
    "ESRGAN": lambda: ESRGAN.ESRGAN(num_filters=16, num_blocks=2, scale=4),
    "Compact": lambda: Compact.SRVGGNetCompact(num_feat=16, num_conv=4, upscale=2),
    "SwinIR": lambda: SwinIR.SwinIR(
        img_size=64, window_size=8, depths=[2], embed_dim=12, num_heads=[2], mlp_ratio=2, upscale=2,
        upsampler="pixelshuffle",
    ),
    "HAT": lambda: HAT.HAT(
        img_size=64, window_size=16, depths=[2], embed_dim=12, num_heads=[2], mlp_ratio=2, upscale=2,
        upsampler="pixelshuffle",
    ),
    "DAT": lambda: DAT.DAT(
        img_size=64, split_size=[8, 32], depth=[2], embed_dim=12, num_heads=[2], expansion_factor=2, upscale=2,
    ),
    "OmniSR": lambda: OmniSR.OmniSR(num_feat=16, res_num=1, up_scale=2),
    "SPAN": lambda: SPAN.SPAN(num_in_ch=3, num_out_ch=3, feature_channels=16, upscale=2),
    "PLKSR": lambda: PLKSR.PLKSR(dim=16, n_blocks=2, upscaling_factor=2, kernel_size=9),
    "NAFNet": lambda: NAFNet.NAFNet(width=8, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1]),
    "SCUNet": lambda: SCUNet.SCUNet(config=[1] * 7, dim=32),
    "DnCNN": lambda: DnCNN.DnCNN(nc=16, nb=5),
    "DRUNet": lambda: DRUNet.DRUNet(nc=[8, 16, 32, 64], nb=1),
    "SAFMN": lambda: SAFMN.SAFMN(dim=16, n_blocks=2, upscaling_factor=2),
    "RealCUGAN": lambda: RealCUGAN.UpCunet2x(),
    "MoSR": lambda: MoSR.MoSR(n_block=2, dim=16, upscale=2),
    "LaMa": lambda: LaMa.LaMa(),
}  # fmt: skip
"""Name to a small network of each architecture."""


def build(name: str) -> Any:
    torch.manual_seed(0)
    return MADE[name]().eval()


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
    model = img2img.load_model(path, device="cpu", precision="fp32", tile=None)
    traits = model.translator.traits
    theirs = spandrel.ModelLoader("cpu").load_from_file(path)
    size = max(64, traits.minimum_size)
    images = torch.rand(1, traits.channels_in, size, size)
    given = [(torch.rand(1, 1, size, size) > 0.5).float()] if traits.conditions else []
    with torch.inference_mode():
        expected = theirs(images, *given)
    ours = model(images, **({"mask": given[0][0]} if given else {}))
    assert (ours - expected).abs().max() < 1e-5
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
        img2img.load_model(path, device="cpu", tile=tile)(pixels).astype(int) / 65535 for tile in (None, 64)
    )
    assert 0 < np.abs(whole - tiled).mean() < 0.02 or (whole == tiled).all()


def test_a_file_of_nobody_is_left_to_others(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.zeros(3, 3)}, tmp_path / "x.pth")
    with pytest.raises(img2img.errors.ModelFileError, match="none of the families"):
        img2img.load_model(tmp_path / "x.pth")
