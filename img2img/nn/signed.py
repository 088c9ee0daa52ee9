"""Images in [-1, 1], as networks that end in tanh have them."""

from __future__ import annotations

from torch import Tensor

from img2img.families import Translator


def to_signed(images: Tensor) -> Tensor:
    """Bring [0, 1] to [-1, 1]."""
    return images * 2 - 1


def from_signed(images: Tensor) -> Tensor:
    """Bring [-1, 1] to [0, 1], in float32."""
    return (images.float() + 1) / 2


class SignedTranslator(Translator):
    """A translator whose generator takes and gives images in [-1, 1]."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return from_signed(self.generator(to_signed(images)))
