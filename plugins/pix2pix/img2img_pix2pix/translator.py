"""A pix2pix generator is used through the space of its task."""

from __future__ import annotations

from torch import Tensor, nn

import img2img
from img2img.nn.signed import ChannelOrder, reorder

from .spaces import Space


class Pix2PixTranslator(img2img.Translator):
    """Encodes the source, runs the generator, and makes an image from the output."""

    def __init__(self, generator: nn.Module, traits: img2img.Traits, space: Space, channel_order: ChannelOrder) -> None:
        super().__init__(generator, traits)
        self.space, self.channel_order = space, channel_order

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate (N, channels_in, H, W) in [0, 1] to (N, 3, H, W)."""
        source = reorder(self.space.encode_source(images), self.channel_order)
        return self.space.decode(images, reorder(self.generator(source), self.channel_order))
