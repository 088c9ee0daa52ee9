"""What the core must know of a translator to use it: scale, sizes, channels, tiling, conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Tiling = Literal["exact", "never"]


@dataclass(frozen=True)
class Condition:
    """One thing besides the image that a user may or must give, such as the label `winter`."""

    description: str
    parse: Callable[[str], Tensor]
    """From what was typed to one row, without the batch dimension; a ValueError's text reaches the user."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """All that may be typed, where that is a list."""


@dataclass(frozen=True)
class Traits:
    """What a translator declares; the defaults describe a network that keeps the size of any RGB image."""

    scale: int | Fraction = 1
    """Size of the output over that of the input."""
    multiple_of: int = 1
    """Height and width that come in are multiples of this; the core pads by reflection and crops afterwards."""
    minimum_size: int = 1
    """Smallest height and width that the network can take; the core pads up to it."""
    channels_in: int = 3
    channels_out: int = 3
    """1 (grey) or 3 (RGB); the core converts, and carries alpha beside."""
    tiling: Tiling = "never"
    """`exact`: a tile with `halo` around it gives what the whole image gives. `never`: an output pixel depends on the
    whole image, as with InstanceNorm, so that no tiling is right."""
    halo: int = 0
    """How far, in input pixels, an output pixel looks; needed where tiling is `exact`."""
    keeps_colour: bool = True
    """Whether a grey source gives a grey result, as in super-resolution, though the network works in RGB. Otherwise the
    result has the colours that the network made."""
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    """What besides the image steers the translation."""
