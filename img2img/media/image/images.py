"""This module defines an image: its pixels, and the metadata of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from img2img.errors import UsageError

Pixels: TypeAlias = NDArray[Any]
"""Array of integers, uint8 or uint16 over their full range, mostly (H, W, C)."""


DAMAGED = "its pixels are damaged or cut off; get the file again from where it came"
"""Why an image is refused of which a part is missing."""


@dataclass(frozen=True)
class Metadata:
    """The metadata of an image file, without the wrapping that differs from format to format."""

    exif: bytes | None = None
    """A TIFF block whose Orientation is 1, without a thumbnail and without the prefix `Exif` and two zero bytes."""
    icc: bytes | None = None
    """Colour profile."""
    xmp: bytes | None = None
    """An XMP packet whose orientation is 1."""


@dataclass(frozen=True, eq=False)
class Image:
    """An upright image.

    Attributes:
        pixels: (H, W, C), uint8 or uint16 over their full range. C is 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and
            alpha; alpha is not multiplied into the colours.
        metadata: The metadata of its file.
        notes: Changes made while decoding, for the report, such as "CMYK converted to RGB".

    Raises:
        UsageError: The pixels have another shape or type.
    """

    pixels: Pixels
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if len(shape) != 3 or not 1 <= shape[2] <= 4 or 0 in shape or dtype not in (np.uint8, np.uint16):
            raise UsageError(
                f"pixels of shape {shape} and type {dtype} are no image; give (height, width, 1 to 4 channels) as "
                "uint8 or uint16"
            )


@dataclass(frozen=True)
class Encoded:
    """The bytes of a file, and notes on what its format could not hold."""

    data: bytes
    notes: tuple[str, ...] = ()
