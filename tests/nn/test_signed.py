"""Images in [-1, 1]."""

from __future__ import annotations

import torch
from torch import nn

from img2img.nn.signed import SignedTranslator, from_signed, to_signed


def test_black_and_white_are_minus_one_and_one() -> None:
    assert to_signed(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-1, 0, 1]
    assert from_signed(torch.tensor([-1.0, 0.0, 1.0])).tolist() == [0, 0.5, 1]


def test_all_levels_of_8_and_16_bit_survive_the_way_there_and_back() -> None:
    for white in (255, 65535):
        levels = torch.arange(white + 1)
        assert torch.equal((from_signed(to_signed(levels / white)) * white).round(), levels.float())


def test_what_a_network_gives_in_half_precision_is_brought_back_in_float32() -> None:
    result = from_signed(torch.tensor([2**-8], dtype=torch.bfloat16))
    assert result.dtype == torch.float32
    assert result.item() == 0.5 + 2**-9  # bfloat16 has no number between 1 and 1 + 1/128


def test_the_generator_of_a_translator_sees_and_gives_signed_images() -> None:
    class Negative(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            assert images.min() < 0
            return -images

    images = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(SignedTranslator(Negative())(images), 1 - images)
