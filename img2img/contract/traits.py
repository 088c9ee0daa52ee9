"""This module defines the traits by which the core uses a translator: scale, sizes, channels, tiling, conditions."""

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
    """An input besides the image that a user may or must give, such as the label `winter`."""

    description: str
    parse: Callable[[str], Tensor]
    """Turns the typed text into one row, without the batch dimension; the user sees the text of a ValueError."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """All allowed texts, where they can be listed."""


@dataclass(frozen=True)
class Traits:
    """The traits of a translator; the defaults describe a network that keeps the size of any RGB image."""

    scale: int | Fraction = 1
    """Size of the output divided by the size of the input."""
    multiple_of: int = 1
    """The height and width of the input are multiples of this; the core pads by reflection and crops afterwards."""
    minimum_size: int = 1
    """Smallest height and width that the network can take; the core pads up to it."""
    channels_in: int = 3
    channels_out: int = 3
    """1 (grey) or 3 (RGB); the core converts the channels, and keeps alpha apart."""
    tiling: Tiling = "never"
    """`exact`: a tile with a border of `halo` pixels gives the same pixels as the whole image. `never`: an output pixel
    depends on the whole image, as with InstanceNorm, so that tiles would give other pixels."""
    halo: int = 0
    """The distance, in input pixels, up to which an output pixel depends on the input; needed for `exact` tiling."""
    keeps_colour: bool = False
    """Whether the result has the colours of its source, as in super-resolution and restoration: a source without colour
    then gives a result without colour, also where the network, which works in RGB, tints it. Otherwise the result has
    the colours that the network made."""
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    """The conditions that the translator takes, by name."""

    @property
    def can_be_tiled(self) -> bool:
        """Whether large images may be cut into tiles."""
        return self.tiling != "never"
