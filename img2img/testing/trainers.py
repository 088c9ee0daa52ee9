"""Helpers for the tests of trainers: build one, let it do steps, and see which weights have moved.

A plugin's `conftest.py` imports the fixtures `device` and `seeded` from here; the functions are for its tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from img2img.contract.data import Batch
from img2img.contract.families import ModelFamily
from img2img.contract.trainers import Trainer
from img2img.inference.device import Device, pick_device
from img2img.training.engine import TrainingEngine


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    """Return the device that networks run on, which the option `--device` names; the CPU by default."""
    return pick_device(str(request.config.getoption("--device", default="cpu")))


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Seed torch before each test, and restore its random state afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def start_trainer(
    family: ModelFamily[Any, Any], options: Mapping[str, Any], device: torch.device
) -> tuple[Any, TrainingEngine]:
    """Build a trainer of a family, ready for its first step, and its engine.

    Args:
        family: The family.
        options: All options of the training; data that a family reads to complete them are not looked at.
        device: Where its networks run, in float32.
    """
    config = family.training_class.parse(dict(options))
    engine = TrainingEngine(Device(device), config.accumulate)
    return family.trainer(config, engine), engine


def run_steps(trainer: Trainer, engine: TrainingEngine, batch: Batch, steps: int) -> list[dict[str, float]]:
    """Let a trainer do steps on one batch, and return the losses of each; accumulated batches count one by one."""
    losses = []
    for _ in range(steps):
        for part in range(engine.accumulate):
            engine.begin(part)
            losses.append({name: loss.item() for name, loss in trainer.step(batch).items()})
        engine.step += 1
    return losses


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return copies of all weights and buffers of a network, by name."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def moved(before: Mapping[str, Tensor], network: nn.Module) -> set[str]:
    """Return the names of the weights and buffers that differ from earlier ones."""
    return {name for name, tensor in network.state_dict().items() if not torch.equal(before[name], tensor)}
