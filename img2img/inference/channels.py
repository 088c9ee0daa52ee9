"""Grey images and alpha are fitted to networks that know neither, and put back into the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from img2img.contract.traits import Traits
from img2img.media import fill_transparent
from img2img.media.opencv import cv2

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


def from_network(colour: Pixels, beside: Beside, traits: Traits) -> Pixels:
    """Turn the network's (H', W', channels_out) into as many channels as the source had; undoes `to_network`.

    A grey image stays grey where the translator keeps colour and its network takes RGB; one that takes 1 channel and
    returns 3 colours it.
    """
    if beside.grey and traits.keeps_colour and traits.channels_in == 3 and colour.shape[2] == 3:
        colour = _luma(colour)
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
    luma = colour.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.rint(luma).astype(colour.dtype)[..., None]
