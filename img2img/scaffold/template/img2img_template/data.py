"""What the family learns from: any photo is a source, and its target is drawn from it."""

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
"""Its colour: RGB in [0, 1]."""


def draw(pixels: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Draw a photo in pen and wash: ink where it is darker than around, and thin colour, on warm paper.

    Change this: whatever you can do to a picture, however slowly, a network can learn.

    Args:
        pixels: (H, W, 3), uint8 or uint16; not to be written to.
        rng: The only source of chance, so that a resumed training sees the same; a drawing needs none.

    Returns:
        Of the same shape and type.
    """
    top = np.iinfo(pixels.dtype).max
    photo = pixels / top
    around = cv2.GaussianBlur(photo, (0, 0), 2)
    ink = np.clip((photo + 0.02) / (around + 0.02), 0, 1).mean(axis=2, keepdims=True) ** 2
    wash = 0.6 + 0.4 * photo
    return np.rint(ink * wash * PAPER * top).astype(pixels.dtype)


class Drawings:
    """Photos with their drawings.

    Change this: `paired` of `img2img.datasets` reads sources and targets that exist, `unpaired` two sets of images that
    have nothing to do with each other, `labelled` a folder a class. Whatever has this attribute and these methods is a dataset.
    """

    paired = True

    def __init__(self, root: Path, geometry: Geometry, split: Literal["train", "validation"]) -> None:
        self.pairs = made_pairs(root, draw, geometry=geometry, split=split)

    def __len__(self) -> int:
        return len(self.pairs)

    def files(self) -> list[Path]:
        return self.pairs.files()

    def sample(self, index: int, rng: np.random.Generator | None) -> img2img.Sample:
        pair = self.pairs.sample(index, rng)  # whose target is the photo, as for a network that undoes something
        return replace(pair, source=pair.target, target=pair.source)
