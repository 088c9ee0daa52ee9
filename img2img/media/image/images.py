"""What an image is here: its pixels, and what its file said about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from img2img.errors import UsageError

Pixels: TypeAlias = NDArray[Any]
"""Integers, uint8 or uint16 over their full range; mostly (H, W, C)."""


@dataclass(frozen=True)
class Metadata:
    """What a file holds beside the pixels, without the wrapping that differs from format to format.

    EXIF is a TIFF block (no `Exif\\0\\0`) whose Orientation is 1 and which has no thumbnail; XMP is the packet alone,
    its orientation 1 too.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None


@dataclass(frozen=True, eq=False)
class Image:
    """An upright image.

    Attributes:
        pixels: (H, W, C), uint8 or uint16 over their full range. C is 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and
            alpha; alpha is not multiplied into the colours.
        metadata: What its file holds beside the pixels.
        notes: What changed while decoding, for the report: "CMYK converted to RGB".

    Raises:
        UsageError: The pixels have another shape or type.
    """

    pixels: Pixels
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape, kind = self.pixels.shape, self.pixels.dtype
        if len(shape) != 3 or not 1 <= shape[2] <= 4 or 0 in shape or kind not in (np.uint8, np.uint16):
            raise UsageError(
                f"pixels of shape {shape} and type {kind} are no image; give (height, width, 1 to 4 channels) as "
                "uint8 or uint16"
            )


@dataclass(frozen=True)
class Encoded:
    """The bytes of an image file, and what the format could not hold."""

    data: bytes
    notes: tuple[str, ...] = ()
