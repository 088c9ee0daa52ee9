"""Data without pairs: images of one kind, and images of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from img2img.contract.data import Misfit, Sample, Sizes
from img2img.contract.families import Split
from img2img.datasets.conditions import ConditionFiles, Conditions
from img2img.datasets.geometry import Geometry
from img2img.datasets.layouts import TWO_FOLDERS, images_of, two_domains, unknown_layout
from img2img.datasets.pixels import ImageCache, to_tensor


def unpaired(
    root: Path,
    *,
    geometry: Geometry,
    split: Split,
    source: str = "",
    target: str = "",
    conditions: Mapping[str, ConditionFiles] | None = None,
) -> Unpaired:
    """Read two folders of images that need not correspond.

    Layouts, each tried in turn:

    * the folders `source` and `target`, where they are given, each with or without `train` and `val` or `test` in it;
    * `trainA` and `trainB`, with `valA` and `valB` or `testA` and `testB` for validation;
    * `train_A` and `train_B`, likewise;
    * `train_label` and `train_img`, likewise;
    * `A` and `B`, each with or without `train` and `val` or `test` in it;
    * `source` and `target`, likewise.

    Where a domain has no folder for validation, some of its images are set aside for it.

    Args:
        root: The folder.
        geometry: Size of the training images.
        split: The part of the data.
        source: Folder inside of the root with the images to translate; empty to look for one.
        target: Folder inside of the root with images as the results ought to look.
        conditions: Where the conditions of the sources come from, by name.

    Raises:
        DataError: Nothing fits, or a source has no value of a condition.
    """
    domains = two_domains(root, source, target)
    if domains is None:
        raise unknown_layout(root, TWO_FOLDERS)
    sources, targets = (images_of(folders, split) for folders in domains)
    return Unpaired(sources, targets, geometry, Conditions(conditions, sources, split))


class Unpaired:
    """Sources in their order, each with a target drawn at random; as many as the more numerous kind has."""

    paired = False

    def __init__(
        self,
        sources: Sequence[Path],
        targets: Sequence[Path],
        geometry: Geometry,
        conditions: Conditions | None = None,
    ) -> None:
        self.sources, self.targets, self.geometry = list(sources), list(targets), geometry
        self.conditions = conditions or Conditions()
        self._images = ImageCache()

    def __len__(self) -> int:
        return max(len(self.sources), len(self.targets))

    def files(self) -> list[Path]:
        """Return the paths of all images."""
        return [*self.sources, *self.targets, *self.conditions.files()]

    def misfits(self, sizes: Sizes, *, cropped: bool) -> Iterable[Misfit]:
        """Return the images that are smaller than the crop."""
        return self.geometry.misfits([*self.sources, *self.targets], sizes) if cropped else ()

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return the source `index` with a target drawn at random by `rng`."""
        partner = index if rng is None else int(rng.integers(len(self.targets)))
        source = self.sources[index % len(self.sources)]
        target = self.targets[partner % len(self.targets)]
        maps = self.conditions.maps(source)
        pixels, *cut = self.geometry.apply([self._images.read(source)], rng, source, maps.values())
        (wanted,) = self.geometry.apply([self._images.read(target)], rng, target)
        condition = self.conditions.rows(source, index, dict(zip(maps, cut, strict=True)), rng)
        return Sample(to_tensor(pixels), to_tensor(wanted), condition, source.name, target.name)
