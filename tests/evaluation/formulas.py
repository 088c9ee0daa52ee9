"""FID and KID as their formulas say, and what torchmetrics 1.9.0 says of features without chance."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FID_BY_TORCHMETRICS = 0.46291153496253534
"""FrechetInceptionDistance(feature=QUARTERS, input_img_size=(3, 8, 8)) in float64, of `images(24, 0, 1.0)` and
`images(20, 1, 0.6)`, where QUARTERS is the network of `quarters`."""
KID_BY_TORCHMETRICS = 0.1943454880073241
"""KernelInceptionDistance(feature=QUARTERS, subsets=1, subset_size=20), of the first 20 of each."""


def images(count: int, seed: int, gain: float) -> Tensor:
    """Numbers without chance, (count, 3, 8, 8)."""
    numbers = torch.arange(count * 3 * 8 * 8).view(count, 3, 8, 8)
    return ((numbers * 7919 + seed * 104729) % 251) * gain / 255


def quarters(images: Tensor) -> Tensor:
    """Means of each channel in four quarters: (N, 12)."""
    return images.double().unflatten(2, (2, -1)).unflatten(4, (2, -1)).mean((3, 5)).flatten(1)


def fid_of(a: np.ndarray, b: np.ndarray) -> float:
    """Heusel et al. 2017 with the eigenvalues of the product of the covariances."""
    product = np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)
    root = np.sqrt(np.linalg.eigvals(product).astype(complex)).real.sum()
    gap = np.square(a.mean(0) - b.mean(0)).sum()
    return float(gap + np.trace(np.cov(a, rowvar=False)) + np.trace(np.cov(b, rowvar=False)) - 2 * root)


def kid_of(a: np.ndarray, b: np.ndarray) -> float:
    """Bińkowski et al. 2018, equation 4, pair by pair."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    def within(rows: np.ndarray) -> float:
        return float(np.mean([kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]))

    return within(a) + within(b) - 2 * float(np.mean([kernel(x, y) for x in a for y in b]))
