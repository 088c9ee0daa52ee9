"""This module scales, crops and mirrors training images, and maps alike with their images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from img2img.contract.data import Misfit, Sizes
from img2img.contract.traits import Condition
from img2img.errors import DataError
from img2img.inference.condition_batches import resize_maps
from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from img2img.media import Pixels


@dataclass(frozen=True)
class Aligned:
    """A map, which belongs to an image pixel by pixel, as it was read: it may still have another size."""

    pixels: Pixels
    """(H, W, 1 or 3)."""
    condition: Condition
    """What the map is."""

    def resized(self, height: int, width: int) -> Pixels:
        """Bring the map to a size."""
        if self.pixels.shape[:2] == (height, width):
            return self.pixels
        rows = torch.from_numpy(self.pixels.astype(np.float32)).permute(2, 0, 1)[None]
        resized = resize_maps(rows, self.condition, height, width).round()
        return resized[0].permute(1, 2, 0).numpy().astype(self.pixels.dtype)


@dataclass(frozen=True)
class Geometry:
    """The way an image becomes a training crop."""

    resize: int
    """The shorter side in pixels after resizing, which keeps the aspect; 0 leaves the image as it is."""
    crop: int
    """Side of the random training crop, in pixels, after `resize`."""
    flip: bool
    """Whether left and right are exchanged half of the time."""

    def apply(
        self, images: Sequence[Pixels], rng: np.random.Generator | None, path: Path, maps: Iterable[Aligned] = ()
    ) -> list[Pixels]:
        """Bring aligned images to scale, then crop and mirror all of them by one draw.

        Args:
            images: Images (H, W, 3) of one size. They are not altered; the results may share their memory.
            rng: The only source of chance; None keeps the whole image, as it is.
            path: The file that they came from, for the error.
            maps: Maps of the images, which are brought to their size first. They follow the images in the result.

        Raises:
            DataError: They are smaller than the crop.
        """
        images = [self._to_scale(image) for image in images]
        images += [each.resized(*images[0].shape[:2]) for each in maps]
        if rng is None:
            return images
        height, width = images[0].shape[:2]
        if min(height, width) < self.crop:
            raise DataError(self._too_small(path, height, width))
        y, x = (int(rng.integers(size - self.crop + 1)) for size in (height, width))
        crops = [image[y : y + self.crop, x : x + self.crop] for image in images]
        if self.flip and rng.integers(2):
            crops = [crop[:, ::-1] for crop in crops]
        return [np.ascontiguousarray(crop) for crop in crops]

    def misfit(self, path: Path, size: tuple[int, int]) -> Misfit | None:
        """Return what keeps an image of a size (width, height) from being cropped; None if nothing does."""
        width, height = self._scaled(*size)
        if min(height, width) >= self.crop:
            return None
        return Misfit(f"{self._seen(path, height, width)}, too small for a crop of {self.crop}×{self.crop}", min(size))

    def misfits(self, paths: Iterable[Path], sizes: Sizes) -> Iterator[Misfit]:
        """Yield the images that are too small to be cropped, each once; those without a size are passed over."""
        for path in dict.fromkeys(paths):
            if path in sizes and (misfit := self.misfit(path, sizes[path])):
                yield misfit

    def _to_scale(self, pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        shorter = min(height, width)
        if self.resize in (0, shorter):
            return pixels
        way = cv2.INTER_AREA if self.resize < shorter else cv2.INTER_CUBIC
        return cv2.resize(pixels, self._scaled(width, height), interpolation=way)

    def _scaled(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and the height after resizing."""
        shorter = min(height, width)
        if self.resize in (0, shorter):
            return width, height
        return round(width * self.resize / shorter), round(height * self.resize / shorter)

    def _seen(self, path: Path, height: int, width: int) -> str:
        resized = f" after -o resize={self.resize}" if self.resize else ""
        return f"{path} is {width}×{height}{resized}"

    def _too_small(self, path: Path, height: int, width: int) -> str:
        return (
            f"{self._seen(path, height, width)}, too small for a training crop of {self.crop}×{self.crop}; enlarge "
            f"the images with -o resize={self.crop} or more, or take -o crop={min(height, width)} or less"
        )
