"""The use of a pix2pix generator: through the space of its task."""

from __future__ import annotations

from torch import Tensor, nn

import img2img
from img2img.nn.signed import ChannelOrder, reorder

from .spaces import Space


class Pix2PixTranslator(img2img.Translator):
    """Encodes the source, runs the generator, and makes an image of what it returns."""

    def __init__(self, generator: nn.Module, traits: img2img.Traits, space: Space, channel_order: ChannelOrder) -> None:
        super().__init__(generator, traits)
        self.space, self.channel_order = space, channel_order

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        source = reorder(self.space.encode_source(images), self.channel_order)
        return self.space.decode(images, reorder(self.generator(source), self.channel_order))
