"""FID and KID against what torchmetrics says of the same features, and against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from img2img.evaluation.features import frechet_distance, kernel_distance

from .formulas import FID_BY_TORCHMETRICS, KID_BY_TORCHMETRICS, fid_of, images, kid_of, quarters


@pytest.fixture
def features() -> tuple[Tensor, Tensor]:
    """(24, 12) and (20, 12)."""
    return quarters(images(24, 0, 1.0)), quarters(images(20, 1, 0.6))


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
