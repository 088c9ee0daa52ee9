"""Data with labels come as one folder of images a class, for translation from each class to the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from img2img.contract.data import Misfit, Sample, Sizes
from img2img.contract.families import Split
from img2img.datasets.geometry import Geometry
from img2img.datasets.layouts import any_image, images_of, parts_below, parts_of_class
from img2img.datasets.pixels import ImageCache, to_tensor
from img2img.errors import DataError


def class_names(root: Path) -> tuple[str, ...]:
    """Return the folders with images in `train`, or else in the root, in alphabetical order, without hidden ones.

    Raises:
        DataError: There are fewer than two.
    """
    folder = parts_below(root).train
    if not folder.is_dir():
        raise DataError(f"{root} is not a folder; training data are given as a folder of images")
    folders = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    names = sorted(path.name for path in folders if any_image(path.rglob("*")))
    _refuse_a_single_class(names, f"{folder} holds")
    return tuple(names)


def labelled(root: Path, classes: Sequence[str], *, geometry: Geometry, split: Split) -> Labelled:
    """Read one folder a class: `train/CLASS` with `val/CLASS` or `test/CLASS` for validation, or `CLASS` in the root.

    Where a class has no folder for validation, some of its images are set aside for it.

    Args:
        root: The folder.
        classes: The classes, in the order of their labels; `class_names` finds all.
        geometry: Size of the training images.
        split: The part of the data.

    Raises:
        DataError: There are fewer than two classes, or one of them has no images.
    """
    _refuse_a_single_class(classes, "what was asked for is")
    there = class_names(root)
    missing = [name for name in classes if name not in there]
    if missing:
        raise DataError(
            f"{root} has no folder with images of {', '.join(missing)}; add it, or choose among: {', '.join(there)}"
        )
    return Labelled([images_of(parts_of_class(root, name), split) for name in classes], geometry)


class Labelled:
    """The sources of all classes, each with an image of another class, whose label is the condition `label`.

    The condition `source_label` is the label of the source. Labels are one-hot, (K,), float.
    """

    paired = False

    def __init__(self, images: Sequence[Sequence[Path]], geometry: Geometry) -> None:
        self.images, self.geometry = [list(paths) for paths in images], geometry
        self.sources = [(label, path) for label, paths in enumerate(self.images) for path in paths]
        self._images = ImageCache()

    def __len__(self) -> int:
        return len(self.sources)

    def files(self) -> list[Path]:
        """Return the paths of all images."""
        return [path for _, path in self.sources]

    def misfits(self, sizes: Sizes, *, cropped: bool) -> Iterable[Misfit]:
        """Return the images that are smaller than the crop."""
        return self.geometry.misfits(self.files(), sizes) if cropped else ()

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return the source `index` with an image of another class, drawn by `rng`."""
        source_label, source = self.sources[index]
        others = len(self.images) - 1
        step = index % others if rng is None else int(rng.integers(others))
        label = (source_label + 1 + step) % len(self.images)
        targets = self.images[label]
        target = targets[index % len(targets) if rng is None else int(rng.integers(len(targets)))]
        condition = {"label": self._one_hot(label), "source_label": self._one_hot(source_label)}
        return Sample(self._read(source, rng), self._read(target, rng), condition, source.name, target.name)

    def _read(self, path: Path, rng: np.random.Generator | None) -> Tensor:
        return to_tensor(*self.geometry.apply([self._images.read(path)], rng, path))

    def _one_hot(self, label: int) -> Tensor:
        return functional.one_hot(torch.tensor(label), len(self.images)).float()


def _refuse_a_single_class(names: Sequence[str], which: str) -> None:
    if len(names) < 2:
        raise DataError(
            f"{which} {', '.join(names) or 'no class'}, but two or more classes are needed: put the images of each "
            "into a folder of its name, CLASS/… or train/CLASS/… with val/CLASS/… or test/CLASS/…"
        )
