"""ONNX files that take only one number of images at once, or only one size."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

import img2img


class Local(nn.Module):
    """Enlarges twice, looks 4 pixels far, and works at half the size in between."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.middle = nn.Conv2d(8, 12, 3, padding=1)
        self.up = nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1)
        self.slope = nn.PReLU(4)
        self.last = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        features = nn.functional.pixel_shuffle(self.middle(self.norm(self.first(images)).relu()), 2) + images
        detail = self.last(self.slope(self.up(features)))
        return (detail + interpolate(images, scale_factor=2.0, mode="bilinear")).sigmoid()


@pytest.fixture(scope="module")
def network() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Local().eval()


def exported(network: nn.Module, path: Path, shape: tuple[int, ...], dynamic: tuple[int, ...]) -> Path:
    """Export as others do, with fixed numbers for all axes but those."""
    buffer, names = io.BytesIO(), {axis: f"axis{axis}" for axis in dynamic}
    torch.onnx.export(
        network, (torch.zeros(shape),), buffer, input_names=["x"], output_names=["y"],
        dynamic_axes={"x": names, "y": names} if dynamic else None, dynamo=False, opset_version=17,
    )  # fmt: skip
    path.write_bytes(buffer.getvalue())
    return path


def close(found: Tensor, expected: Tensor) -> bool:
    return found.shape == expected.shape and bool((found - expected).abs().max() < 1e-4)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_fixed_number_of_images_is_run_in_turn(
    batch: int, network: nn.Module, tmp_path: Path, host: img2img.PluginHost
) -> None:
    path = exported(network, tmp_path / "x.onnx", (batch, 3, 32, 32), (2, 3))
    model = img2img.load_model(path, device="cpu", precision="fp32", host=host)
    images = torch.rand(5, 3, 70, 66)
    assert close(model(images), network(images))


@pytest.mark.parametrize("batch", [(), (0,)], ids=["and one image", "and any number"])
@pytest.mark.parametrize("size", [(64, 64), (48, 80)], ids=str)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_fixed_size_is_tiled_without_a_seam(
    size: tuple[int, int], batch: tuple[int, ...], network: nn.Module, tmp_path: Path, host: img2img.PluginHost
) -> None:
    path = exported(network, tmp_path / "x.onnx", (1, 3, *size), batch)
    model = img2img.load_model(path, device="cpu", precision="fp32", host=host)
    traits = model.translator.traits
    assert (traits.scale, traits.tiling, traits.multiple_of) == (2, "exact", 2)
    assert 4 <= traits.halo <= 16
    images = torch.rand(2, 3, 150, 202)
    inside = slice(32, -32)  # at its borders an image is padded by reflection to whole windows
    assert close(model(images)[..., inside, inside], network(images)[..., inside, inside])
    assert model(images).shape == (2, 3, 300, 404)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_an_image_of_the_fixed_size_gives_what_the_file_gives(
    network: nn.Module, tmp_path: Path, host: img2img.PluginHost
) -> None:
    path = exported(network, tmp_path / "x.onnx", (1, 3, 64, 48), ())
    model = img2img.load_model(path, device="cpu", precision="fp32", host=host)
    images = torch.rand(1, 3, 64, 48)
    assert close(model(images), network(images))
    small = model(np.zeros((5, 3, 3), np.uint8))
    assert small.shape == (10, 6, 3)
