"""This module finds out by trial the traits of a network that has no declaration."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from img2img.errors import ModelFileError

from .declaration import Declaration

log = logging.getLogger(__name__)

SMALLEST = 64
"""The height and width from which on a network is assumed to work."""
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
LARGEST_RATIO = 8
"""The largest factor by which a network may make an image smaller."""


def try_out(network: Callable[[Tensor], Tensor], shape: Sequence[Any], path: Path) -> Declaration:
    """Find the scale, the channels and the multiple of a network that takes images.

    Args:
        network: The network, which takes (N, C, H, W).
        shape: The declared shape of its input, with numbers for the fixed axes.
        path: The path of its file, for messages.

    Raises:
        ModelFileError: The network does not take images of any size, or does not return images.
    """
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise ModelFileError(f"{path} takes {_shape(shape)}; a model takes images: (N, 1 or 3, H, W)")
    if any(isinstance(size, int) for size in (shape[0], *shape[2:])):
        raise ModelFileError(
            f"{path} takes only {_shape(shape)}; export it again with dynamic axes for the batch, height and width"
        )
    for multiple in MULTIPLES:
        height, width = SMALLEST + multiple, SMALLEST + 3 * multiple
        found = _result(network, torch.full((2, int(shape[1]), height, width), 0.5))
        if found is not None and found[1] in (1, 3):
            scale = Fraction(found[2], height)
            if found[0] == 2 and Fraction(found[3], width) == scale and scale.denominator <= LARGEST_RATIO:
                return _declared(scale, multiple, (int(shape[1]), found[1]), path)
    raise ModelFileError(
        f"{path} has no declaration by img2img, and does not turn images of {SMALLEST} pixels and more, in multiples "
        f"of up to {MULTIPLES[-1]}, into images in RGB or grey; export it again with `img2img export`"
    )


def _result(network: Callable[[Tensor], Tensor], images: Tensor) -> tuple[int, ...] | None:
    """Return the shape of a result; None where the result is no image, or the network cannot take this size."""
    try:
        with torch.inference_mode():
            result = network(images)
    except Exception:  # a foreign network may raise anything
        return None
    return tuple(result.shape) if result.is_floating_point() and result.ndim == 4 else None


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
