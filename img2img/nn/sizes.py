"""Images of any size are fitted to networks that take only some: padded by reflection before, cropped after.

Noise, of which a translator makes pictures, has the right size and passes through.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import torch
from torch import Tensor

from img2img.contract.families import Translator
from img2img.contract.traits import Traits
from img2img.nn.grey import keep_grey


def translate_any_size(translator: Translator, images: Tensor, **conditions: Tensor) -> Tensor:
    """Run a translator on whole images, (N, C, H, W) of any H, W >= 1; the result is (N, C', scale H, scale W).

    The size is rounded down. The result of a grey image is grey where the translator keeps colour. Maps among the
    conditions have the size of the images. Noise is translated as it is.
    """
    if translator.traits.source:
        return translator(images, **conditions)
    height, width = images.shape[-2:]
    scale = translator.traits.scale
    result = translator(pad_to_size(images, translator.traits), **pad_maps(conditions, translator.traits))
    return keep_grey(images, result[..., : int(height * scale), : int(width * scale)], translator.traits)


def pad_to_size(images: Tensor, traits: Traits) -> Tensor:
    """Pad at the bottom and right to a size that the translator takes."""
    height, width = images.shape[-2:]
    return reflect(images, fitting(width, traits) - width, fitting(height, traits) - height)


def pad_maps(conditions: Mapping[str, Tensor], traits: Traits) -> dict[str, Tensor]:
    """Pad the maps among conditions, which have the size of the images, as `pad_to_size` pads the images."""
    maps = {name for name, condition in traits.conditions.items() if condition.kind == "map"}
    return {name: pad_to_size(value, traits) if name in maps else value for name, value in conditions.items()}


def fitting(size: int, traits: Traits) -> int:
    """Return the smallest height or width from `size` up that the translator takes."""
    multiple = traits.multiple_of
    return ceil(max(size, traits.minimum_size) / multiple) * multiple


def reflect(images: Tensor, right: int, bottom: int) -> Tensor:
    """Pad by reflection without repeating the edge, more than once if needed; a single row or column is repeated."""
    height, width = images.shape[-2:]
    if bottom:
        images = images.index_select(-2, _mirrored(height, height + bottom, images))
    if right:
        images = images.index_select(-1, _mirrored(width, width + right, images))
    return images


def _mirrored(size: int, length: int, like: Tensor) -> Tensor:
    period = max(1, 2 * (size - 1))
    positions = torch.arange(length, device=like.device) % period
    return torch.minimum(positions, period - positions)
