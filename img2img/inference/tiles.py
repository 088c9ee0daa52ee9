"""Large images are cut into tiles whose results, put side by side, are the result of the whole, exactly or nearly.

Where tiles only nearly give it (`overlap`), their results are cut off in the middle of the overlap, too, and not
blended: at the outer pixels of its border a tile is most wrong. With a border of 8 pixels where 35 are needed
(photo-x4), blending gave twenty times the error, and no weaker seams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import isqrt, lcm

from img2img.contract.traits import Traits
from img2img.nn.sizes import fitting

SMALLEST_TILE = 32
"""Side in input pixels below which a tile is mostly halo."""


@dataclass(frozen=True)
class Window:
    """A tile along one axis: the pixels that are kept, and the wider range that the network sees for them."""

    start: int
    stop: int
    seen_from: int
    seen_to: int


Tile = tuple[int, Window, Window]
"""Index of the image, rows, columns."""


def windows(height: int, width: int, side: int | None, traits: Traits) -> Iterator[tuple[Window, Window]]:
    """Yield the (rows, columns) of each tile in input pixels; without `side`, one tile that is the image."""
    for rows in _cuts(height, side, traits):
        for columns in _cuts(width, side, traits):
            yield rows, columns


def tile_side(height: int, width: int, limit: int, traits: Traits) -> int | None:
    """Choose the side of the tiles so that none has more than `limit` output pixels, halo included.

    Returns:
        None where the image needs no tiles, or the traits allow none.
    """
    scale = traits.scale
    if not traits.can_be_tiled or height * width * scale * scale * traits.frames_out <= limit:
        return None
    side = isqrt(int(limit / (scale * scale * traits.frames_out))) - 2 * traits.halo
    return max(side, SMALLEST_TILE)


def batches(tiles: Iterable[Tile], most: Callable[[int, int], int]) -> Iterator[Sequence[Tile]]:
    """Put tiles of equal size together, of each height and width as many as `most` allows."""

    def shape(tile: Tile) -> tuple[int, int]:
        return tile[1].seen_to - tile[1].seen_from, tile[2].seen_to - tile[2].seen_from

    for (height, width), group in groupby(sorted(tiles, key=shape), key=shape):
        alike, size = list(group), most(height, width)
        for first in range(0, len(alike), size):
            yield alike[first : first + size]


def _cuts(size: int, side: int | None, traits: Traits) -> Iterator[Window]:
    """Cut one axis. Each tile sees `halo` pixels beyond what is kept, widened to the network's grid."""
    if side is None or side >= size:
        yield Window(0, size, 0, size)
        return
    halo = traits.halo
    multiple = lcm(traits.multiple_of, Fraction(traits.scale).denominator)  # so that cuts lie between output pixels
    side = -(-side // multiple) * multiple
    for start in range(0, size, side):
        stop = min(size, start + side)
        seen_from = max(0, min(start - halo, size - traits.minimum_size)) // multiple * multiple
        seen_to = seen_from + fitting(stop + halo - seen_from, traits)
        yield Window(start, stop, seen_from, min(size, seen_to))
