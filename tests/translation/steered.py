"""Networks that a picture steers: one takes the style of another picture, one paints where a mask is white."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from img2img import Condition, Traits, Translator


class Stylise(nn.Module):
    """Gives the features of images the mean and deviation of those of a style, as AdaIN does."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.encode, self.decode = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, images: Tensor, style: Tensor) -> Tensor:
        seen, wanted = self.encode(images), self.encode(style)
        (mean, deviation), (new_mean, new_deviation) = (
            (each.mean((2, 3), keepdim=True), each.std((2, 3), keepdim=True) + 1e-3) for each in (seen, wanted)
        )
        return self.decode((seen - mean) / deviation * new_deviation + new_mean).sigmoid()


class Inpaint(nn.Module):
    """Looks 2 pixels far, and changes only what the mask shows."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.layers = nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        assert mask.shape == (len(images), 1, *images.shape[2:])
        painted = self.layers(torch.cat([images * (1 - mask), mask], 1)).sigmoid()
        return images * (1 - mask) + painted * mask


class Steered(Translator):
    """Gives the network the conditions."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return self.generator(images, **conditions)


def stylist(*, required: bool = True) -> Translator:
    style = Condition("the picture whose style is taken", kind="image", required=required)
    return Steered(Stylise(), Traits(conditions={"style": style}))


def painter(**traits: Any) -> Translator:
    """With the sizes that an encoder and a decoder would ask for."""
    interpolation = traits.pop("interpolation", "linear")
    mask = Condition("what is painted", kind="map", channels=1, required=True, interpolation=interpolation)
    usual = {"tiling": "exact", "halo": 2, "multiple_of": 4, "minimum_size": 16, "conditions": {"mask": mask}}
    return Steered(Inpaint(), Traits(**{**usual, **traits}))


def brightener(*, required: bool = True) -> Translator:
    """Adds `by`, which is a number or a choice, to each pixel; the same bits whatever the batch."""

    class Brightener(Translator):
        def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
            by = conditions.get("by", torch.zeros(len(images)))
            return images + by[:, None, None, None]

    by = Condition("how much brighter", kind="number", minimum=0, maximum=1, required=required)
    return Brightener(nn.Identity(), Traits(tiling="exact", conditions={"by": by}))
