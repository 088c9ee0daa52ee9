"""Normalisation, anti-aliased reduction, initialisation, and networks that hold still."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from img2img.nn.blocks import BlurPool, frozen, initialise, normalisation

FORMATS = [torch.contiguous_format, torch.channels_last]


def test_instance_norm_standardises_each_image_by_itself_and_learns_nothing() -> None:
    norm = normalisation("instance", 3)
    images = torch.randn(2, 3, 16, 16) * torch.tensor([0.5, 9.0]).view(2, 1, 1, 1) + 7
    result = norm(images)
    torch.testing.assert_close(result.mean((2, 3)), torch.zeros(2, 3), rtol=0, atol=1e-5)
    torch.testing.assert_close(result.var((2, 3), correction=0), torch.ones(2, 3), rtol=0, atol=1e-3)
    assert not norm.state_dict()
    torch.testing.assert_close(norm.eval()(images), result)


def standardised(images: Tensor) -> Tensor:
    """InstanceNorm written out."""
    variance = images.var((2, 3), correction=0, keepdim=True)
    return (images - images.mean((2, 3), keepdim=True)) / (variance + 1e-5).sqrt()


@pytest.mark.parametrize("arriving", FORMATS)
@pytest.mark.parametrize("given", FORMATS)
@pytest.mark.parametrize("count", [1, 2])
def test_the_gradient_of_instance_norm_is_right_in_any_memory_format(
    count: int, given: torch.memory_format, arriving: torch.memory_format
) -> None:
    """Torch's own is not, on the CPU, for one image and a gradient whose channels come last."""
    images, weights = torch.randn(count, 16, 6, 4), torch.rand(count, 16, 6, 4)
    gradients = []
    for function in (normalisation("instance", 16), standardised):
        leaf = images.clone(memory_format=given).requires_grad_()
        function(leaf).backward(weights.clone(memory_format=arriving))
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("given", FORMATS)
def test_a_single_image_leaves_instance_norm_in_its_memory_format(given: torch.memory_format) -> None:
    """Copying there and back takes longer than the norm."""
    assert normalisation("instance", 16)(torch.randn(1, 16, 6, 4).contiguous(memory_format=given)).is_contiguous(
        memory_format=given
    )


def test_an_image_is_normalised_alone_as_it_is_in_a_batch() -> None:
    norm, images = normalisation("instance", 16), torch.randn(3, 16, 6, 4)
    torch.testing.assert_close(norm(images), torch.cat([norm(image[None]) for image in images]))


def test_batch_norm_learns_and_no_norm_is_nothing() -> None:
    assert isinstance(normalisation("batch", 5), nn.BatchNorm2d)
    images = torch.rand(1, 5, 4, 4)
    assert normalisation("none", 5)(images) is images


def test_weights_are_drawn_as_the_authors_do() -> None:
    network = nn.Sequential(
        nn.Conv2d(16, 64, 3), nn.ConvTranspose2d(64, 32, 3), nn.BatchNorm2d(4096), nn.Conv2d(3, 4, 1)
    )
    initialise(network)
    for convolution in network[:2]:  # type: ignore[attr-defined]
        assert convolution.weight.mean().item() == pytest.approx(0, abs=1e-3)
        assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert not convolution.bias.any()
    assert network[2].weight.mean().item() == pytest.approx(1, abs=2e-3)
    assert network[2].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert not network[2].bias.any()


def test_a_frozen_network_passes_gradients_on_and_keeps_none() -> None:
    network, images = nn.Conv2d(3, 1, 3), torch.rand(1, 3, 8, 8, requires_grad=True)
    with frozen(network):
        network(images).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert network.weight.grad is None


def test_networks_thaw_also_after_an_error() -> None:
    networks = nn.Conv2d(3, 1, 3), nn.Linear(2, 2)
    with pytest.raises(RuntimeError, match="size"), frozen(*networks):
        raise RuntimeError("size")
    assert all(parameter.requires_grad for network in networks for parameter in network.parameters())


@pytest.mark.parametrize("size", [(4, 4), (6, 10), (7, 5)], ids=str)
def test_blur_pool_is_a_weighted_mean_of_nine_pixels_around_every_second_one(size: tuple[int, int]) -> None:
    features = torch.rand(2, 3, *size)
    around = pad(features, (1, 1, 1, 1), mode="reflect")
    expected = torch.zeros_like(features)
    for y, down in enumerate((1, 2, 1)):
        for x, across in enumerate((1, 2, 1)):
            expected += around[..., y : y + size[0], x : x + size[1]] * down * across / 16
    torch.testing.assert_close(BlurPool(3)(features), expected[..., ::2, ::2])


def test_blur_pool_takes_away_what_strides_would_alias() -> None:
    stripes = torch.tensor([0.0, 1.0]).repeat(8).expand(1, 1, 16, 16)
    assert BlurPool(1)(stripes).std() < 1e-6
    assert BlurPool(1)(stripes).mean().item() == pytest.approx(0.5)


def test_the_blur_is_no_weight_of_the_network() -> None:
    assert not BlurPool(8).state_dict()
