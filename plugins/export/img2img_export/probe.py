"""This module finds out by trial the traits of a network that has no declaration."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from img2img.errors import ModelFileError

from .declaration import Declaration

log = logging.getLogger(__name__)

SMALLEST = 64
"""The height and width from which on a network is assumed to work."""
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
LARGEST_RATIO = 8
"""The largest factor by which a network may make an image smaller."""


ShapeOf = Callable[[Sequence[int]], tuple[int, ...] | None]
"""Runs a network on images of a shape, and returns the shape of the result; None where it fails, or is no image."""


def try_out(shape_of: ShapeOf, shape: Sequence[Any], path: Path, sizes_may_be_fixed: bool = False) -> Declaration:
    """Find the scale, the channels and the multiple of a network that takes images.

    Args:
        shape_of: Runs the network, which takes (N, C, H, W).
        shape: The declared shape of its input, with numbers for the fixed axes.
        path: The path of its file, for messages.
        sizes_may_be_fixed: Whether the batch, or the height and width, may be fixed.

    Raises:
        ModelFileError: The network does not take images, or not of any size, or does not return images.
    """
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise ModelFileError(f"{path} takes {_shape(shape)}; a model takes images: (N, 1 or 3, H, W)")
    fixed = [isinstance(size, int) for size in (shape[0], *shape[2:])]
    if any(fixed) and not (sizes_may_be_fixed and fixed[1] == fixed[2]):
        raise takes_only(shape, path)
    count, channels = int(shape[0]) if fixed[0] else 2, int(shape[1])
    for multiple in (1,) if fixed[1] else MULTIPLES:
        sides = shape[2:] if fixed[1] else (SMALLEST + multiple, SMALLEST + 3 * multiple)
        height, width = map(int, sides)
        found = shape_of((count, channels, height, width))
        if found is not None and len(found) == 4 and found[1] in (1, 3):
            scale = Fraction(found[2], height)
            if found[0] == count and Fraction(found[3], width) == scale and scale.denominator <= LARGEST_RATIO:
                return _declared(scale, multiple, (channels, found[1]), path)
    size = f"{height}×{width}" if fixed[1] else f"{SMALLEST} pixels and more, in multiples of up to {MULTIPLES[-1]},"
    raise ModelFileError(
        f"{path} has no declaration by img2img, and does not turn images of {size} into images in RGB or grey; export "
        "it again with `img2img export`"
    )


def takes_only(shape: Sequence[Any], path: Path, reason: str = "") -> ModelFileError:
    """Return the error for a network that takes only some shapes."""
    return ModelFileError(
        f"{path} takes only {_shape(shape)}{reason}; export it again with dynamic axes for the batch, height and width"
    )


def _declared(scale: Fraction, multiple: int, channels: tuple[int, int], path: Path) -> Declaration:
    log.warning(
        "%s has no declaration by img2img; it is assumed to work on RGB or grey in [0, 1]. By trial, it has a scale of "
        "%s and takes multiples of %d",
        path, scale, multiple,
    )  # fmt: skip
    return Declaration.parse(
        {
            "scale": str(scale),
            "multiple_of": multiple,
            "minimum_size": SMALLEST,
            "channels_in": channels[0],
            "channels_out": channels[1],
        }
    )


def _shape(shape: Sequence[object]) -> str:
    return f"({', '.join(map(str, shape))})"
