"""What steadies the game, as options of every family that has a discriminator."""

from __future__ import annotations

from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch

import img2img
from img2img.testing.family import FamilySubject
from img2img.training.loader import training_batches

FAMILIES: dict[str, dict[str, Any]] = {
    "cyclegan": {}, "pix2pix": {}, "stargan": {"critic_steps": 1}, "srgan": {"pretrain_steps": 0, "gan_steps": 9},
}  # fmt: skip
REMEDIES: list[dict[str, Any]] = [
    {"r1_weight": 1.0}, {"spectral_norm": True}, {"real_label": 0.9, "objective": "lsgan"}, {"diff_augment": True},
    {"discriminator_lr": 1e-3},
]  # fmt: skip
CASES = [(family, remedy) for family in FAMILIES for remedy in REMEDIES]
CASES += [(family, {"objective": "relativistic"}) for family in FAMILIES] + [("srgan", {"objective": "hinge"})]

WITHOUT_PULL = {"classifier.3.bias"}
"""Of srgan's discriminator: in some games only differences of logits count."""


@pytest.mark.parametrize(("family", "remedy"), CASES, ids=str)
def test_with_each_remedy_both_sides_learn(family: str, remedy: dict[str, Any], tmp_path: Path) -> None:
    options = {**FAMILIES[family], **remedy}
    subject = FamilySubject(img2img.PluginHost.discover().family(family), tmp_path, options)
    trainer, engine = subject.trainer()
    before = {name: [*map(torch.clone, network.parameters())] for name, network in trainer.networks.items()}
    batches = training_batches(subject.dataset("train"), subject.training.batch_size, 0, 0, engine.device, 0)
    for step, batch in enumerate(islice(batches, 3)):
        engine.step = step
        engine.begin(0)
        assert all(isfinite(loss) for loss in trainer.step(batch).values())
    for name, network in trainer.networks.items():
        rows = zip(network.named_parameters(), before[name], strict=True)
        assert {key for (key, weight), old in rows if torch.equal(weight, old)} <= WITHOUT_PULL, name


@pytest.mark.parametrize("family", FAMILIES)
def test_the_discriminators_may_learn_at_a_rate_of_their_own(family: str, tmp_path: Path) -> None:
    options = {**FAMILIES[family], "discriminator_lr": 0.125}
    trainer, _ = FamilySubject(img2img.PluginHost.discover().family(family), tmp_path, options).trainer()
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in trainer.optimizers.items()}
    assert {name for name, rate in rates.items() if rate == 0.125} == {name for name in rates if "disc" in name}
    assert len(rates) == 2
