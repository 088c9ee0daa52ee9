"""Data for super-resolution: low resolution is made from high resolution, or read from a second folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from img2img.contract.data import Misfit, Sample, Sizes
from img2img.contract.families import Split
from img2img.datasets.files import hold_out, list_images
from img2img.datasets.pixels import ImageCache, to_tensor
from img2img.errors import DataError
from img2img.nn.metrics import to_8_bit
from img2img.nn.resize import imresize

if TYPE_CHECKING:
    from img2img.media import Pixels

_MARGIN = 2
"""The source pixels beyond a crop that the antialiased bicubic kernel sees, whatever the scale."""


def super_resolution(root: Path, *, scale: int, crop: int, split: Split) -> Downscaled | PairedScales:
    """Read a folder of high-resolution images, or a folder in one of the layouts of paired data.

    Layouts, each tried in turn:

    * `DIV2K_train_HR`, with `DIV2K_valid_HR` and `DIV2K_…_LR_bicubic/X4` beside where they are there;
    * `HR` and `LR`: low resolution under the same name, or with the suffix `x4` or `_x4`;
    * any other tree of images: these are high resolution.

    Where validation has no folder of its own, some images are set aside for it.

    Args:
        root: The folder.
        scale: Size of the target over that of the source.
        crop: Side of a training crop of the target, in pixels; a multiple of `scale`.
        split: The part of the data.
    """
    high, low, separate = _folders(root, scale, split)
    if low is not None:
        pairs = _pairs(high, low, scale)
        return PairedScales(pairs if separate else hold_out(pairs, split), scale, crop)
    targets = list_images(high)
    return Downscaled(targets if separate else hold_out(targets, split), scale, crop)


class Downscaled:
    """Sources are made from their targets by MATLAB's bicubic reduction, and rounded to 8 bit as if saved.

    A training crop is cut from the reduced whole: its borders are what they would be inside the image.
    """

    paired = True

    def __init__(self, targets: Sequence[Path], scale: int, crop: int) -> None:
        self.targets, self.scale, self.crop = list(targets), scale, crop
        self._images = ImageCache()

    def __len__(self) -> int:
        return len(self.targets)

    def files(self) -> list[Path]:
        """Return the paths of all images."""
        return self.targets

    def misfits(self, sizes: Sizes, *, cropped: bool) -> Iterator[Misfit]:
        """Yield the images of which nothing is left once they are reduced, or that are smaller than the crop."""
        least = self.crop if cropped else self.scale
        for path in self.targets:
            if path in sizes and (misfit := _misfit(path, sizes[path], self.scale, least)):
                yield misfit

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return the target `index`, cropped and turned by `rng`, and its reduced source."""
        path = self.targets[index]
        pixels = self._images.read(path)
        height, width = (size // self.scale for size in pixels.shape[:2])
        if rng is None:
            target = to_tensor(pixels[: height * self.scale, : width * self.scale])
            return Sample(self._reduce(target), target, name=path.name)
        y, x, size = _place(height, width, self.crop // self.scale, rng, path)
        top, left = max(0, y - _MARGIN), max(0, x - _MARGIN)
        region = self._region(pixels, top, left, min(height, y + size + _MARGIN), min(width, x + size + _MARGIN))
        source = self._reduce(region)[:, y - top : y - top + size, x - left : x - left + size]
        return _turned(source, self._region(pixels, y, x, y + size, x + size), path.name, rng)

    def _region(self, pixels: Pixels, top: int, left: int, bottom: int, right: int) -> Tensor:
        scale = self.scale
        return to_tensor(pixels[top * scale : bottom * scale, left * scale : right * scale])

    def _reduce(self, target: Tensor) -> Tensor:
        return to_8_bit(imresize(target, Fraction(1, self.scale)))


class PairedScales:
    """Sources and targets from two folders; a target larger than `scale` times its source is cut to that size."""

    paired = True

    def __init__(self, pairs: Sequence[tuple[Path, Path]], scale: int, crop: int) -> None:
        self.pairs, self.scale, self.crop = list(pairs), scale, crop
        self._images = ImageCache()

    def __len__(self) -> int:
        return len(self.pairs)

    def files(self) -> list[Path]:
        """Return the paths of all images."""
        return list(chain.from_iterable(self.pairs))

    def misfits(self, sizes: Sizes, *, cropped: bool) -> Iterator[Misfit]:
        """Yield the pairs whose sizes do not fit, and those that are smaller than the crop."""
        for low, high in self.pairs:
            if low not in sizes or high not in sizes:
                continue
            (width, height), target = sizes[low], sizes[high]
            if not self._fit((width, height), target):
                yield Misfit(self._unfit(low, (width, height), high, target))
            elif cropped and (misfit := _misfit(high, (width * self.scale, height * self.scale), 1, self.crop)):
                yield misfit

    def _fit(self, size: Sequence[int], target: Sequence[int]) -> bool:
        return all(0 <= t - s * self.scale < self.scale for s, t in zip(size, target, strict=True))

    def _unfit(self, low: Path, size: Sequence[int], high: Path, target: Sequence[int]) -> str:
        return (
            f"{high} is {target[0]}×{target[1]}, but {self.scale} times {low} would be "
            f"{size[0] * self.scale}×{size[1] * self.scale}; pairs must fit"
        )

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return the pair `index`, cropped and turned by `rng`."""
        low, high = self.pairs[index]
        source, target = self._images.read(low), self._images.read(high)
        height, width = source.shape[:2]
        if not self._fit(source.shape[:2], target.shape[:2]):
            raise DataError(self._unfit(low, (width, height), high, target.shape[1::-1]))
        y, x, size_y, size_x = 0, 0, height, width
        if rng is not None:
            y, x, size_y = _place(height, width, self.crop // self.scale, rng, low)
            size_x = size_y
        pair = (
            to_tensor(source[y : y + size_y, x : x + size_x]),
            to_tensor(target[y * self.scale : (y + size_y) * self.scale, x * self.scale : (x + size_x) * self.scale]),
        )
        return Sample(*pair, name=high.name) if rng is None else _turned(*pair, high.name, rng)


def _folders(root: Path, scale: int, split: Split) -> tuple[Path, Path | None, bool]:
    """Return the targets' folder, the sources' if there is one, and whether validation has a folder of its own."""
    train, valid = root / "DIV2K_train_HR", root / "DIV2K_valid_HR"
    if train.is_dir():
        high = valid if split == "validation" and valid.is_dir() else train
        low = root / high.name.replace("_HR", "_LR_bicubic") / f"X{scale}"
        return high, low if low.is_dir() else None, valid.is_dir()
    if (root / "HR").is_dir() and (root / "LR").is_dir():
        return root / "HR", root / "LR", False
    return root, None, False


def _pairs(high: Path, low: Path, scale: int) -> list[tuple[Path, Path]]:
    """Match sources and targets whose paths in their folders are the same but for the suffix."""
    sources = {path.relative_to(low).with_suffix(""): path for path in list_images(low)}
    pairs: list[tuple[Path, Path]] = []
    missing: list[str] = []
    for target in list_images(high):
        name = target.relative_to(high).with_suffix("")
        names = (name.with_name(name.name + suffix) for suffix in ("", f"x{scale}", f"_x{scale}"))
        source = next((sources[name] for name in names if name in sources), None)
        if source is None:
            missing.append(str(target.relative_to(high)))
        else:
            pairs.append((source, target))
    if missing:
        raise DataError(
            f"{len(missing)} images of {high} have no partner in {low}: {', '.join(missing[:10])}; "
            f"a partner has the same name, or x{scale} or _x{scale} added to it"
        )
    return pairs


def _misfit(path: Path, size: tuple[int, int], scale: int, least: int) -> Misfit | None:
    """Return what is wrong with a target whose size is cut to a multiple of the scale; None if nothing is."""
    side = min(size) // scale * scale
    return None if side >= least else Misfit(f"{path} is {size[0]}×{size[1]}, too small for {least}×{least}", side)


def _place(height: int, width: int, size: int, rng: np.random.Generator, path: Path) -> tuple[int, int, int]:
    if min(height, width) < size:
        raise DataError(
            f"{path} is too small for the training crop; take it out, or choose a smaller one with -o crop=…"
        )
    return int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1)), size


def _turned(source: Tensor, target: Tensor, name: str, rng: np.random.Generator) -> Sample:
    """Apply one of the eight symmetries of the square, the same to both."""
    flip, transpose, mirror = (bool(bit) for bit in rng.integers(2, size=3))

    def turn(image: Tensor) -> Tensor:
        """Mirror and transpose one image."""
        image = image.flip(1) if flip else image
        image = image.flip(2) if mirror else image
        return (image.mT if transpose else image).contiguous()

    return Sample(turn(source), turn(target), name=name)
