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

    The size is rounded down. The result of a grey image is grey where the translator keeps colour. A translator with a
    window sees the image in all places of it; of several results the first is returned. Such a translator takes whole
    windows, too, (N, T, C, H, W), and then returns all results, (N, frames_out, C', scale H, scale W) if there are
    several. A translator that remembers, and has no window, takes clips, (N, T, C, H, W) of any T, and returns as many
    frames. Maps among the conditions have the size of the images. Noise is translated as it is.
    """
    traits = translator.traits
    if traits.source:
        return translator(images, **conditions)
    if not traits.remembers:
        return _translated(translator, images, conditions)
    clips = (
        (images[n : n + 1], {name: rows[n : n + 1] for name, rows in conditions.items()}) for n in range(len(images))
    )
    return torch.cat([_remembered(translator, clip, rows) for clip, rows in clips])


def _remembered(translator: Translator, images: Tensor, conditions: Mapping[str, Tensor]) -> Tensor:
    """Translate one image or one clip with a translator that remembers, from the beginning."""
    translator.begin()
    if images.ndim == 4 or translator.traits.frames_in > 1:
        return _translated(translator, images, conditions)
    return torch.stack([_translated(translator, frame, conditions) for frame in images.unbind(1)], 1)


def _translated(translator: Translator, images: Tensor, conditions: Mapping[str, Tensor]) -> Tensor:
    traits, scale = translator.traits, translator.traits.scale
    height, width = images.shape[-2:]
    whole = as_window(images, traits) if images.ndim == 4 else images
    result = translator(pad_to_size(whole, traits), **pad_maps(conditions, traits))
    result = result[..., : int(height * scale), : int(width * scale)]
    shown = images if images.ndim == 4 else images[:, traits.window[0]]
    if traits.frames_out == 1:
        return keep_grey(shown, result, traits)
    if images.ndim == 4:
        return keep_grey(shown, result[:, 0], traits)
    return torch.stack([keep_grey(shown, each, traits) for each in result.unbind(1)], 1)


def as_window(images: Tensor, traits: Traits) -> Tensor:
    """Put single images (N, C, H, W) into all places of a window, (N, T, C, H, W), if the translator has one."""
    return images if traits.frames_in == 1 else images[:, None].expand(-1, traits.frames_in, -1, -1, -1)


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
