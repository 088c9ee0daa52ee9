"""Promises of how far the network looks, and that tiles give the same result as the whole image."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import ceil, lcm

import numpy as np
import torch
from torch import Tensor

from img2img.contract.families import Translator
from img2img.contract.traits import Traits
from img2img.inference.device import Device
from img2img.inference.executor import SMALLEST_CHOICE, Executor
from img2img.nn.sizes import fitting
from img2img.testing.family import FamilySubject, random_images
from img2img.testing.promise import Skipped, keep, promise
from img2img.testing.promises.use import nothing_in_a_batch_depends_on_its_neighbours

POSITIONS = 16
"""The largest number of places of one period of the network's grid that are tried."""
CHANGED = 1e-6
"""An output pixel that differs by more depends on the changed input; steps of 16 bit are 1.5e-5."""
ROUNDING = 8
"""The steps of 1/65535 by which a result from tiles may be off, since sums are rounded differently."""


@promise(nothing_in_a_batch_depends_on_its_neighbours)
def the_halo_is_as_wide_as_the_network_looks(subject: FamilySubject) -> str | None:
    translator = _tiled(subject)
    reach = max(_reaches(subject, translator), default=0)
    halo = translator.traits.halo
    keep(reach <= halo, f"halo={halo} is declared, and a pixel that lies {reach} away changed the result")
    if halo > 2 * reach + 1:
        return f"halo={halo} is declared, but no pixel further away than {reach} changed anything: tiles cost less then"
    return None


@promise(the_halo_is_as_wide_as_the_network_looks)
def tiles_give_what_the_whole_gives(subject: FamilySubject) -> None:
    translator = _tiled(subject)
    traits = translator.traits
    side = max(SMALLEST_CHOICE, traits.multiple_of)
    size = 2 * traits.halo + 2 * side
    shape = (1, size + 5, size + 3, traits.channels_in)
    pixels = np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16)
    images = torch.empty(shape).permute(0, 3, 1, 2)
    maps = {name: subject.values(name, images)[0][None] for name in _maps(traits)}
    conditions = {**subject.conditions(translator, images), **maps}
    results = []
    for tile in (None, side):
        executor = Executor(translator, Device(), tile)
        try:
            results.append(executor.run(pixels, conditions).astype(int))
        finally:
            executor.close()
    off = np.abs(results[0] - results[1]).max()
    keep(off <= ROUNDING, f"an image of {size + 3}×{size + 5} in tiles of {side} is off by {off} of 65535")


def _tiled(subject: FamilySubject) -> Translator:
    translator = subject.translator()
    if translator.traits.tiling != "exact":
        raise Skipped("the family promises nothing about tiles (tiling='never')")
    return translator


def _reaches(subject: FamilySubject, translator: Translator) -> Iterator[int]:
    """Change all pixels from some column or row on, and up to it; yield how far from there the result changed.

    The pixels are those of the images, and of the maps that belong to them.
    """
    traits = translator.traits
    period = lcm(traits.multiple_of, Fraction(traits.scale).denominator)
    length = fitting(4 * traits.halo + 16 + period, traits)
    breadth = fitting(8, traits)
    steps = range(0, period, -(-period // POSITIONS))
    for across, name in product((True, False), ("", *_maps(traits))):
        size = (breadth, length) if across else (length, breadth)
        images = random_images(translator, *size)
        rows = (
            [row[None] for row in subject.values(name, images)] if name else [images, random_images(translator, *size)]
        )

        def translate(pixels: Tensor, name: str = name, images: Tensor = images) -> Tensor:
            """Translate changed images, or images with a changed map."""
            if name:
                return subject.translate(translator, images, **{name: pixels})
            return subject.translate(translator, pixels)

        first, other = rows
        along = 3 if across else 2
        before = translate(first)
        places = torch.arange(length) if across else torch.arange(length)[:, None]
        for cut in (length // 2 + step for step in steps):
            later = translate(torch.where(places >= cut, other, first))
            earlier = translate(torch.where(places < cut, other, first))
            yield from _distances(_changed(before, later, along), _changed(before, earlier, along), cut, traits)


def _maps(traits: Traits) -> list[str]:
    return [name for name, condition in traits.conditions.items() if condition.kind == "map"]


def _distances(later: list[int], earlier: list[int], cut: int, traits: Traits) -> Iterator[int]:
    """Return how far the outermost changed output pixels are, in input pixels, from the changed input."""
    scale = Fraction(traits.scale)
    if later:
        last_below = ceil((later[0] + 1) / scale) - 1
        yield max(0, cut - last_below)
    if earlier:
        first_below = int(earlier[-1] / scale)
        yield max(0, first_below - (cut - 1))


def _changed(before: Tensor, after: Tensor, along: int) -> list[int]:
    """Return which rows (2) or columns (3) of the result have changed."""
    changes = (before - after).abs().amax(dim=[dim for dim in range(4) if dim != along])
    return torch.nonzero(changes > CHANGED).flatten().tolist()
