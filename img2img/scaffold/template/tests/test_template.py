"""These tests check that the family draws; the line in `pyproject.toml` adds those of the contract."""

from __future__ import annotations

from pathlib import Path

import img2img
import numpy as np
from PIL import Image

from img2img_template import data


def picture(number: int) -> np.ndarray:
    """Return a picture of coloured rectangles, (48, 64, 3)."""
    rng = np.random.default_rng(number)
    return np.kron(rng.integers(0, 256, (6, 8, 3), np.uint8), np.ones((8, 8, 1), np.uint8))


def error(result: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(result.astype(int) - truth.astype(int)).mean())


def test_a_short_training_draws_a_picture_that_it_never_saw(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(8):
        Image.fromarray(picture(number)).save(photos / f"{number}.png")
    options = {"steps": 100, "batch_size": 4, "crop": 32, "ema": 0}
    img2img.train("template", photos, tmp_path / "run", options)
    model = img2img.load_model(tmp_path / "run" / "run.safetensors")
    photo = picture(100)
    drawing = data.draw(photo, np.random.default_rng(0))
    assert error(model(photo), drawing) < error(photo, drawing) * 2 / 3
