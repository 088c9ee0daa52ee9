"""The use of a pix2pix generator: through the space of its task."""

from __future__ import annotations

from torch import Tensor, nn

import img2img

from .spaces import Space


class Pix2PixTranslator(img2img.Translator):
    """Encodes the source, runs the generator, and makes an image of what it returns."""

    def __init__(self, generator: nn.Module, space: Space) -> None:
        super().__init__(generator)
        self.space = space
        self.channels_in = space.channels_in

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return self.space.decode(images, self.generator(self.space.encode_source(images)))
