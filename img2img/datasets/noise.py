"""This module reads the data of translators that make pictures of noise: pictures, with noise and perhaps a label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from img2img.contract.data import Sample
from img2img.contract.families import Split
from img2img.contract.traits import Noise
from img2img.datasets.layouts import images_of, parts_below, parts_of_class
from img2img.datasets.pixels import ImageCache, to_tensor
from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from img2img.media import Pixels


def noise_and_pictures(
    root: Path, noise: Noise, *, split: Split, classes: Sequence[str] = (), flip: bool = False
) -> NoiseAndPictures:
    """Read the pictures of one folder a class, or any tree of pictures where there are no classes.

    The folders are `train/CLASS` with `val/CLASS` or `test/CLASS` for validation, or `CLASS` in the root; without
    classes `train` with `val` or `test`, or the root itself. Where validation has no folder, some pictures are set
    aside for it.

    Args:
        root: The folder.
        noise: The shape of the noise, and the size to which the pictures are brought.
        split: The part of the data.
        classes: The classes, in the order of their labels; `class_names` finds all.
        flip: Whether left and right are exchanged half of the time.

    Raises:
        DataError: There is no folder of a class, or no picture in it.
    """
    folders = [parts_of_class(root, name) for name in classes] if classes else [parts_below(root)]
    return NoiseAndPictures([images_of(each, split) for each in folders], noise, is_labelled=bool(classes), flip=flip)


class NoiseAndPictures:
    """Pictures as targets, each with new noise as its source; the condition `label` is the index of its class.

    For validation, the noise of sample i is `noise.draw([i])`.
    """

    paired = False

    def __init__(self, images: Sequence[Sequence[Path]], noise: Noise, *, is_labelled: bool, flip: bool) -> None:
        self.targets = [(label, path) for label, paths in enumerate(images) for path in paths]
        self.noise, self.is_labelled, self.flip = noise, is_labelled, flip
        self._images = ImageCache()

    def __len__(self) -> int:
        return len(self.targets)

    def files(self) -> list[Path]:
        """Return the paths of all pictures."""
        return [path for _, path in self.targets]

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return picture `index`, with noise that `rng` draws."""
        label, path = self.targets[index]
        pixels = self._fitted(self._images.read(path), rng)
        if rng is None:
            noise = self.noise.draw([index])[0]
        else:
            noise = torch.from_numpy(rng.standard_normal(self.noise.shape, np.float32))
        condition = {"label": torch.tensor(label)} if self.is_labelled else {}
        return Sample(noise, to_tensor(pixels), condition, f"noise {index}", path.name)

    def _fitted(self, pixels: Pixels, rng: np.random.Generator | None) -> Pixels:
        """Bring a picture to cover the size of the results, cut off what is over, and mirror it."""
        height, width = self.noise.height, self.noise.width
        scale = max(height / pixels.shape[0], width / pixels.shape[1])
        if scale != 1:
            size = (max(width, round(pixels.shape[1] * scale)), max(height, round(pixels.shape[0] * scale)))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        over = pixels.shape[0] - height, pixels.shape[1] - width
        y, x = (each // 2 if rng is None else int(rng.integers(each + 1)) for each in over)
        pixels = pixels[y : y + height, x : x + width]
        return pixels[:, ::-1] if self.flip and rng is not None and rng.integers(2) else pixels
