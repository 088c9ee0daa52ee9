"""One thread, the family, a trainer to try, and folders of pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from img2img_pix2pix.family import Pix2Pix
from img2img_pix2pix.trainer import Pix2PixTrainer

import img2img
from img2img.media import Image, encode_image, write_file
from img2img.testing.trainers import device, seeded, start_trainer  # noqa: F401 - fixtures
from img2img.training.engine import TrainingEngine

TINY: dict[str, Any] = {"width": 4, "depth": 4, "blocks": 1, "resize": 0, "crop": 32, "batch_size": 2}
TINY |= {"discriminator_width": 4, "discriminator_layers": 2, "constant_steps": 6, "decay_steps": 5}


@pytest.fixture
def family() -> Pix2Pix:
    return Pix2Pix()


@pytest.fixture
def options() -> dict[str, Any]:
    """Of a tiny training of eleven steps."""
    return dict(TINY)


@pytest.fixture
def start(family: Pix2Pix, device: torch.device) -> Callable[..., tuple[Pix2PixTrainer, TrainingEngine]]:
    """Build a tiny trainer: `start(task="colorize", …)`."""
    return lambda **options: start_trainer(family, TINY | options, device)


@pytest.fixture
def batch(device: torch.device) -> img2img.Batch:
    """Two targets of 32 × 32 pixels full of waves; the sources are their negatives."""
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    phases = torch.stack([0.3 * x, 0.2 * y, 0.2 * (x + y)])
    target = 0.5 + 0.4 * torch.stack([phases, phases + 1]).sin().to(device)
    return img2img.Batch(1 - target, target)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six colourful pictures; one is held out."""
    folder = tmp_path_factory.mktemp("photos")
    for index in range(6):
        write_png(folder / f"{index}.png", picture(index))
    return folder


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six images that hold a picture in the left half and its negative in the right one."""
    folder = tmp_path_factory.mktemp("pairs")
    for index in range(6):
        pixels = picture(index)
        write_png(folder / f"{index}.png", np.concatenate([pixels, 255 - pixels], 1))
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A photo with a hole in magenta, and a grey one of an odd size."""
    folder = tmp_path / "files"
    folder.mkdir()
    colour = picture(9)
    colour[10:25, 12:30] = (255, 0, 255)
    write_png(folder / "colour.png", colour)
    write_png(folder / "grey.png", picture(8)[:37, :23, :1])
    return folder


def picture(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(40, 44, 3), waves of a frequency for each channel."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[:40, :44]
    planes = [np.sin(x * across + y * down) for across, down in chance.uniform(0.1, 0.6, (3, 2))]
    return np.uint8(127.5 + 120 * np.stack(planes, -1))


def write_png(path: Path, pixels: np.ndarray[Any, Any]) -> None:
    write_file(path, encode_image(Image(pixels), ".png").data)
