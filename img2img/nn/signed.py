"""Converts images to and from [-1, 1], the range of networks that end in tanh."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from img2img.contract.families import Translator
from img2img.contract.traits import Traits

ChannelOrder = Literal["rgb", "bgr"]


def to_signed(images: Tensor) -> Tensor:
    """Bring [0, 1] to [-1, 1]."""
    return images * 2 - 1


def from_signed(images: Tensor) -> Tensor:
    """Bring [-1, 1] to [0, 1], in float32."""
    return (images.float() + 1) / 2


def reorder(images: Tensor, order: ChannelOrder) -> Tensor:
    """Bring the channels of (N, C, H, W) from RGB to an order, or from that order to RGB."""
    return images.flip(1) if order == "bgr" else images


class SignedTranslator(Translator):
    """A translator whose generator works in [-1, 1], with the channels in some order."""

    def __init__(self, generator: nn.Module, traits: Traits | None = None, channel_order: ChannelOrder = "rgb") -> None:
        super().__init__(generator, traits)
        self.channel_order = channel_order

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate images in [0, 1]."""
        result = self.generator(to_signed(reorder(images, self.channel_order)))
        return reorder(from_signed(result), self.channel_order)
