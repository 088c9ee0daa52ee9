"""A clip that moves in a known way."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray

Frame: TypeAlias = NDArray[Any]

HEIGHT, WIDTH = 144, 192


def texture(seed: int, height: int = 2 * HEIGHT, width: int = 2 * WIDTH) -> Frame:
    """Blobs of all sizes: (height, width, 3), uint8."""
    rng = np.random.default_rng(seed)
    blobs = [
        cv2.resize(rng.normal(0, 1, (height // size, width // size, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
        for size in (4, 8, 16, 48)
    ]
    return (128 + 32 * np.sum(blobs, axis=0)).clip(0, 255).astype(np.uint8)


GROUND, DISC = texture(1), texture(2)


def clip(length: int) -> list[Frame]:
    """A ground that moves to the left, and before it a disc that moves to the right."""
    frames = []
    for index in range(length):
        frame = GROUND[20 : 20 + HEIGHT, 10 + 2 * index : 10 + 2 * index + WIDTH].copy()
        mask = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (60 + 3 * index, 70), 32, 1, -1) > 0
        frame[mask] = np.roll(DISC, 3 * index, axis=1)[:HEIGHT, :WIDTH][mask]
        frames.append(frame)
    return frames
