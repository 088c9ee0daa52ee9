"""This module calls spandrel's models as translators."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import img2img


class Described(img2img.Translator):
    """A model that makes an image of an image.

    Args:
        model: The model descriptor of spandrel.
        traits: The traits of the model.
    """

    def __init__(self, model: Any, traits: img2img.Traits) -> None:
        super().__init__(model.model.eval().requires_grad_(False), traits)
        self.model = model

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        # spandrel takes one image at a time, and some of its networks change what they are given.
        return torch.cat([self.model(image[None].clone()) for image in images])


class Masked(Described):
    """A model that paints an image anew where a mask is white."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        masks = (conditions["mask"] > 0.5).to(images)
        return torch.cat([self.model(image[None], mask[None]) for image, mask in zip(images, masks, strict=True)])
