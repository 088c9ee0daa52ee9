"""Measures how far two sets of images are apart in the features of a network, which gives FID and KID."""

from __future__ import annotations

import torch
from torch import Tensor

_BLOCK = 1000
"""The number of rows of a kernel that are in memory at once."""


def frechet_distance(features: Tensor, others: Tensor) -> float:
    """Compute the distance of two normal distributions fitted to the features (Heusel et al. 2017, equation 6).

    |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½), in float64. With Σ = AᵀA, the eigenvalues of (Σ₁Σ₂)^½ are the singular
    values of A₁A₂ᵀ, which are never complex, and exact also where there are fewer images than features.

    Args:
        features: (N, D), N ≥ 2.
        others: (M, D), M ≥ 2.
    """
    means, roots = zip(*map(_mean_and_root, (features, others)), strict=True)
    traces = sum(root.square().sum() for root in roots)
    shared = torch.linalg.svdvals(roots[0] @ roots[1].T).sum()
    return float((means[0] - means[1]).square().sum() + traces - 2 * shared)


def kernel_distance(features: Tensor, others: Tensor) -> float:
    """Compute the unbiased squared maximum mean discrepancy (Bińkowski et al. 2018, sections 3 and 4).

    The kernel is (xᵀy / D + 1)³. It is taken over all images instead of random subsets, so
    that nothing is left to chance; it can be a little below 0.

    Args:
        features: (N, D), N ≥ 2.
        others: (M, D), M ≥ 2.
    """
    features, others = features.double(), others.double()
    own = sum(
        (_kernel_sum(set_, set_) - _diagonal(set_)) / (len(set_) * (len(set_) - 1)) for set_ in (features, others)
    )
    return own - 2 * _kernel_sum(features, others) / (len(features) * len(others))


def _mean_and_root(features: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the mean (D), and a matrix A of at most D rows with AᵀA = Σ."""
    features = features.double()
    mean = features.mean(0)
    centred = (features - mean) / (len(features) - 1) ** 0.5
    return mean, torch.linalg.qr(centred, mode="r").R


def _kernel_sum(features: Tensor, others: Tensor) -> float:
    products = (block @ others.T / features.shape[1] for block in torch.split(features, _BLOCK))
    return sum(((product + 1) ** 3).sum().item() for product in products)


def _diagonal(features: Tensor) -> float:
    return ((features.square().sum(1) / features.shape[1] + 1) ** 3).sum().item()
