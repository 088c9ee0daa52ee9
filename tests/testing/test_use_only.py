"""Families whose models are only used: no training, no dummies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import img2img
from img2img.testing import check_family
from img2img.testing.family import FOR_USE_ONLY, FamilySubject, host_of
from img2img.testing.promises import training
from img2img.testing.trainers import start_trainer


class Blur(img2img.ModelFamily[img2img.ModelConfig, Any]):
    """As short as a family can be."""

    name = "blur"
    summary = "blurs what it sees"
    config_class = img2img.ModelConfig

    def build_generator(self, config: img2img.ModelConfig) -> nn.Module:
        return nn.Conv2d(3, 3, 3, padding=1)

    def translator(self, config: img2img.ModelConfig, generator: nn.Module) -> img2img.Translator:
        return img2img.Translator(generator, img2img.Traits(tiling="exact", halo=1))


class Halfway(Blur):
    """It has a trainer, and neither options nor data for it."""

    name = "halfway"

    def trainer(self, config: Any, engine: img2img.Engine) -> img2img.Trainer:
        raise NotImplementedError


def test_a_family_is_trainable_once_it_defines_a_trainer() -> None:
    assert not Blur().is_trainable
    assert Halfway().is_trainable


@pytest.mark.slow
def test_a_family_for_use_only_keeps_every_promise_that_is_not_of_a_training() -> None:
    outcomes = check_family(Blur())
    assert not [outcome.text for outcome in outcomes if outcome.state == "broken"]
    skipped = {outcome.group for outcome in outcomes if outcome.detail == FOR_USE_ONLY}
    assert skipped == {"data", "training", "network"}
    assert sum(outcome.state == "ok" for outcome in outcomes) >= 18


def test_its_options_are_checked_as_those_of_others_are(tmp_path: Path) -> None:
    outcome = FamilySubject(Blur(), tmp_path, {"no": 1}).outcome(training.a_trainer_is_made)
    assert outcome.state == "skipped"
    broken = [outcome.text for outcome in check_family(Blur(), options={"no": 1}) if outcome.state == "broken"]
    assert len(broken) == 1
    assert "unknown option 'no'" in broken[0]


def test_training_it_is_refused_with_the_families_that_can_be_trained(tmp_path: Path) -> None:
    with pytest.raises(img2img.UsageError, match=r"'blur' can be used, and not trained.*none is installed"):
        img2img.train("blur", tmp_path, tmp_path / "run", host=host_of(Blur()))
    assert not (tmp_path / "run").exists()


def test_a_family_with_half_a_training_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(img2img.UsageError, match="'halfway' defines no training_class"):
        img2img.train("halfway", tmp_path, tmp_path / "run", host=host_of(Halfway()))
    with pytest.raises(img2img.UsageError, match="defines no dataset"):
        Halfway().dataset(tmp_path, None, "train")


def test_a_test_that_wants_its_trainer_hears_what_it_lacks() -> None:
    with pytest.raises(img2img.UsageError, match="'blur' defines no training_class"):
        start_trainer(Blur(), {}, torch.device("cpu"))
