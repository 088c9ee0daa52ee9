"""Results of grey images are made grey again where a translator keeps the colours of its sources."""

from __future__ import annotations

import torch
from torch import Tensor

from img2img.contract.traits import Traits

LUMA = (0.299, 0.587, 0.114)
"""The weights of red, green and blue in the luma of ITU-R BT.601."""


def keep_grey(images: Tensor, result: Tensor, traits: Traits) -> Tensor:
    """Give the result of each image whose three channels are equal the luma of its colours, if the translator says so.

    Args:
        images: (N, C, H, W), as they went into the network.
        result: (N, C', H', W'), as the network returned it.
        traits: The translator's.
    """
    if not traits.keeps_colour or traits.source or images.shape[1] != 3 or result.shape[1] != 3:
        return result
    is_grey = (images == images[:, :1]).flatten(1).all(1)
    luma = (result * result.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    return torch.where(is_grey[:, None, None, None], luma, result)
