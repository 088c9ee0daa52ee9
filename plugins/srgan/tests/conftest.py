"""One thread, the family, and a trainer to try."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from img2img_srgan.family import SRGAN
from img2img_srgan.trainer import SRGANTrainer

import img2img
from img2img.testing.trainers import device, seeded, start_trainer  # noqa: F401 - fixtures
from img2img.training.engine import TrainingEngine

TINY = {"scale": 2, "width": 8, "depth": 1, "crop": 32, "batch_size": 2}
TINY |= {"discriminator_width": 4, "perceptual": "random"}


@pytest.fixture
def family() -> SRGAN:
    return SRGAN()


@pytest.fixture
def start(family: SRGAN, device: torch.device) -> Callable[..., tuple[SRGANTrainer, TrainingEngine]]:
    """Build a tiny trainer: `start(pretrain_steps=2, …)`."""
    return lambda **options: start_trainer(family, TINY | options, device)


@pytest.fixture
def batch(device: torch.device) -> img2img.Batch:
    """Two targets of 32 × 32 pixels full of waves, and their sources at half the size."""
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    phases = torch.stack([1.3 * x, 1.1 * y, 0.7 * (x + y)])
    target = 0.5 + 0.5 * torch.stack([phases, phases + 1]).sin()
    source = torch.nn.functional.avg_pool2d(target, 2)
    return img2img.Batch(source.to(device), target.to(device))
