"""The distance of two sets of images."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from img2img.nn.distribution import laplacian_pyramid, sliced_wasserstein

Images = list[Tensor]


@pytest.fixture(scope="module")
def textures() -> Images:
    """Sixteen images of noise in three sizes of grain, (3, 56, 56) each."""
    chance = torch.Generator().manual_seed(0)
    grains = [torch.rand(16, 3, 56 // grain, 56 // grain, generator=chance) for grain in (1, 4, 14)]
    return list(sum(interpolate(grain, (56, 56)) for grain in grains) / 3)


def changed(images: Images, change: Callable[[Tensor], Tensor]) -> Images:
    return [change(image) for image in images]


def blurred(amount: int) -> Callable[[Tensor], Tensor]:
    side = 2 * amount + 1
    return lambda image: avg_pool2d(pad(image[None], (amount,) * 4, mode="reflect"), side, 1)[0]


def contrast(factor: float) -> Callable[[Tensor], Tensor]:
    return lambda image: (image - 0.5) * factor + 0.5


def tint(amount: float) -> Callable[[Tensor], Tensor]:
    return lambda image: image + torch.tensor([amount, 0, -amount]).view(3, 1, 1)


def test_flat_sets_of_one_colour_are_nowhere_apart() -> None:
    flat = [torch.full((3, 32, 40), 0.3)] * 3
    assert sliced_wasserstein(flat, flat) == pytest.approx([0, 0, 0], abs=1e-3)


def test_a_set_is_near_itself_and_its_other_half(textures: Images) -> None:
    """Not exactly 0: other patches are drawn of each set."""
    noise = sliced_wasserstein(textures, textures)
    halves = sliced_wasserstein(textures[::2], textures[1::2])
    far = sliced_wasserstein(textures, changed(textures, contrast(0.5)))
    assert len(noise) == 4
    assert all(near < 0.25 * other for near, other in zip(noise[:3], far[:3], strict=True))
    assert all(near < 0.5 * other for near, other in zip(halves[:3], far[:3], strict=True))


@pytest.mark.parametrize(
    ("change", "amounts", "level"),
    [(blurred, (0, 1, 2), 0), (contrast, (1.0, 0.7, 0.4, 0.0), 0), (contrast, (1.0, 1.5, 2.0), 0),
     (contrast, (1.0, 0.7, 0.4, 0.0), 1), (tint, (0.0, 0.1, 0.2, 0.4), 3)],
    ids=["blur", "less contrast", "more contrast", "less coarse contrast", "tint"],
)  # fmt: skip
def test_it_grows_with_what_was_done_to_the_images(
    change: Callable[[float], Callable[[Tensor], Tensor]], amounts: tuple[float, ...], level: int, textures: Images
) -> None:
    distances = [sliced_wasserstein(changed(textures, change(amount)), textures)[level] for amount in amounts]
    assert all(later > 1.2 * earlier for earlier, later in pairwise(distances))
    assert distances[-1] > 3 * distances[0]


def test_a_shift_of_colour_shows_on_the_last_level_alone(textures: Images) -> None:
    before, after = (sliced_wasserstein(changed(textures, tint(amount)), textures) for amount in (0.0, 0.3))
    assert after[:3] == pytest.approx(before[:3], rel=0.05)
    assert after[3] > 3 * before[3]


def test_a_uniform_shift_is_the_mean_length_of_its_projections() -> None:
    """Of flat images a patch is one vector v; a random direction sees |v| / sqrt(n) sqrt(2 / π) of it."""
    flat = [torch.full((3, 8, 8), value) for value in (0.2, 0.5)]
    expected = 1000 * 0.3 * math.sqrt(2 / math.pi)
    assert sliced_wasserstein(flat[:1], flat[1:]) == pytest.approx([expected], rel=0.15)


def test_sets_may_differ_in_number_and_images_in_size(textures: Images) -> None:
    crops = [image[:, : 40 + index, : 56 - index] for index, image in enumerate(textures[:12])]
    same = sliced_wasserstein(crops, textures)
    other = sliced_wasserstein(changed(crops, contrast(0.5)), textures)
    assert len(same) == len(other) == 3
    assert all(near < 0.5 * far for near, far in zip(same[:2], other[:2], strict=True))


def test_it_is_deterministic_and_chance_outside_does_not_matter(textures: Images) -> None:
    first = sliced_wasserstein(textures[:8], textures[8:16])
    torch.manual_seed(9)
    state = torch.get_rng_state()
    assert sliced_wasserstein(textures[:8], textures[8:16]) == first
    assert torch.equal(torch.get_rng_state(), state)
    assert sliced_wasserstein(textures[:8], textures[8:16], seed=1) != first


@pytest.mark.parametrize(("size", "levels"), [(7, 1), (13, 1), (14, 2), (27, 2), (28, 3), (55, 3), (56, 4), (99, 4)])
def test_small_images_have_fewer_levels(size: int, levels: int) -> None:
    images = [torch.rand(3, size, size + 5) for _ in range(3)]
    distances = sliced_wasserstein(images[:2], images[2:])
    assert len(distances) == levels
    assert all(0 <= distance < 1000 for distance in distances)


@pytest.mark.parametrize("size", [(16, 16), (21, 34)], ids=str)
def test_the_bands_of_a_pyramid_and_its_remainder_make_up_the_image(size: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *size)
    bands = laplacian_pyramid(images, 3)
    assert [band.shape[-1] for band in bands] == [size[1], -(-size[1] // 2), -(-size[1] // 4)]
    rebuilt = bands[-1]
    for band in reversed(bands[:-1]):
        rebuilt = band + interpolate(rebuilt, band.shape[-2:], mode="bilinear")
    torch.testing.assert_close(rebuilt, images)


def test_what_remains_of_a_pyramid_is_blurred_before_it_is_halved() -> None:
    images = torch.rand(1, 3, 12, 16)
    taps = torch.tensor([1.0, 4, 6, 4, 1])
    kernel = (torch.outer(taps, taps) / 256).view(1, 1, 5, 5).repeat(3, 1, 1, 1)
    expected = conv2d(pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=3, stride=2)
    torch.testing.assert_close(laplacian_pyramid(images, 2)[1], expected)
