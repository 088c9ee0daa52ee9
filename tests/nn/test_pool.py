"""The pool of past images."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from img2img.nn.pool import ImagePool


def numbered(*numbers: float) -> Tensor:
    """Images that say which they are: (N, 3, 2, 2)."""
    return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)


def numbers(images: Tensor | list[Tensor]) -> list[int]:
    assert all((image == image.flatten()[0]).all() for image in images)
    return [int(image.flatten()[0]) for image in images]


def test_until_it_is_full_each_image_comes_back() -> None:
    pool = ImagePool(5)
    assert numbers(pool.exchange(numbered(0, 1))) == [0, 1]
    assert numbers(pool.exchange(numbered(2, 3, 4))) == [2, 3, 4]
    assert numbers(pool.images) == [0, 1, 2, 3, 4]


def test_then_half_of_the_time_a_past_one_does() -> None:
    pool = ImagePool(10)
    own = sum(numbers(pool.exchange(numbered(step))) == [step] for step in range(10, 1010))
    assert (own - 10) / 990 == pytest.approx(0.5, abs=0.05)


def test_every_past_image_may_come_back() -> None:
    pool = ImagePool(8)
    pool.exchange(numbered(*range(8)))
    back = {numbers(pool.exchange(numbered(step)))[0] for step in range(8, 300)}
    assert back >= set(range(8))


def test_an_image_that_is_exchanged_takes_the_place_of_the_one_that_comes_back() -> None:
    """Nothing is lost and nothing comes twice: images in are images out and those kept."""
    pool = ImagePool(4)
    out = [number for step in range(100) for number in numbers(pool.exchange(numbered(2 * step, 2 * step + 1)))]
    for step in range(4, 200):
        assert out.count(step) + numbers(pool.images).count(step) <= 1 + (step < 4)
    kept = [number for number in numbers(pool.images) if number >= 4]
    assert sorted({*out, *kept}) == list(range(200))
    assert len(pool.images) == 4


def test_the_same_chance_makes_the_same_exchanges() -> None:
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        pool = ImagePool(3)
        results.append([numbers(pool.exchange(numbered(step))) for step in range(50)])
    assert results[0] == results[1]


def test_a_pool_of_0_hands_everything_straight_through() -> None:
    pool = ImagePool(0)
    before = torch.get_rng_state()
    images = numbered(1, 2).clone().requires_grad_()
    assert numbers(pool.exchange(images)) == [1, 2]
    assert not pool.images
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_no_gradient_comes_out_of_it(size: int) -> None:
    images = numbered(1, 2, 3).clone().requires_grad_() * 2
    assert not ImagePool(size).exchange(images).requires_grad


def test_what_it_keeps_does_not_change_with_what_it_was_given() -> None:
    pool, images = ImagePool(3), numbered(1, 2).clone()
    pool.exchange(images)
    images.zero_()
    assert numbers(pool.images) == [1, 2]


def test_its_images_are_its_whole_state() -> None:
    pool = ImagePool(3)
    pool.exchange(numbered(0, 1, 2, 3, 4, 5))
    twin = ImagePool(3)
    twin.images = [image.clone() for image in pool.images]
    answers = []
    for each in (pool, twin):
        torch.manual_seed(7)
        answers.append([numbers(each.exchange(numbered(step))) for step in range(20, 60)])
    assert answers[0] == answers[1]
