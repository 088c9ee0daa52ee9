"""This module reads the conditions of a data set: from files of the sources' names, from tables, or drawn at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from img2img.contract.families import Split
from img2img.contract.traits import Condition
from img2img.datasets.files import list_images
from img2img.datasets.geometry import Aligned, Geometry
from img2img.datasets.layouts import images_of, parts_below
from img2img.datasets.pixels import ImageCache, to_tensor
from img2img.errors import DataError, UsageError
from img2img.inference.condition_tables import read_table
from img2img.inference.conditions import colours
from img2img.media.formats import READABLE_IMAGES, is_image_file

if TYPE_CHECKING:
    from img2img.media import Pixels


@dataclass(frozen=True)
class ConditionFiles:
    """Says where the values of a condition come from; `by_name` and `at_random` make one."""

    condition: Condition
    place: Path
    side: int
    drawn: bool

    def values(self, name: str, sources: Sequence[Path], split: Split) -> _Values:
        """Find the values of the condition `name` for sources.

        Raises:
            DataError: A source has no value.
        """
        if self.drawn:
            return _Values(self, drawn=images_of(parts_below(self.place), split))
        sources = list(dict.fromkeys(sources))
        if self.condition.is_picture and is_image_file(self.place):
            return _Values(self, dict.fromkeys(sources, self.place))
        if self.place.suffix.lower() == ".csv":
            return _Values(self, _matched(sources, _table(self.place, name, self.condition), self.place))
        if self.condition.is_picture:
            pictures = {PurePath(path.relative_to(self.place)): path for path in list_images(self.place)}
            return _Values(self, _matched(sources, pictures, self.place))
        raise DataError(f"{self.place} is no file NAME.csv; write the values of a {self.condition.kind} into one")


def by_name(condition: Condition, place: Path, *, side: int = 0) -> ConditionFiles:
    """Give each source the value of its name.

    Args:
        condition: The condition, as the translator's traits declare it.
        place: A folder of pictures (image, map), a table `NAME.csv` with a header and the columns `name` and a second
            one for the value, or one picture for all sources. Names count without their suffix; those in subfolders
            have the path of the source, or as much of its end as the folder or the table has. Paths in a table start
            from its folder.
        side: Side of the training crops of an image, in pixels. A map is cropped with its source.
    """
    return _given(condition, place, side, drawn=False)


def at_random(condition: Condition, folder: Path, *, side: int) -> ConditionFiles:
    """Give each source an image that is drawn from a folder, such as a style; in validation always the same.

    Args:
        condition: The condition, of kind `image`.
        folder: Images in `train`, with `val` or `test` for validation, or else in the folder itself.
        side: Side of the training crops, in pixels; in validation, images are whole.
    """
    if condition.kind != "image":
        raise ValueError(f"a {condition.kind} belongs to its source, and cannot be drawn at random; use by_name")
    return _given(condition, folder, side, drawn=True)


class Conditions:
    """The conditions of a dataset's samples, read for one source after another.

    Args:
        given: Where the values come from, by name.
        sources: The files of the sources.
        split: The part of the data.

    Raises:
        DataError: A source has no value.
    """

    def __init__(
        self, given: Mapping[str, ConditionFiles] | None = None, sources: Sequence[Path] = (), split: Split = "train"
    ) -> None:
        self._values = {name: each.values(name, sources, split) for name, each in (given or {}).items()}
        self._images = {
            name: ImageCache(convert=partial(colours, each.given.condition)) for name, each in self._values.items()
        }

    def files(self) -> list[Path]:
        """Return the files that conditions are read from."""
        return [path for values in self._values.values() for path in values.files()]

    def maps(self, source: Path) -> dict[str, Aligned]:
        """Read the maps of a source."""
        return {
            name: Aligned(self._images[name].read(Path(values.of(source, 0, None))), condition)
            for name, values in self._values.items()
            if (condition := values.given.condition).kind == "map"
        }

    def rows(
        self, source: Path, index: int, maps: Mapping[str, Pixels], rng: np.random.Generator | None
    ) -> dict[str, Tensor]:
        """Return the row of each condition.

        Args:
            source: The file of the source.
            index: The number of the sample.
            maps: The maps after the source's geometry.
            rng: The only source of chance; None keeps images whole.
        """
        rows = {}
        for name, values in self._values.items():
            condition = values.given.condition
            if condition.kind == "map":
                rows[name] = to_tensor(maps[name])
            elif condition.kind == "image":
                path = Path(values.of(source, index, rng))
                rows[name] = to_tensor(_cropped(self._images[name].read(path), values.given.side, rng, path))
            else:
                rows[name] = condition.row(str(values.of(source, index, rng)))
        return rows


def condition_row(value: Any) -> Tensor:
    """Turn what a function made for a condition into a row: pixels (H, W, C), a number, or a tensor as it is."""
    if isinstance(value, np.ndarray) and value.ndim == 3:
        return to_tensor(value)
    if isinstance(value, float | np.floating):
        return torch.tensor(float(value), dtype=torch.float32)
    return torch.as_tensor(value)


@dataclass(frozen=True)
class _Values:
    """The texts or files of one condition: one for each source, or some to draw from."""

    given: ConditionFiles
    named: Mapping[Path, Path | str] = field(default_factory=dict)
    drawn: Sequence[Path] = ()

    def __post_init__(self) -> None:
        for source, text in self.named.items() if not self.given.condition.is_picture else ():
            try:
                self.given.condition.row(str(text))
            except ValueError as error:
                raise DataError(f"{self.given.place}: {text!r}, the value of {source.name}: {error}") from error

    def files(self) -> list[Path]:
        """Return the files that the values are read from."""
        tables = [self.given.place] if self.given.place.suffix.lower() == ".csv" else []
        pictures = map(Path, self.named.values()) if self.given.condition.is_picture else ()
        return [*tables, *dict.fromkeys(pictures), *self.drawn]

    def of(self, source: Path, index: int, rng: np.random.Generator | None) -> Path | str:
        """Return the typed text of a source's label or number, or the file of its picture."""
        if not self.drawn:
            return self.named[source]
        return self.drawn[index % len(self.drawn) if rng is None else int(rng.integers(len(self.drawn)))]


