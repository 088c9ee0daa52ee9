"""How far an exported model is from the one that it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import img2img
from img2img.nn.sizes import fitting

BATCHES = ((1, 1, 1), (3, 45, 70), (1, 130, 97), (2, 64, 64))
"""Images, height and width, of which each is the next that the network takes."""


@dataclass(frozen=True)
class Difference:
    """Of one batch: in [0, 1], over all pixels and channels."""

    count: int
    height: int
    width: int
    largest: float
    mean: float


@torch.inference_mode()
def compare(
    whole: nn.Module, exported: img2img.Translator, rows: Mapping[str, Sequence[Tensor]]
) -> Iterator[Difference]:
    """Run both on noise, in float32: single images and batches, the smallest size and others.

    Noise, since no network with InstanceNorm agrees with itself on images of one colour, where it divides rounding
    errors by their own size.

    Args:
        whole: The original: images and, in the order of `rows`, what else goes in.
        exported: What was made of it.
        rows: All that may be given of each condition; the images of a batch get one after the other.
    """
    noise = torch.Generator().manual_seed(0)
    for count, *sides in BATCHES:
        height, width = (fitting(side, exported.traits) for side in sides)
        images = torch.rand(count, exported.traits.channels_in, height, width, generator=noise)
        given = {
            name: torch.stack([found[index % len(found)] for index in range(count)]) for name, found in rows.items()
        }
        difference = (whole(images, *given.values()) - exported(images, **given)).abs()
        yield Difference(count, height, width, difference.max().item(), difference.mean().item())
