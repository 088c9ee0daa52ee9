"""A new game is one entry: every family trains with it, its health is judged by it, and the remedies know it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

import img2img
from img2img.nn.games import GAMES, Game
from img2img.testing.family import FamilySubject
from img2img.training.health import remedies
from img2img.training.loader import training_batches
from img2img.training.run import Run

FAMILIES: dict[str, dict[str, Any]] = {
    "cyclegan": {}, "pix2pix": {}, "stargan": {"critic_steps": 1}, "srgan": {"pretrain_steps": 0, "gan_steps": 9},
}  # fmt: skip
NEW = {
    "logistic": Game(
        "logistic",
        lambda fake, _: softplus(0.25 - fake).mean(),
        lambda real, fake, label: softplus(label - 0.75 - real).mean() + softplus(fake - 0.25).mean(),
        boundary=0.25,
        labels=True,
    ),
    "paired hinge": Game(
        "paired hinge",
        lambda fake, real: (1 + real - fake).relu().mean(),
        lambda real, fake, _: (1 + fake - real).relu().mean(),
        compares=True,
    ),
}
"""One game of each kind: with and without a comparison of real and generated images."""
WITHOUT_PULL = {"classifier.3.bias", "model.8.bias"}
"""The last biases of discriminators, which the difference of two logits does not depend on, but for rounding."""
Subject = Callable[[str, str], FamilySubject]


@pytest.fixture
def subject(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Subject:
    """Build a family with small options in a new game."""

    def subject(family: str, objective: str) -> FamilySubject:
        monkeypatch.setitem(GAMES, objective, NEW[objective])
        options = {**FAMILIES[family], "objective": objective}
        return FamilySubject(img2img.PluginHost.discover().family(family), tmp_path, options)

    return subject


@pytest.mark.parametrize("objective", NEW)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_game_trains_both_sides_of_every_family(family: str, objective: str, subject: Subject) -> None:
    made = subject(family, objective)
    trainer, engine = made.trainer()
    before = {name: [*map(torch.clone, network.parameters())] for name, network in trainer.networks.items()}
    batches = training_batches(made.dataset("train"), made.training.batch_size, 0, 0, engine.device, 0)
    for batch in islice(batches, 2):
        engine.begin(0)
        assert all(isfinite(loss) for loss in trainer.step(batch).values())
        engine.step += 1
    for name, network in trainer.networks.items():
        rows = zip(network.named_parameters(), before[name], strict=True)
        assert {key for (key, weight), old in rows if torch.equal(weight, old)} <= WITHOUT_PULL, name


@pytest.mark.parametrize("objective", NEW)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_health_of_a_new_game_is_judged_by_its_boundary(family: str, objective: str, subject: Subject) -> None:
    made = subject(family, objective)
    trainer, engine = made.trainer()
    batch = next(training_batches(made.dataset("train"), made.training.batch_size, 0, 0, engine.device, 0))
    engine.step = 1
    verdicts = trainer.examine(batch)
    assert set(verdicts) == set(trainer.generators())
    for verdict in verdicts.values():
        middle = (mean(verdict.real_logits) + mean(verdict.fake_logits)) / 2
        assert verdict.boundary == pytest.approx(middle if NEW[objective].compares else 0.25, abs=1e-6)
        assert verdict.adversarial is not None
        assert verdict.adversarial.isfinite()


@pytest.mark.parametrize("family", FAMILIES)
def test_remedies_know_whether_a_new_game_has_labels(family: str, subject: Subject) -> None:
    def typed(objective: str) -> tuple[str, ...]:
        config = subject(family, objective).training
        return remedies.to_type((remedies.SMOOTHING, remedies.LEAST_SQUARES), Run(Path(), family, config, Path()))

    assert typed("logistic") == ("-o real_label=0.9", "-o objective=lsgan")
    assert typed("paired hinge") == ("-o objective=lsgan",)


def mean(logits: Tensor) -> float:
    return float(logits.detach().float().mean())
