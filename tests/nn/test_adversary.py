"""The discriminator in its game: what it minimises with each remedy, and what it tells of itself."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from img2img.errors import ConfigError
from img2img.inference.device import Device
from img2img.nn.adversary import R1_EVERY, Adversary
from img2img.nn.games import AdversarialConfig
from img2img.nn.penalties import gradient_penalty, r1_penalty
from img2img.training.engine import TrainingEngine


@pytest.fixture
def engine() -> TrainingEngine:
    return TrainingEngine(Device())


def adversary(engine: TrainingEngine, **options: Any) -> Adversary:
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 1, 3))
    return Adversary(network, AdversarialConfig.parse(options), engine, penalty_weight=3.0)


def images() -> tuple[Tensor, Tensor]:
    real, fake = torch.rand(2, 2, 3, 8, 8)
    return real, fake


def test_without_remedies_images_are_judged_as_they_are_and_no_penalty_is_due(engine: TrainingEngine) -> None:
    opponent = adversary(engine)
    real, fake = images()
    assert torch.equal(opponent(real), opponent.network(real))
    assert opponent.penalties(real, fake) == {}


def test_the_r1_penalty_comes_every_16_steps_and_counts_16_fold(engine: TrainingEngine) -> None:
    opponent = adversary(engine, r1_weight=0.5)
    real, fake = images()
    due = []
    for step in range(33):
        engine.step = step
        due += [step] if opponent.penalties(real, fake) else []
    assert due == [0, 16, 32]
    found = opponent.penalties(real, fake)
    assert found["r1"].item() == pytest.approx(r1_penalty(opponent.network, real).item())
    assert opponent.weighted(found).item() == pytest.approx(R1_EVERY * 0.5 * found["r1"].item())


def test_the_penalty_of_wgan_has_its_weight(engine: TrainingEngine) -> None:
    opponent = adversary(engine, objective="wgan")
    real, fake = images()
    torch.manual_seed(5)
    expected = gradient_penalty(opponent.network, real, fake)
    torch.manual_seed(5)
    found = opponent.penalties(real, fake)
    assert found["penalty"].item() == pytest.approx(expected.item())
    assert opponent.weighted(found).item() == pytest.approx(3 * expected.item())


def test_with_spectral_norm_no_layer_stretches_more_than_its_input(engine: TrainingEngine) -> None:
    opponent = adversary(engine, spectral_norm=True)
    with torch.no_grad():
        opponent.network[0].parametrizations.weight.original.mul_(100)
    for _ in range(50):  # one step of the power iteration each
        opponent(images()[0])
    opponent.network.eval()
    for layer in (opponent.network[0], opponent.network[2]):
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)


def test_a_smoothed_label_is_what_the_discriminator_wants_to_say(engine: TrainingEngine) -> None:
    for objective, best in (("vanilla", torch.logit(torch.tensor(0.9)).item()), ("lsgan", 0.9)):
        opponent = adversary(engine, real_label=0.9, objective=objective)
        logit = torch.tensor([best], requires_grad=True)
        (slope,) = torch.autograd.grad(opponent.loss(logit, torch.zeros(1)), logit)
        assert slope.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("objective", ["hinge", "wgan", "relativistic"])
def test_a_smoothed_label_is_refused_where_the_game_has_none(objective: str) -> None:
    with pytest.raises(ConfigError, match=f"real_label=0.9 is for objective=vanilla or lsgan; {objective} has no"):
        AdversarialConfig.parse({"real_label": 0.9, "objective": objective})


def test_what_is_shown_is_augmented_anew_each_time_and_gradients_pass(engine: TrainingEngine) -> None:
    opponent = adversary(engine, diff_augment=True)
    real = images()[0].requires_grad_()
    first, second = opponent(real), opponent(real)
    assert not torch.equal(first, second)
    assert torch.autograd.grad(first.sum(), real)[0].abs().sum() > 0


def test_the_verdict_weighs_the_generators_loss_and_knows_the_boundary(engine: TrainingEngine) -> None:
    for objective, boundary in (("vanilla", 0), ("lsgan", 0.5), ("hinge", 0), ("wgan", None)):
        opponent = adversary(engine, objective=objective)
        real_logits, fake_logits = map(opponent, images())
        verdict = opponent.verdict(real_logits, fake_logits, 0.25)
        assert verdict.boundary == boundary
        expected = opponent.game.generator_loss(fake_logits, real_logits)
        assert verdict.adversarial.item() == pytest.approx(0.25 * expected.item())


def test_in_a_relativistic_game_the_boundary_lies_in_the_middle(engine: TrainingEngine) -> None:
    real, fake = torch.tensor([7.0, 9.0]), torch.tensor([5.0, 6.0])
    verdict = adversary(engine, objective="relativistic").verdict(real, fake)
    assert verdict.boundary == 6.75
    assert torch.equal(verdict.real_logits, real)


def test_a_weight_of_r1_means_the_same_for_any_number_of_patches(engine: TrainingEngine) -> None:
    one, many = nn.Conv2d(3, 1, 8), nn.Conv2d(3, 1, 1)
    for network in (one, many):
        nn.init.constant_(network.weight, 0.5 if network is many else 0.5 / 64)  # the mean of 64 patches is the same
    real = images()[0]
    assert r1_penalty(one, real).item() == pytest.approx(r1_penalty(many, real).item(), rel=1e-5)


def test_spectral_norm_holds_the_logits_back_while_a_discriminator_learns(engine: TrainingEngine) -> None:
    real, fake = images()
    gaps = []
    for bounded in (True, False):
        opponent = adversary(engine, spectral_norm=bounded)
        optimizer = torch.optim.Adam(opponent.network.parameters(), 0.05)
        for _ in range(60):
            optimizer.zero_grad()
            opponent.loss(opponent(real), opponent(fake)).backward()
            optimizer.step()
        gaps.append((opponent(real).mean() - opponent(fake).mean()).item())
    assert all(low < high / 2 for low, high in pairwise(gaps))
