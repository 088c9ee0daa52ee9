"""One thread, the family, a trainer to try, and a folder of two domains."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from img2img_cyclegan.family import CycleGAN
from img2img_cyclegan.trainer import CycleGANTrainer

import img2img
from img2img.media import Image, encode_image, write_file
from img2img.testing.trainers import device, seeded, start_trainer  # noqa: F401 - fixtures
from img2img.training.engine import TrainingEngine

TINY = {"width": 4, "blocks": 1, "resize": 0, "crop": 32, "discriminator_width": 4, "discriminator_layers": 2}
TINY |= {"constant_steps": 4, "decay_steps": 3, "pool": 2}


@pytest.fixture
def family() -> CycleGAN:
    return CycleGAN()


@pytest.fixture(scope="session")
def options() -> dict[str, Any]:
    """Of a tiny training of seven steps."""
    return dict(TINY)


@pytest.fixture
def start(family: CycleGAN, device: torch.device) -> Callable[..., tuple[CycleGANTrainer, TrainingEngine]]:
    """Build a tiny trainer: `start(identity_weight=0, …)`."""
    return lambda **options: start_trainer(family, TINY | options, device)


def waves(seed: int, colour: tuple[float, float, float], height: int = 32, width: int = 32) -> torch.Tensor:
    """A picture of waves around a colour: (3, H, W)."""
    chance = torch.Generator().manual_seed(seed)
    down, across, phase = (torch.rand(3, 1, 1, generator=chance) for _ in range(3))
    y, x = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.tensor(colour).view(3, 1, 1) + 0.25 * (down * y + across * x + 6 * phase).sin()


@pytest.fixture
def batch(device: torch.device) -> img2img.Batch:
    """Two warm pictures and two cold ones of 32 × 32 pixels."""
    x, y = (torch.stack([waves(seed, colour) for seed in (0, 1)]) for colour in ((0.7, 0.5, 0.3), (0.3, 0.5, 0.7)))
    return img2img.Batch(x.to(device), y.to(device))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of warm and of cold pictures in the layout of the authors' data; not equally many."""
    root = tmp_path_factory.mktemp("pictures")
    domains = {"trainA": (0.7, 5), "trainB": (0.3, 4), "testA": (0.7, 2), "testB": (0.3, 3)}
    for name, (red, count) in domains.items():
        (root / name).mkdir()
        for index in range(count):
            pixels = waves(index, (red, 0.5, 1 - red), 36, 41).mul(255).byte().permute(1, 2, 0).numpy()
            write_file(root / name / f"{index}.png", encode_image(Image(np.ascontiguousarray(pixels)), ".png").data)
    return root
