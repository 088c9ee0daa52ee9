"""Discriminators of patches and of pixels: their tensors, and how far a logit looks."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from img2img.models.skeleton import build_skeleton
from img2img.nn.patchgan import PatchGAN, PixelGAN


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: PatchGAN(), 2_764_737),
        (lambda: PatchGAN(6, norm="batch"), 2_768_705),
        (lambda: PixelGAN(norm="batch"), 8_832),
    ],
    ids=["patch, instance", "patch of pairs, batch", "pixel, batch"],
)
def test_the_published_networks_have_their_number_of_parameters(build: Callable[[], nn.Module], expected: int) -> None:
    assert sum(parameter.numel() for parameter in build_skeleton(build).parameters()) == expected


def test_its_tensors_are_named_as_in_the_authors_code() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in build_skeleton(PatchGAN).state_dict().items()}
    places = {0: (64, 3), 2: (128, 64), 5: (256, 128), 8: (512, 256), 11: (1, 512)}
    expected = {f"model.{place}.weight": (*channels, 4, 4) for place, channels in places.items()}
    assert shapes == expected | {f"model.{place}.bias": channels[:1] for place, channels in places.items()}


def test_pixel_tensors_are_named_as_in_the_authors_code() -> None:
    names = {name for name in PixelGAN(width=4).state_dict() if name.endswith("weight")}
    assert names == {"net.0.weight", "net.2.weight", "net.5.weight"}


def test_256_pixels_give_30_by_30_logits() -> None:
    assert build_skeleton(PatchGAN)(torch.empty(2, 3, 256, 256, device="meta")).shape == (2, 1, 30, 30)


def reach(network: nn.Module, size: int) -> tuple[int, int]:
    """Height and width of what the middle logit changes with."""
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.01)
    images = torch.rand(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    logits = network.double()(images)
    (gradient,) = torch.autograd.grad(logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2], images)
    rows, columns = gradient[0, 0].nonzero(as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize(("layers", "patch"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_logit_sees_the_published_patch(layers: int, patch: int) -> None:
    """16, 70 and 286 pixels in the paper's table 4."""
    assert reach(PatchGAN(width=2, layers=layers, norm="none"), 2 * patch) == (patch, patch)


def test_a_logit_of_pixels_sees_its_own_pixel() -> None:
    assert reach(PixelGAN(width=2, norm="none"), 9) == (1, 1)


@pytest.mark.parametrize("norm", ["instance", "none"])
@pytest.mark.parametrize("kind", [PatchGAN, PixelGAN])
def test_images_of_a_batch_do_not_meet(kind: type[PatchGAN | PixelGAN], norm: str) -> None:
    """What lets real and past images be judged in one pass."""
    network = kind(width=4, norm=norm).double()
    images = torch.rand(3, 3, 32, 32, dtype=torch.float64)
    torch.testing.assert_close(network(images)[1:2], network(images[1:2]))


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", [PatchGAN, PixelGAN])
def test_gradients_are_the_same_with_channels_last(kind: type[PatchGAN | PixelGAN], count: int) -> None:
    """As training has them; a network in double precision and contiguous tells what is right."""
    network = kind(width=4)
    first = "model.0" if kind is PatchGAN else "net.0"
    images = torch.rand(count, 3, 32, 40) * 2 - 1
    gradients = []
    for form in ({"memory_format": torch.channels_last}, {"dtype": torch.float64}):
        twin = copy.deepcopy(network).to(**form)
        result = twin(images.to(twin.get_submodule(first).weight.dtype))
        (result * torch.linspace(0, 1, result.numel()).view_as(result)).sum().backward()
        weights = {name: tensor for name, tensor in twin.named_parameters() if name.endswith("weight")}
        gradients.append({name: tensor.grad.double() for name, tensor in weights.items()})
    for name, expected in gradients[1].items():
        assert (gradients[0][name] - expected).norm() < 1e-4 * expected.norm(), name


@pytest.mark.parametrize(("kind", "layers"), [("pixel", 3), ("patch", 1), ("patch", 3), ("patch", 5)])
def test_the_smallest_crop_that_the_families_allow_can_be_learnt_from(kind: str, layers: int) -> None:
    network = PixelGAN(width=4) if kind == "pixel" else PatchGAN(width=4, layers=layers)
    side = 2 if kind == "pixel" else 4 * 2**layers
    logits = network(torch.rand(1, 3, side, side))
    logits.square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    assert any(parameter.grad.any() for parameter in network.parameters())


def test_logits_are_not_squashed() -> None:
    network = PatchGAN(width=4)
    nn.init.constant_(network.model[-1].bias, -7)
    assert network(torch.rand(1, 3, 32, 32)).max() < -5
