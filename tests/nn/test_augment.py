"""DiffAugment: how far images are changed, each by itself, in any number of channels."""

from __future__ import annotations

import pytest
import torch

from img2img.nn.augment import diff_augment


@pytest.mark.parametrize("size", [(3, 16, 16), (5, 17, 9), (1, 4, 4)])
def test_the_shape_stays_and_the_gradient_passes(size: tuple[int, int, int]) -> None:
    images = torch.rand(4, *size, requires_grad=True)
    result = diff_augment(images)
    assert result.shape == images.shape
    (gradient,) = torch.autograd.grad(result.sum(), images)
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def test_each_image_has_a_draw_of_its_own() -> None:
    one = torch.rand(1, 3, 16, 16)
    first, second = diff_augment(torch.cat([one, one]))
    assert not torch.equal(first, second)


def test_between_a_quarter_of_the_half_and_all_of_it_is_cut_out() -> None:
    """Of a square of half the size at least a quarter lies inside, whatever pixel is its middle."""
    images = torch.full((200, 3, 32, 32), 5.0)  # moves leave zeros at the border; a constant keeps its contrast
    inside = diff_augment(images)[..., 4:-4, 4:-4]
    cut = (inside == 0).float().mean((1, 2, 3))
    assert 0 < cut.max() <= (16 / 24) ** 2
    assert cut.mean() > 0.1


def test_parts_of_an_image_keep_their_own_colours_and_stay_aligned() -> None:
    chance = torch.rand(64, 3, 16, 16)
    alike = diff_augment(torch.cat([chance, chance], 1), (3, 3))
    assert torch.equal(alike[:, :3], alike[:, 3:])
    apart = diff_augment(torch.cat([torch.zeros(64, 3, 16, 16), torch.ones(64, 3, 16, 16)], 1), (3, 3))
    gap = (apart[:, 3:] - apart[:, :3]).amax((1, 2, 3))
    assert gap.min() == pytest.approx(1, abs=1e-5)


def test_an_image_moves_by_up_to_an_eighth() -> None:
    ramp = torch.arange(32.0).expand(64, 1, 32, 32)
    steps = diff_augment(ramp).diff(dim=-1)  # brightness and contrast change the ramp's height and slope, not its place
    flat = (steps.abs() < 1e-6).all(2).squeeze(1)
    assert flat[:, 5:-4].float().mean() < 0.2
    assert flat.any()


def test_a_grey_image_is_brightened_or_darkened_by_up_to_a_half() -> None:
    result = diff_augment(torch.full((300, 3, 8, 8), 2.0))
    levels = torch.tensor([image[image != 0].mean() for image in result])  # zeros have moved in or were cut
    assert levels.min() >= 1.5 - 1e-6
    assert levels.max() <= 2.5 + 1e-6
    assert levels.std() > 0.2
