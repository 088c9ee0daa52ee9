"""Uses generators of images with alpha for images without, since the core keeps alpha apart."""

from __future__ import annotations

import torch
from torch import Tensor

import img2img


class OpaqueTranslator(img2img.Translator):
    """Translates RGB with a generator of RGBA, to which every image is opaque."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate images in [0, 1]."""
        return self.generator(torch.cat([images, torch.ones_like(images[:, :1])], 1))[:, :3]
