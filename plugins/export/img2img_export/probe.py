"""Finding out what a network does that says nothing of itself, by trying it."""

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
"""The height and width from which a network is supposed to work."""
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
LARGEST_RATIO = 8
"""A network may make an image so many times smaller."""


def try_out(network: Callable[[Tensor], Tensor], shape: Sequence[Any], path: Path) -> Declaration:
    """Find the scale, the channels and the multiple of a network that takes images.

    Args:
        network: Takes (N, C, H, W).
        shape: Of its input as declared; numbers where that is fixed.
        path: Of its file, for messages.

    Raises:
        ModelFileError: The input is not of images of any size, or what comes out is not of images.
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
        f"{path} says nothing of itself, and does not make images of images of {SMALLEST} pixels and more, in "
        f"multiples of up to {MULTIPLES[-1]}, in RGB or grey"
    )


def _result(network: Callable[[Tensor], Tensor], images: Tensor) -> tuple[int, ...] | None:
    """The shape of what a network returns; None where it is no image, or the network cannot take this size."""
    try:
        with torch.inference_mode():
            result = network(images)
    except Exception:  # it may be anybody's
        return None
    return tuple(result.shape) if result.is_floating_point() and result.ndim == 4 else None


def _declared(scale: Fraction, multiple: int, channels: tuple[int, int], path: Path) -> Declaration:
    log.warning(
        "%s says nothing of itself; it is taken to work on RGB or grey in [0, 1]. By trying, it has a scale of %s and "
        "takes multiples of %d",
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
