"""This module measures how far an exported file differs from its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import img2img
from img2img.nn.sizes import fitting

BATCHES = ((1, 1, 1), (3, 45, 70), (1, 130, 97), (2, 64, 64))
"""Number of images, height and width of each batch; the sizes are rounded up to those that the network takes."""


@dataclass(frozen=True)
class Difference:
    """The largest and the mean difference of one batch, in [0, 1], over all pixels and channels."""

    count: int
    height: int
    width: int
    largest: float
    mean: float


@torch.inference_mode()
def compare(
    whole: nn.Module, exported: img2img.Translator, rows: Mapping[str, Sequence[Tensor]]
) -> Iterator[Difference]:
    """Run a model and an exported file on noise, in float32: on single images and batches of several sizes.

    Images of one colour are no use, since InstanceNorm divides their rounding errors by their own size.

    Args:
        whole: The model, which takes images and, in the order of `rows`, a tensor for each condition.
        exported: The exported file.
        rows: Name of each condition to the rows of its choices; the images of a batch get these in turn.

    Yields:
        The difference of each batch.
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
