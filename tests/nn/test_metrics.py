"""Metrics against formulas written out in numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from img2img.errors import UsageError
from img2img.nn import metrics

from .formulas import decibel, luma_of, ms_ssim_of, ssim_of


@pytest.fixture(scope="module")
def pair() -> tuple[Tensor, Tensor]:
    """Two images and noisy copies of them, (2, 3, 31, 40)."""
    chance = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.linspace(0, 1, 31), torch.linspace(0, 1, 40), indexing="ij")
    truth = torch.stack([torch.stack([x, y, (x * 9).sin() / 2 + 0.5]), torch.stack([y * x, 1 - x, y])])
    noise = torch.randn(truth.shape, generator=chance) * torch.tensor([0.02, 0.2]).view(2, 1, 1, 1)
    return (truth + noise).clamp(0, 1), truth


def test_luma_of_white_is_235_and_of_black_is_16() -> None:
    ends = torch.stack([torch.zeros(3, 1, 1), torch.ones(3, 1, 1)])
    torch.testing.assert_close(metrics.luma(ends).flatten() * 255, torch.tensor([16.0, 235.0]))


def test_red_green_and_blue_have_the_luma_of_matlabs_rgb2ycbcr() -> None:
    primaries = torch.eye(3).view(3, 3, 1, 1)
    expected = torch.tensor([81.481, 144.553, 40.966])
    torch.testing.assert_close(metrics.luma(primaries).flatten() * 255, expected)


@pytest.mark.parametrize("crop", [0, 4])
def test_psnr_y_agrees_with_the_formula_for_each_image(pair: tuple[Tensor, Tensor], crop: int) -> None:
    inside = np.s_[crop : 31 - crop, crop : 40 - crop]
    expected = [decibel(luma_of(image)[inside], luma_of(truth)[inside]) for image, truth in zip(*pair, strict=True)]
    assert metrics.psnr_y(*pair, crop).tolist() == pytest.approx(expected, abs=1e-3)


def test_psnr_of_a_difference_of_one_level_is_48_decibel() -> None:
    grey = torch.full((1, 3, 8, 8), 100 / 255)
    assert metrics.psnr(grey, grey + 1 / 255).item() == pytest.approx(20 * math.log10(255), abs=1e-3)


def test_on_grey_images_studio_range_adds_20_log10_of_255_over_219(pair: tuple[Tensor, Tensor]) -> None:
    grey = [images.mean(1, keepdim=True).expand(-1, 3, -1, -1) for images in pair]
    gain = metrics.psnr_y(*grey, 0) - metrics.psnr(*grey)  # type: ignore[call-arg]
    assert gain.tolist() == pytest.approx([20 * math.log10(255 / 219)] * 2, abs=1e-3)


def test_equal_images_have_a_finite_psnr() -> None:
    image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert metrics.psnr(image, image).item() == pytest.approx(100)


@pytest.mark.parametrize("crop", [0, 3])
def test_ssim_agrees_with_the_formula_for_each_image(pair: tuple[Tensor, Tensor], crop: int) -> None:
    images, truth = (batch.double().numpy()[..., crop : 31 - crop, crop : 40 - crop] for batch in pair)
    planes = [[ssim_of(image[c], true[c]) for c in range(3)] for image, true in zip(images, truth, strict=True)]
    expected = [float(np.mean(channels)) for channels in planes]
    assert metrics.ssim(*pair, crop).tolist() == pytest.approx(expected, abs=1e-3)
    assert expected[0] > expected[1] + 0.1  # or the noise would not matter


def test_ssim_y_agrees_with_the_formula(pair: tuple[Tensor, Tensor]) -> None:
    expected = [ssim_of(luma_of(a) / 255, luma_of(b) / 255) for a, b in zip(*pair, strict=True)]
    assert metrics.ssim_y(*pair, 0).tolist() == pytest.approx(expected, abs=1e-3)


def test_ssim_of_an_image_with_itself_is_one(pair: tuple[Tensor, Tensor]) -> None:
    assert metrics.ssim(pair[1], pair[1]).tolist() == pytest.approx([1, 1])


def test_ssim_of_an_image_smaller_than_its_window_is_not_nan() -> None:
    small = torch.rand(1, 3, 9, 30, generator=torch.Generator().manual_seed(0))
    assert metrics.ssim(small, small).item() == pytest.approx(1)
    assert -1 <= metrics.ssim(small, 1 - small).item() < 0.5


@pytest.fixture(scope="module")
def large() -> tuple[Tensor, Tensor]:
    """An image and a noisy, darker copy of it, (1, 3, 165, 178)."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 165), torch.linspace(0, 1, 178), indexing="ij")
    truth = torch.stack([x, (y * 30).sin() / 2 + 0.5, (x * y * 20).cos() / 2 + 0.5])[None]
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0)) * 0.1
    return (0.8 * truth + noise).clamp(0, 1), truth


