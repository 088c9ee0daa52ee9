"""Penalties on a discriminator's gradient, against what is known of linear ones."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from img2img.nn.penalties import gradient_penalty


class Linear(nn.Module):
    """D(x) = w · x, whose gradient is w wherever it is taken."""

    def __init__(self, *size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size))

    def forward(self, images: Tensor) -> Tensor:
        return (images * self.weight).flatten(1).sum(1)


@pytest.mark.parametrize("count", [1, 3])
def test_the_penalty_of_a_linear_discriminator_is_that_of_its_weights_norm(count: int) -> None:
    """Over all channels and pixels together, and a mean over the images."""
    network = Linear(3, 4, 5)
    penalty = gradient_penalty(network, torch.rand(count, 3, 4, 5), torch.rand(count, 3, 4, 5))
    norm = network.weight.detach().norm()
    assert penalty.item() == pytest.approx((norm.item() - 1) ** 2, rel=1e-5)
    penalty.backward()
    torch.testing.assert_close(network.weight.grad, 2 * (norm - 1) * network.weight.detach() / norm)


def test_the_penalty_is_taken_between_each_image_and_its_counterpart() -> None:
    seen: list[Tensor] = []

    def discriminator(images: Tensor) -> Tensor:
        seen.append(images.detach())
        return images.flatten(1).sum(1)

    real, fake = torch.rand(40, 3, 4, 4), torch.rand(40, 3, 4, 4) + 2
    gradient_penalty(discriminator, real, fake)
    share = (seen[0] - fake) / (real - fake)
    torch.testing.assert_close(share, share[:, :1, :1, :1].expand_as(share), rtol=0, atol=1e-5)
    shares = share[:, 0, 0, 0]
    assert 0 <= shares.min() < 0.2
    assert 0.8 < shares.max() <= 1
    assert len(shares.unique()) == 40


def test_no_gradient_of_the_penalty_reaches_the_generator() -> None:
    fake = torch.rand(2, 3, 4, 4, requires_grad=True)
    gradient_penalty(Linear(3, 4, 4), torch.rand(2, 3, 4, 4), fake).backward()
    assert fake.grad is None
