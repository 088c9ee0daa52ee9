"""The outcome of an evaluation: figures of each image and of all together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from img2img.nn.metrics import SMALLEST_MS_SSIM

Way = Literal["model", "baseline"]
Figures = Mapping[str, float]

BY_TRUTH = ("psnr", "psnr_y", "ssim", "ssim_y", "ms_ssim")
"""The names of the figures of single images."""
DISTANCES = ("swd", "swd_level_1", "swd_level_2", "swd_level_3", "swd_level_4", "fid", "kid")
"""The names of the figures of all results together, beside the images of reference."""

NEARLY_EQUAL = 99.99
"""A PSNR in dB from which on a result counts as free of errors, with 100 dB."""


@dataclass(frozen=True)
class Judged:
    """One image with its figures."""

    name: str
    figures: Mapping[Way, Figures] = field(default_factory=dict)
    """The figures by way and name; empty where there is no truth."""
    reason: str = ""
    """The reason why the image counts in no figure; empty where it does."""


@dataclass(frozen=True)
class Total:
    """A figure of all images together."""

    value: float
    images: int
    """The number of images that it is of."""


@dataclass(frozen=True)
class Evaluation:
    """The outcome of an evaluation: each image, and the figures of all together."""

    about: Mapping[str, Any]
    """All that the figures depend on, as JSON can hold it."""
    images: list[Judged]
    unread: list[Judged]
    """The images of reference that cannot be read."""
    distances: Mapping[Way, Figures]
    """The distances of all results from the images of reference, by way and name."""

    @property
    def judged(self) -> list[Judged]:
        """Return the images that count in the figures."""
        return [image for image in self.images if not image.reason]

    @property
    def failed(self) -> list[Judged]:
        """Return the images, and images of reference, that count in no figure."""
        return [image for image in [*self.images, *self.unread] if image.reason]

    @property
    def ways(self) -> dict[Way, str]:
        """Return the names of the model and of what it is compared with."""
        return {"model": self.about["model"]["name"], "baseline": self.about["protocol"]["baseline"]}

    def totals(self, way: Way) -> dict[str, Total]:
        """Return the means of the images' figures, each over the images that have it, and the distances of sets."""
        found: dict[str, list[float]] = {}
        for image in self.judged:
            for name, value in image.figures.get(way, {}).items():
                found.setdefault(name, []).append(value)
        means = {name: Total(sum(values) / len(values), len(values)) for name, values in found.items()}
        return means | {name: Total(value, len(self.judged)) for name, value in self.distances.get(way, {}).items()}

    @property
    def notes(self) -> list[str]:
        """Return remarks that a reader of the figures needs."""
        return [*self._notes_on_images(), *self._notes_on_features()]

    def _notes_on_images(self) -> Iterator[str]:
        with_truth = [image for image in self.judged if image.figures]
        large = sum("ms_ssim" in image.figures["model"] for image in with_truth)
        if large < len(with_truth):
            yield (
                f"MS-SSIM is of {large} of {len(with_truth)} images; the others have less than {SMALLEST_MS_SSIM} "
                "pixels along a side within the crop, which its five scales need"
            )
        for way, called in self.ways.items():
            if equal := sum(image.figures[way]["psnr"] > NEARLY_EQUAL for image in with_truth):
                yield f"{equal} of {len(with_truth)} images of {called} equal their truths; these count as 100 dB"

    def _notes_on_features(self) -> Iterator[str]:
        extractor = self.about["extractor"]
        if extractor is None or not self.distances:
            return
        fewest = min(len(self.judged), self.about["data"]["references"]["count"])
        if fewest < 2:
            yield "FID and KID need two images on either side, and there are fewer"
        elif fewest < extractor["features"]:
            yield (
                f"FID of {fewest} images and {extractor['features']} features is too high, the more so the fewer the "
                "images are: compare it only with that of as many; KID has no such bias"
            )
