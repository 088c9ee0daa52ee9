"""Pairs are made from plain photos: the photo is the target, and its source is made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from img2img.contract.data import Misfit, Sample, Sizes
from img2img.contract.families import Split
from img2img.datasets.conditions import ConditionFiles, Conditions, condition_row
from img2img.datasets.geometry import Geometry
from img2img.datasets.layouts import images_of, parts_below
from img2img.datasets.pixels import ImageCache, to_tensor

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.media import Pixels

MakeSource: TypeAlias = (
    "Callable[[Pixels, np.random.Generator], Pixels | tuple[Pixels, Mapping[str, Pixels | Tensor | float]]]"
)
"""A function from (H, W, 3), uint8 or uint16, left unchanged, to (H, W, 1 or 3) of the same type; `tasks` has some.

It may return conditions as well, by name: a map or an image as (H, W, 1 or 3), a number, or a row as a tensor."""


def made_pairs(
    root: Path,
    make_source: MakeSource,
    *,
    geometry: Geometry,
    split: Split,
    conditions: Mapping[str, ConditionFiles] | None = None,
) -> MadePairs:
    """Read photos from `train`, with `val` or `test` for validation, or any other tree of images.

    Where validation has no folder of its own, some images are set aside for it.

    Args:
        root: The folder.
        make_source: Makes the source of a target; a function of a module, so that it can be sent to workers.
        geometry: Size of the training images.
        split: The part of the data.
        conditions: Where conditions come from that `make_source` does not return, by name.

    Raises:
        DataError: There is no image, or one has no value of a condition.
    """
    paths = images_of(parts_below(root), split)
    return MadePairs(paths, make_source, geometry, Conditions(conditions, paths, split))


class MadePairs:
    """Targets, and sources that are made from them after cropping."""

    paired = True

    def __init__(
        self, paths: Sequence[Path], make_source: MakeSource, geometry: Geometry, conditions: Conditions | None = None
    ) -> None:
        self.paths, self.make_source, self.geometry = list(paths), make_source, geometry
        self.conditions = conditions or Conditions()
        self._images = ImageCache()

    def __len__(self) -> int:
        return len(self.paths)

    def files(self) -> list[Path]:
        """Return the paths of all images."""
        return [*self.paths, *self.conditions.files()]

    def misfits(self, sizes: Sizes, *, cropped: bool) -> Iterable[Misfit]:
        """Return the images that are smaller than the crop."""
        return self.geometry.misfits(self.paths, sizes) if cropped else ()

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return the crop `index`, drawn by `rng`, and the source made from it."""
        path = self.paths[index]
        maps = self.conditions.maps(path)
        target, *cut = self.geometry.apply([self._images.read(path)], rng, path, maps.values())
        # Validation uses the same source each time.
        chance = np.random.default_rng((0, index)) if rng is None else rng
        made = self.make_source(target, chance)
        source, own = made if isinstance(made, tuple) else (made, {})
        condition = self.conditions.rows(path, index, dict(zip(maps, cut, strict=True)), rng)
        condition |= {name: condition_row(value) for name, value in own.items()}
        return Sample(to_tensor(source), to_tensor(target), condition, name=path.name)
