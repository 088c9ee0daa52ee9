"""imresize against MATLAB's definition, written out in slow loops."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from img2img.nn.resize import imresize

from .formulas import slow_imresize

SCALES = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 4), 2, 3, 4]


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize("shape", [(12, 24), (13, 17), (7, 5), (2, 1)], ids=str)
def test_it_agrees_with_matlabs_definition(shape: tuple[int, int], scale: int | Fraction) -> None:
    image = np.random.default_rng(shape).random(shape)
    result = imresize(torch.from_numpy(image), scale)
    assert result.shape == tuple(math.ceil(Fraction(scale) * size) for size in shape)
    np.testing.assert_allclose(result.numpy(), slow_imresize(image, float(scale)), rtol=0, atol=1e-12)


def test_a_step_enlarged_twice_has_the_numbers_worked_out_by_hand() -> None:
    """At distances 1.75, 0.75, 0.25, 1.25 the kernel is -3, 29, 111, -9 over 128; edges are mirrored."""
    step = torch.tensor([[0.0, 0.0, 1.0, 1.0]], dtype=torch.float64)
    expected = torch.tensor([0, -3, -9, 26, 102, 137, 131, 128], dtype=torch.float64) / 128
    result = imresize(step, 2)
    assert result.shape == (2, 8)
    torch.testing.assert_close(result, expected.expand(2, 8), rtol=0, atol=1e-15)


def test_an_impulse_halved_has_the_numbers_worked_out_by_hand() -> None:
    """Halving stretches the kernel by two; its eight weights are -3, -9, 29, 111, 111, 29, -9, -3 over 256."""
    impulse = torch.zeros(1, 16, dtype=torch.float64)
    impulse[0, 7] = 1
    expected = torch.tensor([[0, 0, -9, 111, 29, -3, 0, 0]], dtype=torch.float64) / 256
    torch.testing.assert_close(imresize(impulse, Fraction(1, 2)), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("scale", SCALES, ids=str)
def test_a_constant_image_stays_constant(scale: int | Fraction) -> None:
    image = torch.full((2, 3, 11, 8), 0.3, dtype=torch.float64)
    result = imresize(image, scale)
    torch.testing.assert_close(result, torch.full_like(result, 0.3), rtol=0, atol=1e-14)


def test_float32_images_of_a_batch_are_resized_each_for_itself() -> None:
    images = torch.rand(3, 3, 20, 16, generator=torch.Generator().manual_seed(0))
    together = imresize(images, Fraction(1, 4))
    assert together.dtype == torch.float32
    torch.testing.assert_close(together[1:2], imresize(images[1:2], Fraction(1, 4)))