@pytest.mark.parametrize("crop", [0, 2])
def test_ms_ssim_agrees_with_the_formula(large: tuple[Tensor, Tensor], crop: int) -> None:
    """Also where a scale has an odd number of rows."""
    image, truth = (batch.double().numpy()[0, :, crop : 165 - crop, crop : 178 - crop] for batch in large)
    expected = np.mean([ms_ssim_of(*channels) for channels in zip(image, truth, strict=True)])
    assert metrics.ms_ssim(*large, crop).item() == pytest.approx(expected, abs=1e-4)
    assert abs(expected - metrics.ssim(*large).item()) > 0.1  # or the scales would not matter


def test_ms_ssim_of_an_image_with_itself_is_one_and_of_its_negative_a_number(large: tuple[Tensor, Tensor]) -> None:
    assert metrics.ms_ssim(large[1], large[1]).item() == pytest.approx(1)
    assert metrics.ms_ssim(large[1], 1 - large[1]).item() == 0


def test_ms_ssim_refuses_an_image_that_is_too_small_for_its_scales(large: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(UsageError, match="needs 161 pixels along each side, not 172×159"):
        metrics.ms_ssim(*large, 3)
    assert metrics.ms_ssim(*large, 2).isfinite()


def detail_of(image: np.ndarray) -> float:
    """The finest level of a Laplacian pyramid of one channel, by explicit sums."""
    height, width = image.shape
    line = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(image, 2, mode="reflect")
    blurred = np.array(
        [[line @ padded[y : y + 5, x : x + 5] @ line for x in range(0, width, 2)] for y in range(0, height, 2)]
    )

    def doubled(size: int, coarse: int) -> np.ndarray:
        weights = np.zeros((size, coarse))
        for at in range(size):
            place = min(max((at + 0.5) * coarse / size - 0.5, 0), coarse - 1)
            low = min(int(place), coarse - 2)
            weights[at, low], weights[at, low + 1] = 1 - (place - low), place - low
        return weights

    coarse = doubled(height, blurred.shape[0]) @ blurred @ doubled(width, blurred.shape[1]).T
    return float(np.mean((image - coarse) ** 2))


def test_detail_agrees_with_the_formula_for_each_image(pair: tuple[Tensor, Tensor]) -> None:
    expected = [np.mean([detail_of(channel) for channel in image]) for image in pair[0].double().numpy()]
    assert metrics.detail(pair[0]).tolist() == pytest.approx(expected, rel=1e-4)


def test_detail_of_a_flat_image_and_of_a_ramps_inside_is_nothing() -> None:
    ramp = torch.linspace(0, 1, 33).expand(1, 3, 33, 33)
    assert metrics.detail(torch.full((1, 3, 33, 33), 0.5)).item() == pytest.approx(0, abs=1e-10)
    assert metrics.detail(ramp).item() < 1e-3


def test_detail_of_a_checkerboard_is_its_whole_contrast() -> None:
    """The 5-tap binomial blur takes the checkerboard away entirely: what is left is ± 0.25 squared."""
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    board = (0.5 + 0.25 * (1 - 2 * ((x + y) % 2)).float()).expand(1, 3, 32, 32)
    assert metrics.detail(board).item() == pytest.approx(0.25**2, rel=1e-4)


def test_more_noise_is_more_detail(pair: tuple[Tensor, Tensor]) -> None:
    clean, noisy = metrics.detail(pair[1]), metrics.detail(pair[0])
    assert (noisy > clean).all()
    assert noisy[1] > 10 * clean[1]


def test_rounding_to_8_bit_gives_whole_levels() -> None:
    rounded = metrics.to_8_bit(torch.tensor([-0.1, 0.0, 0.4999 / 255, 0.5001 / 255, 0.5, 1.2]))
    torch.testing.assert_close(rounded * 255, torch.tensor([0.0, 0, 0, 1, 128, 255]))
