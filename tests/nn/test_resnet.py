"""The residual generator: the tensors of the authors' files, the sizes it takes, and what its images see."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv_transpose2d, pad

from img2img.models.skeleton import build_skeleton
from img2img.nn.resnet import ResNetGenerator

Shapes = dict[str, tuple[int, ...]]

WAYS = list(itertools.product(["strided", "blur"], ["transposed", "resize", "blur"]))


def tensors(**options: Any) -> Shapes:
    state = build_skeleton(lambda: ResNetGenerator(**options)).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def parameters(**options: Any) -> int:
    return sum(tensor.numel() for tensor in build_skeleton(lambda: ResNetGenerator(**options)).parameters())


def with_biases(weights: Shapes, transposed: tuple[str, ...] = ()) -> Shapes:
    named = {f"{name}.weight": shape for name, shape in weights.items()}
    return named | {f"{name}.bias": (shape[1 if name in transposed else 0],) for name, shape in weights.items()}


def residual(first: int, blocks: int) -> Shapes:
    places = itertools.product(range(first, first + blocks), (1, 5))
    return {f"model.{block}.conv_block.{place}": (256, 256, 3, 3) for block, place in places}


def small(**options: Any) -> ResNetGenerator:
    return ResNetGenerator(**{"width": 4, "blocks": 1} | options)


@pytest.mark.parametrize(("blocks", "count", "expected"), [(9, 48, 11_378_179), (6, 36, 7_837_699)])
def test_it_has_the_tensors_of_the_authors_files(blocks: int, count: int, expected: int) -> None:
    after = 10 + blocks
    weights: Shapes = {"model.1": (64, 3, 7, 7), "model.4": (128, 64, 3, 3), "model.7": (256, 128, 3, 3)}
    weights |= residual(10, blocks)
    weights |= {f"model.{after}": (256, 128, 3, 3), f"model.{after + 3}": (128, 64, 3, 3)}
    weights |= {f"model.{after + 7}": (3, 64, 7, 7)}
    named = with_biases(weights, transposed=(f"model.{after}", f"model.{after + 3}"))
    assert len(named) == count
    assert tensors(blocks=blocks) == named
    assert parameters(blocks=blocks) == expected


def test_with_blur_it_has_the_tensors_of_cut_but_for_their_constant_filters() -> None:
    weights: Shapes = {"model.1": (64, 3, 7, 7), "model.4": (128, 64, 3, 3), "model.8": (256, 128, 3, 3)}
    weights |= residual(12, 9)
    weights |= {"model.22": (128, 256, 3, 3), "model.26": (64, 128, 3, 3), "model.30": (3, 64, 7, 7)}
    assert tensors(downsampling="blur", upsampling="blur") == with_biases(weights)
    assert parameters(downsampling="blur", upsampling="blur") == 11_378_179


def test_with_batch_norm_only_the_last_convolution_has_a_bias() -> None:
    """140 tensors; those of the norms beside the convolutions, as in the authors' files."""
    named = tensors(norm="batch")
    assert len(named) == 140
    convolutions = [name.removesuffix(".weight") for name, shape in named.items() if len(shape) == 4]
    assert [name for name in convolutions if f"{name}.bias" in named] == ["model.26"]
    norm = {name.removeprefix("model.2.") for name in named if name.startswith("model.2.")}
    assert norm == {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


@pytest.mark.parametrize(("downsampling", "upsampling"), WAYS)
@pytest.mark.parametrize("size", [(8, 8), (12, 20), (36, 28)], ids=str)
def test_multiples_of_4_keep_their_size_and_stay_in_range(
    downsampling: str, upsampling: str, size: tuple[int, int]
) -> None:
    network = small(channels_out=2, downsampling=downsampling, upsampling=upsampling)
    result = network(torch.rand(2, 3, *size) * 2 - 1)
    assert result.shape == (2, 2, *size)
    assert result.abs().max() <= 1


@pytest.mark.parametrize("norm", ["instance", "none"])
@pytest.mark.parametrize(("downsampling", "upsampling"), WAYS)
def test_images_of_a_batch_do_not_meet(norm: Any, downsampling: str, upsampling: str) -> None:
    network = small(norm=norm, downsampling=downsampling, upsampling=upsampling).double()
    images = torch.rand(3, 3, 12, 16, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(network(images)[1:2], network(images[1:2]))


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("downsampling", "upsampling"), WAYS)
def test_gradients_are_the_same_with_channels_last(downsampling: str, upsampling: str, count: int) -> None:
    """As training has them; a network in double precision and contiguous tells what is right."""
    network = small(downsampling=downsampling, upsampling=upsampling)
    images = torch.rand(count, 3, 16, 24) * 2 - 1
    gradients = []
    for kind in ({"memory_format": torch.channels_last}, {"dtype": torch.float64}):
        twin = copy.deepcopy(network).to(**kind)
        result = twin(images.to(twin.model[1].weight.dtype))
        (result * torch.linspace(0, 1, result.numel()).view_as(result)).sum().backward()
        weights = {name: tensor for name, tensor in twin.named_parameters() if name.endswith("weight")}
        gradients.append({name: tensor.grad.double() for name, tensor in weights.items()})
    for name, expected in gradients[1].items():
        assert (gradients[0][name] - expected).norm() < 1e-4 * expected.norm(), name


def test_what_a_block_makes_is_added_to_what_came_in() -> None:
    block = small().model[10]
    features = torch.rand(1, 16, 8, 8)
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    assert torch.equal(block(features), features)


def cut_enlarged(features: Tensor) -> Tensor:
    """CUT's `Upsample`: a transposed convolution by [1, 3, 3, 1] with repeated borders."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    kernel = torch.outer(taps, taps).expand(features.shape[1], 1, 4, 4)
    enlarged = conv_transpose2d(
        pad(features, (1, 1, 1, 1), mode="replicate"), kernel, stride=2, padding=2, groups=features.shape[1]
    )
    return enlarged[:, :, 1:-1, 1:-1]


@pytest.mark.parametrize("size", [(2, 2), (5, 8)], ids=str)
def test_bilinear_enlargement_is_that_of_cut(size: tuple[int, int]) -> None:
    network = build_skeleton(lambda: ResNetGenerator(downsampling="blur", upsampling="blur"))
    features = torch.rand(2, 256, *size)
    torch.testing.assert_close(network.model[21](features), cut_enlarged(features))


def test_a_residual_network_adds_its_result_to_the_image() -> None:
    network, images = small(residual=True), torch.rand(1, 3, 12, 16)
    torch.testing.assert_close(network(images) - images, network.model(images))
    assert tensors() == tensors(residual=True)


def test_enlargement_by_resize_starts_without_a_lattice() -> None:
    features = torch.rand(1, 3, 4, 4)
    enlarge = next(layer for layer in small(upsampling="resize").model if isinstance(layer, torch.nn.Upsample))
    assert torch.equal(enlarge(features), features.repeat_interleave(2, 2).repeat_interleave(2, 3))
