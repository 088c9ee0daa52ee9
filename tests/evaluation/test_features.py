"""FID and KID against what torchmetrics 1.9.0 says of the same features, and against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from img2img.evaluation.features import frechet_distance, kernel_distance

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


@pytest.fixture
def features() -> tuple[Tensor, Tensor]:
    """(24, 12) and (20, 12)."""
    return quarters(images(24, 0, 1.0)), quarters(images(20, 1, 0.6))


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


def test_fid_is_that_of_torchmetrics(features: tuple[Tensor, Tensor]) -> None:
    assert frechet_distance(*features) == pytest.approx(FID_BY_TORCHMETRICS, rel=1e-9)


def test_kid_is_that_of_torchmetrics(features: tuple[Tensor, Tensor]) -> None:
    assert kernel_distance(features[0][:20], features[1]) == pytest.approx(KID_BY_TORCHMETRICS, rel=1e-9)


def test_both_agree_with_their_formulas_on_sets_of_different_size(features: tuple[Tensor, Tensor]) -> None:
    arrays = [set_.numpy() for set_ in features]
    assert frechet_distance(*features) == pytest.approx(fid_of(*arrays), rel=1e-9)
    assert kernel_distance(*features) == pytest.approx(kid_of(*arrays), rel=1e-9)


def test_fid_agrees_with_its_formula_where_there_are_fewer_images_than_features(
    features: tuple[Tensor, Tensor],
) -> None:
    few = features[0][:5], features[1][:7]
    assert frechet_distance(*few) == pytest.approx(fid_of(*(set_.numpy() for set_ in few)), rel=1e-5)


def test_a_set_is_nowhere_from_itself(features: tuple[Tensor, Tensor]) -> None:
    """KID without bias is a little below 0 then: an image is not compared with itself."""
    assert frechet_distance(features[0], features[0]) == pytest.approx(0, abs=1e-12)
    assert -0.01 < kernel_distance(features[0], features[0]) <= 0


def test_kid_does_not_grow_with_fewer_images_and_fid_does() -> None:
    chance = torch.Generator().manual_seed(0)
    sets = torch.randn(2, 200, 10, 16, generator=chance)
    pairs = list(zip(*sets, strict=True))
    assert abs(np.mean([kernel_distance(*pair) for pair in pairs])) < 0.05
    assert np.mean([frechet_distance(*pair) for pair in pairs]) > 5


def test_a_kernel_that_is_summed_in_blocks_is_the_whole(
    features: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = kernel_distance(*features)
    monkeypatch.setattr("img2img.evaluation.features._BLOCK", 7)
    assert kernel_distance(*features) == pytest.approx(whole, rel=1e-12)
