"""What steadies the game, as options."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import pytest
from img2img_stargan.trainer import StarGANTrainer
from torch import Tensor, nn

import img2img
from img2img.training.engine import TrainingEngine

Start = Callable[..., tuple[StarGANTrainer, TrainingEngine]]


def state(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def moved(before: dict[str, Tensor], network: nn.Module) -> set[str]:
    return {name for name, tensor in network.state_dict().items() if not (before[name] == tensor).all()}


def run(trainer: img2img.Trainer, engine: TrainingEngine, batch: img2img.Batch, steps: int) -> list[dict[str, float]]:
    losses = []
    for _ in range(steps):
        engine.begin(engine.step, 0)
        losses.append({name: loss.item() for name, loss in trainer.step(batch).items()})
        engine.step += 1
    return losses


@pytest.mark.parametrize(
    "remedy",
    [
        {"r1_weight": 1.0},
        {"spectral_norm": True},
        {"real_label": 0.9, "objective": "lsgan"},
        {"diff_augment": True},
        {"discriminator_lr": 1e-3},
    ],
    ids=str,
)
def test_with_each_remedy_both_sides_learn(remedy: dict[str, Any], start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(critic_steps=1, **remedy)
    before = {name: state(network) for name, network in trainer.networks.items()}
    losses = run(trainer, engine, batch, 3)
    assert all(isfinite(loss) for row in losses for loss in row.values())
    for name, network in trainer.networks.items():
        assert set(dict(network.named_parameters())) <= moved(before[name], network)


def test_the_discriminator_may_learn_at_a_rate_of_its_own(start: Start) -> None:
    trainer, _ = start(critic_steps=1, lr=1e-4, discriminator_lr=4e-4)
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in trainer.optimizers.items()}
    assert set(rates.values()) == {1e-4, 4e-4}
