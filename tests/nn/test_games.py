"""Games against their formulas, written out in Python, and how a training is told which one it plays."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain

import pytest
import torch

from img2img.errors import ConfigError
from img2img.nn.games import GAMES, AdversarialConfig, Game

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
def test_what_the_generator_minimises_is_the_formula(objective: str) -> None:
    loss = GAMES[objective].generator_loss(torch.tensor(FAKE))
    assert loss.item() == pytest.approx(mean(GENERATOR[objective], FAKE))


@pytest.mark.parametrize("objective", DISCRIMINATOR)
def test_what_the_discriminator_minimises_is_the_formula(objective: str) -> None:
    loss = GAMES[objective].discriminator_loss(torch.tensor(REAL), torch.tensor(FAKE))
    assert loss.item() == pytest.approx(mean(DISCRIMINATOR[objective], REAL, FAKE))


@pytest.mark.parametrize("objective", GENERATOR)
def test_the_players_pull_a_fake_logit_to_opposite_sides(objective: str) -> None:
    game, fake = GAMES[objective], torch.zeros(1, requires_grad=True)
    up = torch.autograd.grad(game.generator_loss(fake), fake)[0]
    down = torch.autograd.grad(game.discriminator_loss(torch.zeros(1), fake + 0.5), fake)[0]
    assert up < 0 < down


@pytest.mark.parametrize("objective", GENERATOR)
def test_logits_in_half_precision_give_finite_losses_in_float32(objective: str) -> None:
    logits = torch.tensor([-200.0, 200.0], dtype=torch.bfloat16)
    game = GAMES[objective]
    for loss in (game.generator_loss(logits), game.discriminator_loss(logits, -logits)):
        assert loss.dtype == torch.float32
        assert loss.isfinite()


def test_a_relativistic_game_compares_each_logit_with_the_mean_of_the_others() -> None:
    real, fake = REAL[0] + REAL[1], FAKE[0] + FAKE[1]
    mean_real, mean_fake = sum(real) / 4, sum(fake) / 4
    says_real = [math.log(sigmoid(logit - mean_fake)) for logit in real]
    says_fake = [math.log(1 - sigmoid(logit - mean_real)) for logit in fake]
    expected = -(sum(says_real) + sum(says_fake)) / 4 / 2
    loss = GAMES["relativistic"].discriminator_loss(torch.tensor(REAL), torch.tensor(FAKE))
    assert loss.item() == pytest.approx(expected)


def test_in_a_relativistic_game_the_generator_wants_what_the_discriminator_does_not() -> None:
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    game = GAMES["relativistic"]
    expected = game.discriminator_loss(fake, real)
    assert game.generator_loss(fake, real).item() == pytest.approx(expected.item())


def test_a_game_that_compares_needs_the_logits_of_real_images() -> None:
    with pytest.raises(ValueError, match="objective=relativistic compares: give real_logits, too"):
        GAMES["relativistic"].generator_loss(torch.tensor(FAKE))


@pytest.mark.parametrize("objective", ["vanilla", "lsgan"])
def test_a_smoothed_label_weighs_both_answers_to_real_images(objective: str) -> None:
    formulas: dict[str, Callable[[float, float], float]] = {
        "vanilla": lambda real, fake: (
            -0.8 * math.log(sigmoid(real)) - 0.2 * math.log(1 - sigmoid(real)) - math.log(1 - sigmoid(fake))
        ),
        "lsgan": lambda real, fake: (real - 0.8) ** 2 + fake**2,
    }
    loss = GAMES[objective].discriminator_loss(torch.tensor(REAL), torch.tensor(FAKE), 0.8)
    assert loss.item() == pytest.approx(mean(formulas[objective], REAL, FAKE))


def test_each_game_is_found_by_its_name() -> None:
    assert {name: game.name for name, game in GAMES.items()} == {name: name for name in GAMES}


def test_an_unknown_game_is_refused_and_the_known_are_named() -> None:
    known = "'vanilla', 'lsgan', 'hinge', 'wgan', 'relativistic'"
    with pytest.raises(ConfigError, match=f"option 'objective': there is no such game; give one of {known}, got 'gan'"):
        AdversarialConfig.parse({"objective": "gan"})


def test_a_family_may_refuse_a_game_and_say_why() -> None:
    class Picky(AdversarialConfig):
        @classmethod
        def refusal(cls, game: Game) -> str:
            return "this family has no penalty" if game.penalty else ""

    known = "'vanilla', 'lsgan', 'hinge', 'relativistic'"
    with pytest.raises(ConfigError, match=f"this family has no penalty; give one of {known}, got 'wgan'"):
        Picky.parse({"objective": "wgan"})
