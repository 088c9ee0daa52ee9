"""Adversarial objectives against their formulas, written out in Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from img2img.nn.losses import discriminator_loss, generator_loss, gradient_penalty

REAL = [[-3.0, 0.5], [1.0, 4.0]]
FAKE = [[-2.0, -0.25], [0.75, 5.0]]


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


GENERATOR: dict[str, Callable[[float], float]] = {
    "vanilla": lambda fake: -math.log(sigmoid(fake)),
    "lsgan": lambda fake: (fake - 1) ** 2,
    "hinge": lambda fake: -fake,
    "wgan": lambda fake: -fake,
}
DISCRIMINATOR: dict[str, Callable[[float, float], float]] = {
    "vanilla": lambda real, fake: -math.log(sigmoid(real)) - math.log(1 - sigmoid(fake)),
    "lsgan": lambda real, fake: (real - 1) ** 2 + fake**2,
    "hinge": lambda real, fake: max(0, 1 - real) + max(0, 1 + fake),
    "wgan": lambda real, fake: fake - real,
}


def mean(function: Callable[..., float], *logits: list[list[float]]) -> float:
    values = [function(*several) for several in zip(*(chain.from_iterable(rows) for rows in logits), strict=True)]
    return sum(values) / len(values)


@pytest.mark.parametrize("objective", GENERATOR)
def test_what_the_generator_minimises_is_the_formula(objective: Any) -> None:
    loss = generator_loss(torch.tensor(FAKE), objective)
    assert loss.item() == pytest.approx(mean(GENERATOR[objective], FAKE))


@pytest.mark.parametrize("objective", DISCRIMINATOR)
def test_what_the_discriminator_minimises_is_the_formula(objective: Any) -> None:
    loss = discriminator_loss(torch.tensor(REAL), torch.tensor(FAKE), objective)
    assert loss.item() == pytest.approx(mean(DISCRIMINATOR[objective], REAL, FAKE))


@pytest.mark.parametrize("objective", GENERATOR)
def test_the_players_pull_a_fake_logit_to_opposite_sides(objective: Any) -> None:
    fake = torch.zeros(1, requires_grad=True)
    up = torch.autograd.grad(generator_loss(fake, objective), fake)[0]
    down = torch.autograd.grad(discriminator_loss(torch.zeros(1), fake + 0.5, objective), fake)[0]
    assert up < 0 < down


@pytest.mark.parametrize("objective", GENERATOR)
def test_logits_in_half_precision_give_finite_losses_in_float32(objective: Any) -> None:
    logits = torch.tensor([-200.0, 200.0], dtype=torch.bfloat16)
    for loss in (generator_loss(logits, objective), discriminator_loss(logits, -logits, objective)):
        assert loss.dtype == torch.float32
        assert loss.isfinite()


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


def test_a_relativistic_game_compares_each_logit_with_the_mean_of_the_others() -> None:
    real, fake = REAL[0] + REAL[1], FAKE[0] + FAKE[1]
    mean_real, mean_fake = sum(real) / 4, sum(fake) / 4
    says_real = [math.log(sigmoid(logit - mean_fake)) for logit in real]
    says_fake = [math.log(1 - sigmoid(logit - mean_real)) for logit in fake]
    expected = -(sum(says_real) + sum(says_fake)) / 4 / 2
    assert discriminator_loss(torch.tensor(REAL), torch.tensor(FAKE), "relativistic").item() == pytest.approx(expected)


def test_in_a_relativistic_game_the_generator_wants_what_the_discriminator_does_not() -> None:
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    expected = discriminator_loss(fake, real, "relativistic")
    assert generator_loss(fake, "relativistic", real).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("objective", ["vanilla", "lsgan"])
def test_a_smoothed_label_weighs_both_answers_to_real_images(objective: Any) -> None:
    formulas: dict[str, Callable[[float, float], float]] = {
        "vanilla": lambda real, fake: (
            -0.8 * math.log(sigmoid(real)) - 0.2 * math.log(1 - sigmoid(real)) - math.log(1 - sigmoid(fake))
        ),
        "lsgan": lambda real, fake: (real - 0.8) ** 2 + fake**2,
    }
    loss = discriminator_loss(torch.tensor(REAL), torch.tensor(FAKE), objective, 0.8)
    assert loss.item() == pytest.approx(mean(formulas[objective], REAL, FAKE))
