"""The U-Net: the tensors of the authors' files, and how it normalises and drops once it is trained."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
import torch
from torch import nn

from img2img.models.skeleton import build_skeleton
from img2img.nn.unet import UNetGenerator

MODES = list(itertools.product(["running", "image"], [False, True]))


def tensors(**options: Any) -> dict[str, tuple[int, ...]]:
    state = build_skeleton(lambda: UNetGenerator(**options)).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


@pytest.mark.parametrize(
    ("depth", "norm", "count", "expected"),
    [(7, "batch", 70, 41_828_995), (8, "batch", 82, 54_413_955), (8, "instance", 32, 54_409_603)],
)
def test_the_published_networks_have_their_number_of_tensors_and_parameters(
    depth: int, norm: Any, count: int, expected: int
) -> None:
    network = build_skeleton(lambda: UNetGenerator(depth=depth, norm=norm))
    assert len(network.state_dict()) == count
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize("depth", [7, 8])
def test_its_tensors_are_named_as_in_the_authors_code(depth: int) -> None:
    widths = [64, 128, 256, 512, 512, 512, 512, 512][:depth]
    expected = {"model.model.0.weight": (64, 3), "model.model.3.weight": (128, 3)}
    for level in range(1, depth):
        path = "model.model.1" + ".model.3" * (level - 1) + ".model"
        innermost = level == depth - 1
        expected[f"{path}.1.weight"] = (widths[level], widths[level - 1])
        up = (widths[level] * (1 if innermost else 2), widths[level - 1])
        expected[f"{path}.{3 if innermost else 5}.weight"] = up
    found = {name: shape for name, shape in tensors(depth=depth, norm="batch").items() if len(shape) == 4}
    assert found == {name: (*channels, 4, 4) for name, channels in expected.items()}


def test_neither_the_first_nor_the_innermost_layer_is_normalised() -> None:
    """A single value has no statistics (the authors' erratum)."""
    names = {name.removesuffix(".running_var") for name in tensors(norm="batch") if name.endswith("running_var")}
    inner = "model.model.1" + ".model.3" * 6 + ".model"
    assert f"{inner}.4" in names  # after the innermost enlargement
    assert not any(name.startswith(inner) for name in names - {f"{inner}.4"})
    assert len(names) == 13


@pytest.mark.parametrize(("depth", "count"), [(5, 0), (6, 1), (7, 2), (8, 3)])
def test_the_innermost_decoder_layers_of_512_channels_drop(depth: int, count: int) -> None:
    layers = list(build_skeleton(lambda: UNetGenerator(depth=depth, dropout=0.5)).modules())
    assert sum(isinstance(layer, nn.Dropout) for layer in layers) == count
    assert not any(isinstance(layer, nn.Dropout) for layer in build_skeleton(UNetGenerator).modules())


def test_dropout_adds_no_tensors() -> None:
    assert tensors(dropout=0.5, norm="batch") == tensors(norm="batch")


@pytest.mark.parametrize("size", [(32, 32), (96, 160)], ids=str)
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_multiples_of_a_power_of_two_keep_their_size(size: tuple[int, int], norm: Any) -> None:
    network = UNetGenerator(4, 2, width=4, depth=5, norm=norm)
    result = network(torch.rand(2, 4, *size) * 2 - 1)
    assert result.shape == (2, 2, *size)
    assert result.abs().max() <= 1


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_gradients_are_the_same_with_channels_last(norm: Any, count: int) -> None:
    """As training has them; a network in double precision and contiguous tells what is right."""
    network = UNetGenerator(width=4, depth=5, norm=norm)
    images = torch.rand(count, 3, 32, 64) * 2 - 1
    gradients = []
    for kind in ({"memory_format": torch.channels_last}, {"dtype": torch.float64}):
        twin = copy.deepcopy(network).to(**kind)
        result = twin(images.to(twin.model.model[0].weight.dtype))
        (result * torch.linspace(0, 1, result.numel()).view_as(result)).sum().backward()
        weights = {name: tensor for name, tensor in twin.named_parameters() if name.endswith("weight")}
        gradients.append({name: tensor.grad.double() for name, tensor in weights.items()})
    for name, expected in gradients[1].items():
        assert (gradients[0][name] - expected).norm() < 1e-4 * expected.norm(), name


def trained(**options: Any) -> UNetGenerator:
    """A network in `eval()`, whose running averages are not those of any one image."""
    options = {"width": 4, "depth": 6, "norm": "batch", "dropout": 0.5} | options
    network = UNetGenerator(**options)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.2)
    for _ in range(5):
        network(torch.rand(4, 3, 64, 64) * 2 - 1)
    return network.eval()


@pytest.mark.parametrize(("statistics", "dropout"), MODES)
@torch.no_grad()
def test_a_trained_network_is_deterministic_and_images_do_not_meet(statistics: Any, dropout: bool) -> None:
    network = trained(test_statistics=statistics, test_dropout=dropout).double()
    images = torch.rand(3, 3, 64, 128, dtype=torch.float64) * 2 - 1
    together = network(images)
    assert torch.equal(network(images), together)
    for index in range(3):
        torch.testing.assert_close(network(images[index : index + 1]), together[index : index + 1])


@pytest.mark.parametrize("test_dropout", [False, True])
@torch.no_grad()
def test_image_statistics_are_those_of_training_mode_with_a_batch_of_one(test_dropout: bool) -> None:
    network = trained(dropout=0.0, test_statistics="image", test_dropout=test_dropout)
    in_training = copy.deepcopy(network).train()
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(network(images), in_training(images), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_test_mode_matters_and_training_knows_nothing_of_it() -> None:
    base = trained()
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    evaluated, learning = [], []
    for statistics, dropout in MODES:
        network = UNetGenerator(width=4, depth=6, norm="batch", dropout=0.5,
                                test_statistics=statistics, test_dropout=dropout)  # fmt: skip
        network.load_state_dict(base.state_dict())
        evaluated.append(network.eval()(images))
        torch.manual_seed(1)
        learning.append(network.train()(images))
    for one, other in itertools.combinations(range(4), 2):
        assert (evaluated[one] - evaluated[other]).abs().mean() > 1e-3
        assert torch.equal(learning[one], learning[other])


def test_running_statistics_are_plain_batch_norm() -> None:
    network = trained(test_statistics="running")
    assert {type(module) for module in network.modules() if isinstance(module, nn.BatchNorm2d)} == {nn.BatchNorm2d}


@torch.no_grad()
def test_dropout_that_goes_on_drops_its_share_and_keeps_the_mean() -> None:
    network = trained(test_dropout=True)
    (layer,) = (module for module in network.modules() if isinstance(module, nn.Dropout))
    result = layer(torch.ones(2, 32, 16, 16))
    assert set(result.unique().tolist()) == {0, 2}
    assert result.mean().item() == pytest.approx(1, abs=0.05)
    assert torch.equal(result[0], result[1])
