"""Checkpoints of the authors' PyTorch code: each U-Net is opened, and gives what its formula gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import img2img
from img2img.models.foreign import open_checkpoint

from .formulas import formula, fresh


@pytest.mark.parametrize("batch", [True, False], ids=["BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("depth", [7, 8])
def test_a_checkpoint_gives_what_the_formula_of_its_network_gives(depth: int, batch: bool, tmp_path: Path) -> None:
    weights = fresh(depth, batch)
    torch.save(weights, tmp_path / "latest_net_G.pth")
    translator = img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu", precision="fp32").translator
    side = translator.traits.multiple_of
    assert side == 2**depth
    for size in [(side, side), (side, 2 * side), (2 * side, side)]:
        images = torch.rand(1, 3, *size)
        expected = (formula(weights, images * 2 - 1, depth) + 1) / 2
        assert expected.std() > 0.01
        assert (translator(images) - expected).abs().max() < 1e-4


def test_statistics_that_old_torch_stored_of_instance_norm_are_left_out(tmp_path: Path) -> None:
    weights = fresh(7, batch=False, statistics=True)
    torch.save(weights, tmp_path / "latest_net_G.pth")
    translator = img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu", precision="fp32").translator
    images = torch.rand(1, 3, 128, 128)
    assert (translator(images) - (formula(weights, images * 2 - 1, 7) + 1) / 2).abs().max() < 1e-4


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
    assert (model.translator.traits.channels_in, model.translator.traits.channels_out) == (1, 3)


def test_channels_that_no_task_has_are_refused(tmp_path: Path) -> None:
    torch.save(fresh(7, True, (4, 3)), tmp_path / "latest_net_G.pth")
    with pytest.raises(img2img.ModelFileError, match=r"unet_128.*takes 4 channels and gives 3"):
        img2img.load_model(tmp_path / "latest_net_G.pth", device="cpu")
