"""Data in pairs have for each source the target that is right for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from img2img.contract.data import Misfit, Sample, Sizes
from img2img.contract.families import Split
from img2img.datasets.conditions import ConditionFiles, Conditions
from img2img.datasets.files import hold_out, list_images
from img2img.datasets.geometry import Geometry
from img2img.datasets.layouts import TWO_FOLDERS, any_image, images_of, parts_below, two_domains, unknown_layout
from img2img.datasets.pixels import ImageCache, to_tensor
from img2img.errors import DataError

if TYPE_CHECKING:
    from img2img.media import Pixels

_SIDE_BY_SIDE = """\
  train/ with val/ or test/, or the images themselves: source in the left half of each image, target in the right"""


def paired(
    root: Path,
    *,
    geometry: Geometry,
    split: Split,
    source: str = "",
    target: str = "",
    reverse: bool = False,
    conditions: Mapping[str, ConditionFiles] | None = None,
) -> Paired:
    """Read two folders of images that correspond by name, or images that hold source and target side by side.

    Layouts, each tried in turn:

    * the folders `source` and `target`, where they are given, each with or without `train` and `val` or `test` in it;
    * `trainA` and `trainB`, with `valA` and `valB` or `testA` and `testB` for validation;
    * `train_A` and `train_B`, likewise;
    * `train_label` and `train_img`, likewise;
    * `A` and `B`, each with or without `train` and `val` or `test` in it;
    * `source` and `target`, likewise;
    * side by side: images in `train`, with `val` or `test` for validation, or in the root; the left half is the source.

    Partners have the same path in their folders but for the suffix. Where validation has no folder of its own, some
    pairs are set aside for it.

    Args:
        root: The folder.
        geometry: Size of the training images.
        split: The part of the data.
        source: Folder inside of the root with the sources; empty to look for one.
        target: Folder inside of the root with the targets.
        reverse: Exchange source and target.
        conditions: Where the conditions of the sources come from, by name.

    Raises:
        DataError: Nothing fits, or an image has no partner, or a source has no value of a condition.
    """
    pairs = _pairs_of(root, source, target, split)
    return Paired(pairs, geometry, reverse, Conditions(conditions, [pair[reverse] for pair in pairs], split))


class Paired:
    """Sources and targets of one size, cropped and mirrored alike.

    A pair whose two paths are the same is one image, with the source in its left half and the target in its right.
    """

    paired = True

    def __init__(
        self,
        pairs: Sequence[tuple[Path, Path]],
        geometry: Geometry,
        reverse: bool = False,
        conditions: Conditions | None = None,
    ) -> None:
        self.pairs, self.geometry, self.reverse = list(pairs), geometry, reverse
        self.conditions = conditions or Conditions()
        self._images = ImageCache()

    def __len__(self) -> int:
        return len(self.pairs)

    def files(self) -> list[Path]:
        """Return the paths of all images."""
        images = dict.fromkeys(chain.from_iterable(self.pairs))  # one path if a file holds both images
        return [*images, *self.conditions.files()]

    def misfits(self, sizes: Sizes, *, cropped: bool) -> Iterator[Misfit]:
        """Yield pairs of unequal sizes, images that have no two halves, and those that are smaller than the crop."""
        for path, partner in self.pairs:
            if path not in sizes or partner not in sizes:
                continue
            width, height = sizes[path]
            if path == partner and width % 2:
                yield Misfit(_odd(path, width))
            elif sizes[path] != sizes[partner]:
                yield Misfit(_unequal(path, sizes[path], partner, sizes[partner]))
            elif cropped:
                size = (width // 2, height) if path == partner else sizes[path]
                if misfit := self.geometry.misfit(path, size):
                    yield misfit

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return the pair `index`, cropped and mirrored by `rng`."""
        path, partner = self.pairs[index]
        images = self._halves(path) if path == partner else self._partners(path, partner)
        given = self.pairs[index][self.reverse]
        maps = self.conditions.maps(given)
        source, target, *cut = self.geometry.apply(images, rng, path, maps.values())
        if self.reverse:
            source, target = target, source
        condition = self.conditions.rows(given, index, dict(zip(maps, cut, strict=True)), rng)
        return Sample(to_tensor(source), to_tensor(target), condition, name=given.name)

    def _halves(self, path: Path) -> tuple[Pixels, Pixels]:
        pixels = self._images.read(path)
        width = pixels.shape[1]
        if width % 2:
            raise DataError(_odd(path, width))
        return pixels[:, : width // 2], pixels[:, width // 2 :]

    def _partners(self, path: Path, partner: Path) -> tuple[Pixels, Pixels]:
        source, target = self._images.read(path), self._images.read(partner)
        if source.shape != target.shape:
            raise DataError(_unequal(path, source.shape[1::-1], partner, target.shape[1::-1]))
        return source, target


def _odd(path: Path, width: int) -> str:
    return (
        f"{path} is {width} pixels wide, which is odd, so that it holds no two images side by side; take it out, or "
        "put sources and targets into two folders, A and B"
    )


def _unequal(path: Path, size: Sequence[int], partner: Path, other: Sequence[int]) -> str:
    return (
        f"{path} is {size[0]}×{size[1]}, but its partner {partner} is {other[0]}×{other[1]}; bring them to one size, "
        "or take them out"
    )


def _side_by_side(root: Path, split: Split) -> list[Path]:
    folders = parts_below(root)
    if not any_image(folders.train.iterdir()):
        raise unknown_layout(root, f"{TWO_FOLDERS}\n{_SIDE_BY_SIDE}")
    return images_of(folders, split)


def _pairs_of(root: Path, source: str, target: str, split: Split) -> list[tuple[Path, Path]]:
    """Return the pairs of one part; a pair of equal paths is an image that holds both side by side."""
    domains = two_domains(root, source, target)
    if domains is None:
        return [(path, path) for path in _side_by_side(root, split)]
    sources, targets = domains
    if sources.validation is None or targets.validation is None:
        return hold_out(_pairs(sources.train, targets.train), split)
    if split == "train":
        return _pairs(sources.train, targets.train)
    return _pairs(sources.validation, targets.validation)


def _pairs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Match images whose paths in their folders are the same but for the suffix."""
    sources, targets = _by_name(source), _by_name(target)
    for folder, images, other, others in ((source, sources, target, targets), (target, targets, source, sources)):
        missing = [str(path.relative_to(folder)) for name, path in images.items() if name not in others]
        if missing:
            raise DataError(
                f"{len(missing)} images of {folder} have no partner in {other}: {', '.join(missing[:10])}; "
                "a partner has the same name, whatever its suffix: add it, or take the image out"
            )
    return [(path, targets[name]) for name, path in sources.items()]


def _by_name(folder: Path) -> dict[Path, Path]:
    return {path.relative_to(folder).with_suffix(""): path for path in list_images(folder)}
