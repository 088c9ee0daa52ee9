"""This module puts the rows of conditions into batches, and takes from them what belongs to each tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from img2img.contract.traits import Condition
from img2img.inference.conditions import Declared
from img2img.inference.tiles import Tile


def shapes(rows: Mapping[str, Tensor], declared: Declared) -> object:
    """Return a key that is equal for rows that can be put into one batch; maps can always, if their images can."""
    return tuple((name, None if _is_map(declared, name) else row.shape) for name, row in rows.items())


def stacked(rows: Sequence[Mapping[str, Tensor]], declared: Declared, height: int, width: int) -> dict[str, Tensor]:
    """Put the rows of several images, each (height, width), into one batch; rows that are one object are not copied."""
    batch = {}
    for name, first in rows[0].items():
        every = [row[name] for row in rows]
        if all(row is first for row in every):
            batch[name] = first.expand(len(rows), *first.shape)
            continue
        if _is_map(declared, name):
            every = [resize_maps(row[None], declared[name], height, width)[0] for row in every]
        batch[name] = torch.stack(every)
    return batch


def fit_maps(conditions: Mapping[str, Tensor], declared: Declared, height: int, width: int) -> dict[str, Tensor]:
    """Resize the maps among conditions, (N, C, H, W), to the size of their images."""
    return {
        name: resize_maps(value, declared[name], height, width) if _is_map(declared, name) else value
        for name, value in conditions.items()
    }


def cut(conditions: Mapping[str, Tensor], declared: Declared, tiles: Sequence[Tile]) -> dict[str, Tensor]:
    """Return the conditions of tiles: of a map the part that belongs to the tile, of others the row of its image."""
    return {name: _cut(value, tiles, is_map=_is_map(declared, name)) for name, value in conditions.items()}


def moved(conditions: Mapping[str, Tensor], place: torch.device) -> dict[str, Tensor]:
    """Bring conditions to a device; a row that is repeated is brought there once."""
    return {
        name: value[:1].to(place).expand(value.shape) if _is_repeated(value) else value.to(place)
        for name, value in conditions.items()
    }


def _cut(value: Tensor, tiles: Sequence[Tile], *, is_map: bool) -> Tensor:
    if is_map:
        return torch.stack([value[n, :, r.seen_from : r.seen_to, c.seen_from : c.seen_to] for n, r, c in tiles])
    images = [n for n, _, _ in tiles]
    if _is_repeated(value) or len({*images}) == 1:
        return value[images[0]].expand(len(images), *value.shape[1:])
    return value[images]


def resize_maps(value: Tensor, condition: Condition, height: int, width: int) -> Tensor:
    """Resize the rows of a map, (N, C, H, W), one by one, so that a row's result depends on no other."""
    if value.shape[2:] == (height, width):
        return value
    if _is_repeated(value):
        return resize_maps(value[:1], condition, height, width).expand(len(value), -1, -1, -1)
    size = (height, width)
    if condition.interpolation == "nearest":
        return torch.cat([interpolate(row[None], size, mode="nearest-exact") for row in value])
    return torch.cat([interpolate(row[None], size, mode="bilinear", antialias=True) for row in value])


def _is_map(declared: Declared, name: str) -> bool:
    return name in declared and declared[name].kind == "map"


def _is_repeated(value: Tensor) -> bool:
    """Return whether all rows are one in memory."""
    return len(value) > 1 and value.stride(0) == 0
