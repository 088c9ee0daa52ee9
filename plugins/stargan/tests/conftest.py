"""One thread, the family, a trainer to try, and a folder of pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from img2img_stargan.family import StarGAN
from img2img_stargan.trainer import StarGANTrainer

import img2img
from img2img.media import Image, encode_image, write_file
from img2img.testing.trainers import device, seeded, start_trainer  # noqa: F401 - fixtures
from img2img.training.engine import TrainingEngine

TINY: dict[str, Any] = {"classes": ["autumn", "summer", "winter"], "width": 4, "blocks": 1, "resize": 0, "crop": 16}
TINY |= {"batch_size": 2, "discriminator_width": 4, "discriminator_layers": 2, "constant_steps": 6, "decay_steps": 5}


@pytest.fixture
def family() -> StarGAN:
    return StarGAN()


@pytest.fixture
def options() -> dict[str, Any]:
    """Of a tiny training of eleven steps."""
    return dict(TINY)


@pytest.fixture
def start(family: StarGAN, device: torch.device) -> Callable[..., tuple[StarGANTrainer, TrainingEngine]]:
    """Build a tiny trainer: `start(critic_steps=2, …)`."""
    return lambda **options: start_trainer(family, TINY | options, device)


@pytest.fixture
def batch(device: torch.device) -> img2img.Batch:
    """Two images of 16 × 16 pixels, of the classes 0 and 1, wanted as 2 and 0."""
    images = torch.rand(4, 3, 16, 16, device=device)
    labels = torch.eye(3, device=device)
    return img2img.Batch(images[:2], images[2:], {"label": labels[[2, 0]], "source_label": labels[[0, 1]]})


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each of three classes, with four noisy pictures of a colour of its own."""
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for index, name in enumerate(TINY["classes"]):
        (root / name).mkdir()
        for number in range(4):
            pixels = rng.integers(0, 128, (18, 20, 3))
            pixels[..., index] += 127
            write_file(root / name / f"{number}.png", encode_image(Image(pixels.astype(np.uint8)), ".png").data)
    return root
