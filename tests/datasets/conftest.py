"""Images to make datasets of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from img2img.media import Image, encode_image, write_file

Draw = Callable[..., Path]


@pytest.fixture
def draw() -> Draw:
    """Write an image file of random pixels: `draw(path, height, width)`; `seed` decides the pixels."""

    def draw(path: Path, height: int = 40, width: int = 40, *, seed: int = 0, channels: int = 3, bits: int = 8) -> Path:
        pixels = np.random.default_rng(seed).integers(0, 2**bits, (height, width, channels))
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image(pixels.astype(np.uint8 if bits == 8 else np.uint16))
        write_file(path, encode_image(image, path.suffix).data)
        return path

    return draw
