"""This module makes the training data: any photo is a source, and its target is drawn from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import img2img
import numpy as np
from img2img.datasets import Geometry, made_pairs
from numpy.typing import NDArray

PAPER = (1.0, 0.97, 0.90)
"""The colour of the paper: RGB in [0, 1]."""


def draw(pixels: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Draw a photo in pen and wash: ink where it is darker than its surroundings, and thin colour, on warm paper.

    Change this: a network can learn any change of a picture that you can compute, however slowly.

    Args:
        pixels: (H, W, 3), uint8 or uint16; do not write to the array.
        rng: The only source of randomness, so that a resumed training sees the same; a drawing needs none.

    Returns:
        An array of the same shape and type.
    """
    top = np.iinfo(pixels.dtype).max
    photo = pixels / top
    around = cv2.GaussianBlur(photo, (0, 0), 2)
    ink = np.clip((photo + 0.02) / (around + 0.02), 0, 1).mean(axis=2, keepdims=True) ** 2
    wash = 0.6 + 0.4 * photo
    return np.rint(ink * wash * PAPER * top).astype(pixels.dtype)


class Drawings:
    """Photos with their drawings.

    Change this: `paired` of `img2img.datasets` reads existing sources and targets, `unpaired` two independent sets of
    images, `labelled` one folder for each class. Any class with this attribute and these methods is a dataset.
    """

    paired = True

    def __init__(self, root: Path, geometry: Geometry, split: Literal["train", "validation"]) -> None:
        self.pairs = made_pairs(root, draw, geometry=geometry, split=split)

    def __len__(self) -> int:
        return len(self.pairs)

    def files(self) -> list[Path]:
        return self.pairs.files()

    def sample(self, index: int, rng: np.random.Generator | None) -> img2img.Sample:
        pair = self.pairs.sample(index, rng)  # its target is the photo, as for a network that undoes a change
        return replace(pair, source=pair.target, target=pair.source)
