"""Judges one image: the model's result, beside that of a method without a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from img2img.datasets.pixels import as_rgb, to_tensor
from img2img.errors import ImageError, UsageError
from img2img.evaluation.outcome import Way
from img2img.evaluation.pairs import Pair, read_pixels
from img2img.inference.picture import Picture
from img2img.nn import metrics
from img2img.nn.resize import imresize

if TYPE_CHECKING:
    from img2img.inference.model import Model
    from img2img.media import Pixels


@dataclass(frozen=True)
class Judge:
    """Reads images, runs the model, and compares the results.

    Raises:
        UsageError: A condition is wrong, the model makes pictures of noise, or sources cannot be made for it.
    """

    model: Model
    downscale: bool
    """Whether images are truths, of which sources are made."""
    crop: int | None
    """The number of pixels along each edge that do not count; None for the usual number."""
    max_pixels: int

    def __post_init__(self) -> None:
        self.model.check_takes_pictures()
        if self.downscale and (self.scale <= 1 or self.scale.denominator > 1):
            raise UsageError(
                f"{self.model.info.path} has a scale of {self.scale}, for which --downscale makes no sources; give "
                "--truth or --reference"
            )

    @property
    def scale(self) -> Fraction:
        """Return the model's scale."""
        return Fraction(self.model.translator.traits.scale)

    @property
    def cropped(self) -> int:
        """Return how many pixels are cropped along each edge: by default as many as the scale, as papers do."""
        if self.crop is not None:
            return self.crop
        return ceil(self.scale) if self.scale > 1 else 0

    @property
    def baseline(self) -> str:
        """Return the name of the method without a model."""
        return "identity" if self.scale == 1 else "bicubic"

    @property
    def protocol(self) -> dict[str, Any]:
        """Return in words how figures come about."""
        made = f"made of the truths by MATLAB's bicubic, 1/{self.scale}, rounded to 8 bits"
        return {
            "sources": made if self.downscale else "as they are",
            "crop": self.cropped,
            "precision": self.model.device.precision_name,
            "device": str(self.model.device),
            "baseline": self.baseline,
            "bicubic": "MATLAB's imresize, rounded to the bits of the source" if self.scale != 1 else None,
            "psnr": "RGB; equal images have 100 dB",
            "luma": "of psnr_y and ssim_y: ITU-R BT.601 in studio range",
            "ssim": "Wang et al. 2004, Gaussian window of 11 with sigma 1.5 where it fits wholly, mean of RGB",
            "ms_ssim": "Wang et al. 2003, five scales, mean of RGB",
            "swd": "patches of 7 on four Laplacian levels, not normalised, times 1000",
        }

    def results(self, pair: Pair, conditions: Mapping[str, Tensor]) -> tuple[dict[Way, Tensor], Tensor | None]:
        """Read a source and its truth and translate it.

        Args:
            pair: The source and its truth.
            conditions: The row of each of its conditions.

        Returns:
            (3, H, W) in [0, 1] for each way, and the truth of the same size, where there is one.

        Raises:
            ItemError: An image cannot be read, source and truth do not fit, or the network failed.
        """
        source, truth = self._read(pair)
        result = self.model(source, **conditions)
        if truth is not None:
            truth = self._fitted(truth, result, pair)
        return {"model": to_tensor(as_rgb(result)), "baseline": self._baseline(source, result)}, truth

    def figures(self, image: Tensor, truth: Tensor) -> dict[str, float]:
        """Compare (3, H, W) with the truth; images that are too small get no MS-SSIM."""
        crop = self.cropped
        pair = image[None], truth[None]
        found = {
            "psnr": metrics.psnr(*pair, crop),
            "psnr_y": metrics.psnr_y(*pair, crop),
            "ssim": metrics.ssim(*pair, crop),
            "ssim_y": metrics.ssim_y(*pair, crop),
        }
        if min(image.shape[1:]) - 2 * crop >= metrics.SMALLEST_MS_SSIM:
            found["ms_ssim"] = metrics.ms_ssim(*pair, crop)
        return {name: value.item() for name, value in found.items()}

    def read(self, path: Path) -> Tensor:
        """Read an image as RGB, (3, H, W) in [0, 1].

        Raises:
            ImageError: The file is no readable image.
        """
        return to_tensor(as_rgb(read_pixels(path, self.max_pixels)))

    def _read(self, pair: Pair) -> tuple[Pixels, Tensor | None]:
        if not self.downscale:
            return read_pixels(pair.source, self.max_pixels), self.read(pair.truth) if pair.truth else None
        whole, scale = self.read(pair.source), int(self.scale)
        height, width = (size // scale * scale for size in whole.shape[1:])
        if not height or not width:
            raise ImageError(f"{pair.source}: it is too small to be reduced {scale} times")
        truth = whole[:, :height, :width]
        reduced = imresize(truth, Fraction(1, scale)).clamp(0, 1).mul(255).round()
        return reduced.byte().permute(1, 2, 0).numpy(), truth

    def _fitted(self, truth: Tensor, result: Pixels, pair: Pair) -> Tensor:
        """Cut from a truth the pixels that are left over because its size is no multiple of the scale."""
        height, width = result.shape[:2]
        over = max(truth.shape[1] - height, truth.shape[2] - width)
        if truth.shape[1] < height or truth.shape[2] < width or over >= max(1, self.scale):
            raise ImageError(
                f"{pair.truth}: it is {truth.shape[2]}×{truth.shape[1]}, and the result "
                f"{width}×{height}; a truth is {self.scale} times as large as its source"
            )
        if min(height, width) <= 2 * self.cropped:
            raise ImageError(
                f"{pair.source}: of its result, {width}×{height}, nothing is left when {self.cropped} "
                "pixels are cropped along each edge; give --crop 0"
            )
        return truth[:, :height, :width]

    def _baseline(self, source: Pixels, result: Pixels) -> Tensor:
        """Enlarge the network's input to the size of the result."""
        seen = to_tensor(as_rgb(Picture.enter(source, self.model.translator.traits).entering))
        if self.scale == 1:
            return seen
        levels = np.iinfo(source.dtype).max
        resized = imresize(seen, self.scale).clamp(0, 1).mul(levels).round().div(levels)
        return resized[:, : result.shape[0], : result.shape[1]]
