"""Padding to the sizes that a network takes, and cropping back."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from img2img.contract.families import Translator
from img2img.contract.traits import Traits
from img2img.nn.sizes import fitting, reflect, translate_any_size

SIZES = range(1, 10)


class Checked(Translator):
    """Enlarges by nearest neighbour, and is as strict about sizes as it says."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        for size in images.shape[-2:]:
            assert size % self.traits.multiple_of == 0
            assert size >= self.traits.minimum_size
        return interpolate(images, scale_factor=float(self.traits.scale), mode="nearest")


def checked(multiple_of: int, minimum_size: int, scale: int | Fraction = 1) -> Checked:
    return Checked(nn.Identity(), Traits(scale=scale, multiple_of=multiple_of, minimum_size=minimum_size))


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize(("multiple_of", "minimum_size"), [(1, 1), (1, 7), (4, 1), (4, 10), (8, 64), (3, 3)])
def test_any_size_comes_back_times_the_scale(multiple_of: int, minimum_size: int, scale: int) -> None:
    translator = checked(multiple_of, minimum_size, scale)
    for height in SIZES:
        for width in SIZES:
            images = torch.arange(2.0 * height * width).view(2, 1, height, width)
            result = translate_any_size(translator, images)
            torch.testing.assert_close(result, images.repeat_interleave(scale, 2).repeat_interleave(scale, 3))


def test_a_network_that_halves_rounds_odd_sizes_down() -> None:
    images = torch.arange(35.0).view(1, 1, 5, 7)
    result = translate_any_size(checked(2, 1, Fraction(1, 2)), images)
    torch.testing.assert_close(result, images[..., :4:2, :6:2])


def test_conditions_reach_the_translator() -> None:
    class Tinted(Translator):
        def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
            return images + conditions["tint"].view(-1, 1, 1, 1)

    images = torch.zeros(2, 3, 5, 5)
    result = translate_any_size(Tinted(nn.Identity()), images, tint=torch.tensor([1.0, 2.0]))
    assert result[:, 0, 0, 0].tolist() == [1, 2]


@pytest.mark.parametrize("size", SIZES)
def test_padding_equals_torchs_reflection_where_torch_can_do_it(size: int) -> None:
    images = torch.rand(2, 3, size, 9, generator=torch.Generator().manual_seed(size))
    for bottom in range(size):
        for right in range(9):
            assert torch.equal(reflect(images, right, bottom), pad(images, (0, right, 0, bottom), mode="reflect"))


def test_padding_beyond_the_image_goes_to_and_fro() -> None:
    line = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert reflect(line, 7, 2).tolist() == [[[[1, 2, 3, 2, 1, 2, 3, 2, 1, 2]] * 3]]


@pytest.mark.parametrize(("size", "expected"), [(1, 12), (12, 12), (13, 16), (16, 16), (17, 20)])
def test_the_fitting_size_is_the_smallest_that_is_allowed(size: int, expected: int) -> None:
    assert fitting(size, Traits(multiple_of=4, minimum_size=10)) == expected


class Tinted(Translator):
    """Multiplies red, green and blue by 0.9, 0.4 and 0.2."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return images * torch.tensor([0.9, 0.4, 0.2])[:, None, None]


@pytest.mark.parametrize(("keeps_colour", "expected"), [(True, [0.5267, 0.5267, 0.5267]), (False, [0.9, 0.4, 0.2])])
def test_a_preview_of_a_grey_image_has_the_colours_that_its_translation_has(
    keeps_colour: bool, expected: list[float]
) -> None:
    grey, coloured = torch.ones(3, 4, 5), torch.ones(3, 4, 5)
    coloured[2, 3, 4] = 0.5
    result = translate_any_size(Tinted(nn.Identity(), Traits(keeps_colour=keeps_colour)), torch.stack([grey, coloured]))
    torch.testing.assert_close(result[0, :, 2, 2], torch.tensor(expected), atol=1e-4, rtol=0)
    torch.testing.assert_close(result[1, :, 2, 2], torch.tensor([0.9, 0.4, 0.2]))
