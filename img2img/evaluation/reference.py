"""Compares results with a set of images of the wanted domain, none of which is the truth of any of them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from img2img.evaluation.extractor import Extractor
from img2img.evaluation.features import frechet_distance, kernel_distance
from img2img.nn.distribution import PatchSet


class Reference:
    """Holds what the distances need of the wanted images, and then of each way's results.

    Args:
        images: (3, H, W) each, in [0, 1]; at least one.
        extractor: The network that makes the features for FID and KID, if there is one.
    """

    def __init__(self, images: Iterable[Tensor], extractor: Extractor | None) -> None:
        self._extractor = extractor
        self._rng = torch.Generator().manual_seed(0)
        self._wanted = _Set(self._rng, extractor)
        self._ways: dict[str, _Set] = {}
        for image in images:
            self._wanted.add(image)

    def __len__(self) -> int:
        return self._wanted.count

    def add(self, way: str, image: Tensor) -> None:
        """Take one result."""
        if way not in self._ways:  # each way draws the same patches, so that chance makes no difference
            self._ways[way] = _Set(self._rng.clone_state(), self._extractor)
        self._ways[way].add(image)

    def distances(self, way: str) -> dict[str, float]:
        """Return how far the results are from the wanted images, by each figure that their number allows."""
        found, wanted = self._ways[way], self._wanted
        levels = found.patches.distances(wanted.patches)
        figures = {"swd": sum(levels) / len(levels)}
        figures |= {f"swd_level_{number}": distance for number, distance in enumerate(levels, 1)}
        if self._extractor and min(found.count, wanted.count) > 1:
            features = torch.stack(found.features), torch.stack(wanted.features)
            figures |= {"fid": frechet_distance(*features), "kid": kernel_distance(*features)}
        return figures


class _Set:
    def __init__(self, rng: torch.Generator, extractor: Extractor | None) -> None:
        self._extractor, self.patches, self.count = extractor, PatchSet(rng), 0
        self.features: list[Tensor] = []

    def add(self, image: Tensor) -> None:
        """Take one image."""
        if self._extractor:
            self.features.append(self._extractor(image))
        self.patches.add(image)
        self.count += 1
