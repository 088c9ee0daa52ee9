"""Grey images and alpha are fitted to networks that know neither, and put back into the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from img2img.contract.traits import Traits
from img2img.media import fill_transparent
from img2img.media.opencv import cv2
from img2img.nn.grey import LUMA

if TYPE_CHECKING:
    from img2img.media import Pixels


@dataclass(frozen=True)
class Beside:
    """The parts of an image that do not go through the network."""

    grey: bool
    """Whether the image has one colour channel."""
    alpha: Pixels | None
    """The alpha channel, (H, W); None where the image has none."""


def to_network(pixels: Pixels, traits: Traits) -> tuple[Pixels, Beside]:
    """Turn (H, W, 1 ... 4) into (H, W, channels_in): alpha is taken off, grey repeated, or RGB reduced to luma.

    Colours under alpha 0, which nobody sees, are filled from around, so that they do not bleed into what is seen.
    """
    channels = pixels.shape[2]
    alpha = pixels[..., -1] if channels in (2, 4) else None
    colour = fill_transparent(pixels)[..., :-1] if alpha is not None else pixels
    grey = channels <= 2
    if grey and traits.channels_in == 3:
        colour = np.repeat(colour, 3, axis=2)
    elif not grey and traits.channels_in == 1:
        colour = _luma(colour)
    return np.ascontiguousarray(colour), Beside(grey, alpha)


def without_tint(entering: Pixels, result: Pixels, traits: Traits) -> Pixels:
    """Return a result whose three channels are equal where those of the source are and the translator keeps colour.

    Args:
        entering: The pixels that went into the network, (H, W, channels_in).
        result: The network's result, (H', W', channels_out).
        traits: The translator's.
    """
    if traits.keeps_colour and result.shape[2] == 3 and is_grey(entering):
        return np.repeat(_luma(result), 3, axis=2)
    return result


def is_grey(pixels: Pixels) -> bool:
    """Return whether pixels have three channels that are equal everywhere; a few are compared first, to be quick."""
    return pixels.shape[2] == 3 and all(
        bool((some[..., 0] == some[..., 1]).all() and (some[..., 1] == some[..., 2]).all())
        for some in (pixels[::16, ::16], pixels)
    )


def from_network(colour: Pixels, beside: Beside, traits: Traits) -> Pixels:
    """Turn the network's (H', W', channels_out) into as many channels as the source had; undoes `to_network`.

    A grey image gets one colour channel again where the translator keeps colour, its network takes RGB, and no colour
    has come in: see `without_tint`. In all other cases it gets the network's channels.
    """
    if beside.grey and traits.keeps_colour and traits.channels_in == 3 and is_grey(colour):
        colour = colour[..., :1]
    if beside.alpha is None:
        return colour
    height, width = colour.shape[:2]
    alpha = beside.alpha
    if alpha.shape != (height, width):
        way = cv2.INTER_CUBIC if height > alpha.shape[0] else cv2.INTER_AREA
        alpha = cv2.resize(alpha, (width, height), interpolation=way)
    return np.concatenate([colour, alpha[..., None]], axis=2)


def _luma(colour: Pixels) -> Pixels:
    """Compute ITU-R BT.601 luma in full range, which is exact for equal channels."""
    luma = colour.astype(np.float32) @ np.array(LUMA, np.float32)
    return np.rint(luma).astype(colour.dtype)[..., None]