def _given(condition: Condition, place: Path, side: int, *, drawn: bool) -> ConditionFiles:
    if condition.kind == "image" and side < 1:
        raise ValueError("the images of a batch have one size: give the side of their training crops, side=…")
    return ConditionFiles(condition, place, side, drawn)


def _cropped(pixels: Pixels, side: int, rng: np.random.Generator | None, path: Path) -> Pixels:
    """Bring the shorter side of an image to `side` and crop a square of it; without chance, leave it whole."""
    return Geometry(resize=side if rng else 0, crop=side, flip=False).apply([pixels], rng, path)[0]


def _matched(sources: Sequence[Path], index: Mapping[PurePath, Path | str], place: Path) -> dict[Path, Path | str]:
    """Find for each source the entry that has the longest end of its path, with or without the suffix."""
    keys = {key.with_suffix(""): key for key in index if key.suffix.lower() in READABLE_IMAGES} | {
        key: key for key in index
    }
    found: dict[Path, Path | str] = {}
    takers: dict[PurePath, Path] = {}
    missing = []
    for source in sources:
        key = next((keys[end] for end in _ends(source) if end in keys), None)
        if key is None:
            missing.append(str(source))
        elif (other := takers.setdefault(key, source)) is not source:
            raise DataError(
                f"{other} and {source} both find {key} in {place}; arrange it in the same folders as the images"
            )
        else:
            found[source] = index[key]
    if missing:
        raise DataError(
            f"{len(missing)} images have no partner in {place}: {', '.join(missing[:10])}; a partner has the same "
            "name, whatever its suffix: add it, or take the image out"
        )
    return found


def _ends(source: Path) -> Iterator[PurePath]:
    """Yield the ends of a path, the longest first, each with and without its suffix."""
    parts = source.parts[1:] if source.anchor else source.parts
    for first in range(len(parts)):
        end = PurePath(*parts[first:])
        yield from (end, end.with_suffix(""))


def _table(path: Path, name: str, condition: Condition) -> dict[PurePath, Path | str]:
    try:
        return {PurePath(key): value for key, value in read_table(path, name, condition)}
    except UsageError as error:
        raise DataError(str(error)) from error
