"""The networks' sizes, what they depend on, and how they begin."""

from __future__ import annotations

import pytest
import torch
from img2img_stargan.networks import Discriminator, Generator
from torch import nn

UPSAMPLINGS = ["resize", "transposed"]


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_published_discriminator_has_its_number_of_parameters() -> None:
    """For five classes and images of 128 pixels, as in the paper's section 5.4."""
    with torch.device("meta"):
        assert parameters(Discriminator(5, 128)) == 44_762_048


def test_the_generator_has_the_published_convolutions() -> None:
    """The published one looks at five planes more, and its 2 × 3712 factors are the same for all labels."""
    with torch.device("meta"):
        generator = Generator(5, 64, 6, "transposed")
    weights = [tensor.numel() for tensor in generator.parameters() if tensor.ndim == 4]
    channels = 64 + 128 + 256 + 12 * 256 + 128 + 64
    assert sum(weights) == 8_430_528 - 2 * channels - 5 * 64 * 7 * 7
    assert parameters(generator) == sum(weights) + 2 * 5 * channels


def test_the_label_reaches_the_middle_of_an_image_that_is_much_larger_than_the_network_sees() -> None:
    """As planes beside the image it would not: InstanceNorm takes constants away."""
    generator = Generator(2, 4, 1, "resize").eval()
    first, second = generator(torch.rand(1, 3, 256, 256).expand(2, -1, -1, -1), torch.eye(2))[..., 96:160, 96:160]
    assert (first - second).abs().mean() > 1e-3


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
@pytest.mark.parametrize("size", [(8, 8), (16, 40), (20, 12)], ids=str)
def test_the_output_has_the_size_of_the_input_and_is_in_range(upsampling: str, size: tuple[int, int]) -> None:
    images = Generator(2, 4, 1, upsampling)(torch.randn(2, 3, *size), torch.eye(2))  # type: ignore[arg-type]
    assert images.shape == (2, 3, *size)
    assert images.abs().max() <= 1


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
def test_another_label_gives_another_image(upsampling: str) -> None:
    generator = Generator(3, 8, 1, upsampling)  # type: ignore[arg-type]
    results = generator(torch.rand(1, 3, 16, 16).expand(3, -1, -1, -1), torch.eye(3))
    assert torch.pdist(results.flatten(1)).min() > 0.01


def test_a_residual_generator_corrects_the_image() -> None:
    generator = Generator(2, 4, 1, "resize", residual=True)
    images, label = torch.randn(2, 3, 16, 16), torch.eye(2)
    corrected = generator(images, label)
    generator.residual = False
    torch.testing.assert_close(corrected - images, generator(images, label))


@pytest.mark.parametrize("count", [1, 2])
def test_gradients_do_not_depend_on_the_memory_format(count: int) -> None:
    """Those of PyTorch's InstanceNorm do, for a single image on a CPU."""
    generator = Generator(2, 4, 1, "resize").double()
    images, label = torch.rand(count, 3, 16, 16).double(), torch.eye(2)[:count].double()
    gradients = []
    for layout in (torch.contiguous_format, torch.channels_last):
        generator = generator.to(memory_format=layout)  # type: ignore[call-overload]
        loss = generator(images, label).square().sum()
        gradients.append(torch.autograd.grad(loss, list(generator.parameters())))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_normalisation_is_the_same_in_training_and_in_use() -> None:
    generator = Generator(2, 4, 1, "resize")
    images, label = torch.rand(2, 3, 16, 16), torch.eye(2)
    for _ in range(3):
        trained = generator(images, label)
    assert torch.equal(generator.eval()(images, label), trained)
    assert not list(generator.buffers())


def test_the_discriminator_gives_a_logit_for_each_patch_and_each_class() -> None:
    discriminator = Discriminator(5, crop=32, width=4, layers=3)
    patches, classes = discriminator(torch.rand(2, 3, 32, 32))
    assert patches.shape == (2, 1, 4, 4)
    assert classes.shape == (2, 5)


def test_the_class_depends_on_the_whole_image() -> None:
    images = torch.rand(1, 3, 32, 32, requires_grad=True)
    Discriminator(5, crop=32, width=4, layers=3)(images)[1].sum().backward()
    assert images.grad is not None
    assert (images.grad != 0).all()


def test_the_logits_are_not_squashed() -> None:
    discriminator = Discriminator(2, crop=16, width=4, layers=2)
    patches, classes = discriminator(1000 * torch.rand(2, 3, 16, 16))
    assert patches.abs().max() > 2
    assert classes.abs().max() > 2
