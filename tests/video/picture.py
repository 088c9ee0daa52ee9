"""A drawn picture that carries a number and says which way up it is, and the code that reads both back.

In fractions of the picture: red, green, blue and skin in its corners, an arrow up between the upper two, a fine ramp of
grey between the lower two, and sixteen black or white blocks across its middle half, the bits of the number.
"""

from __future__ import annotations

from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[Any]
"""(H, W, 3), RGB: uint8, uint16, or float from 0 to 1."""

CORNERS = {
    "red": ((200, 40, 40), (0, 0)),
    "green": ((40, 170, 60), (0, 1)),
    "blue": ((40, 60, 200), (1, 0)),
    "skin": ((230, 180, 150), (1, 1)),
}
"""Name: colour, (bottom, right)."""

UNREADABLE = -1
ROWS, COLUMNS = 2, 8
RAMP = 60.0, 100.0
MOST = (
    2**15 - 1
)  # the sixteenth bit makes the number of white blocks odd, so that no picture of one colour reads as one


def draw(number: int, size: tuple[int, int] = (96, 64)) -> NDArray[np.float64]:
    """The picture of a number from 0 to `MOST`, upright: (H, W, 3), from 0 to 255, not all integers."""
    width, height = size
    picture = np.empty((height, width, 3))
    picture[...] = np.linspace(*RAMP, width)[:, None]
    for colour, (bottom, right) in CORNERS.values():
        picture[_span(height, bottom * 3, 4), _span(width, right * 2, 3)] = colour
    for row in range(height // 4):
        reach = round(width / 6 * (row + 1) / (height // 4))
        picture[row, width // 2 - reach : width // 2 + reach] = 250
    for (row, column), bit in zip(product(range(ROWS), range(COLUMNS)), _bits(number), strict=True):
        rows = _span(height, 1 + row, 4)
        picture[rows, _span(width, column, COLUMNS)] = 240 * bit + 8
    return picture


def number(pixels: Pixels) -> int:
    """The number in a picture of any size that is upright, or `UNREADABLE`."""
    grey = scaled(pixels).mean(2)
    height, width = grey.shape
    bits = []
    for row, column in product(range(ROWS), range(COLUMNS)):
        rows = _inner(_at(height, 1 + row, 4), _at(height, 2 + row, 4))
        value = grey[rows, _inner(_at(width, column, COLUMNS), _at(width, column + 1, COLUMNS))].mean()
        if 90 < value < 165:
            return UNREADABLE
        bits.append(int(value > 127))
    return int("".join(map(str, bits[:-1])), 2) if sum(bits) % 2 else UNREADABLE


def orientation(pixels: Pixels) -> tuple[int, bool]:
    """Degrees counter-clockwise by which an upright picture was turned, after it was mirrored left to right if true."""
    upright = np.array([colour for colour, _ in CORNERS.values()], float).reshape(2, 2, 3)
    seen = np.array(list(corners(pixels).values())).reshape(2, 2, 3)
    ways = product((0, 90, 180, 270), (False, True))
    return min(ways, key=lambda way: float(np.abs(seen - turned(upright, *way)).sum()))


def turned(pixels: Pixels, degrees: int, mirrored: bool = False) -> Pixels:
    """Mirrored left to right if asked for, then turned counter-clockwise."""
    return np.ascontiguousarray(np.rot90(pixels[:, ::-1] if mirrored else pixels, degrees // 90))


def corners(pixels: Pixels) -> dict[str, tuple[float, float, float]]:
    """The mean colour, from 0 to 255, inside each corner, by the name of what an upright picture has there."""
    planes = [corners_of(plane) for plane in np.moveaxis(scaled(pixels), 2, 0)]
    return {name: (planes[0][name], planes[1][name], planes[2][name]) for name in CORNERS}


def corners_of(plane: NDArray[Any]) -> dict[str, float]:
    """The same of one plane (H, W), in its own units."""
    height, width = plane.shape
    found = {}
    for name, (_, (bottom, right)) in CORNERS.items():
        rows = _inner(_at(height, bottom * 3, 4), _at(height, bottom * 3 + 1, 4))
        columns = _inner(_at(width, right * 2, 3), _at(width, right * 2 + 1, 3))
        found[name] = float(plane[rows, columns].mean())
    return found


def shades(values: NDArray[Any]) -> int:
    """How many different values the ramp of grey has in one plane (H, W): at 96 pixels 6 in 8 bits, 16 in 10."""
    height, width = values.shape
    return len(np.unique(values[_inner(_at(height, 3, 4), height), _inner(_at(width, 1, 3), _at(width, 2, 3))]))


def ycbcr(
    colour: tuple[float, float, float], kr: float, kb: float, depth: int = 8, full: bool = False
) -> tuple[float, float, float]:
    """The codes of a colour from 0 to 255 by ITU-R BT.601, BT.709 and BT.2020, 3.2 and 3.3; `full` as in JFIF."""
    red, green, blue = (value / 255 for value in colour)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    step, most = 2 ** (depth - 8), 2**depth - 1
    if full:
        return most * luma, most * cb + 128 * step, most * cr + 128 * step
    return (219 * luma + 16) * step, (224 * cb + 128) * step, (224 * cr + 128) * step


def scaled(pixels: Pixels) -> NDArray[np.float64]:
    """As floats from 0 to 255."""
    most = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    return pixels.astype(np.float64) * (255 / most)


def _bits(number: int) -> list[int]:
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is not from 0 to {MOST}")
    bits = [int(digit) for digit in f"{number:015b}"]
    return [*bits, 1 - sum(bits) % 2]


def _at(length: int, part: int, parts: int) -> int:
    return round(length * part / parts)


def _span(length: int, part: int, parts: int) -> slice:
    return slice(_at(length, part, parts), _at(length, part + 1, parts))


def _inner(start: int, stop: int) -> slice:
    """Without a quarter at each end, where a codec and an enlargement blur."""
    margin = (stop - start) // 4
    return slice(start + margin, stop - margin)
