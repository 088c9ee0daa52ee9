"""This module gives transparent pixels a colour for the network, and puts images in front of a ground."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from img2img.media.image.images import Pixels
from img2img.media.opencv import cv2

Ground: TypeAlias = tuple[int, int, int]
"""A colour as red, green and blue, 0 to 255."""
WHITE: Ground = (255, 255, 255)


def fill_transparent(pixels: Pixels) -> Pixels:
    """Give each fully transparent pixel the colour of the nearest pixel that is not.

    The colour that a file stores under a transparent pixel is arbitrary, often black; a network would spread it over
    the edge into the visible pixels.

    Args:
        pixels: (H, W, C), uint8 or uint16; C is 2 or 4, and the last channel is alpha. The array is not changed.

    Returns:
        An array of the same shape and type with the same alpha; `pixels` itself where there is nothing to fill.
    """
    hidden = pixels[..., -1] == 0
    if not hidden.any() or hidden.all():
        return pixels
    # Each visible pixel has a label of its own, and each hidden pixel has the label of the nearest visible one.
    _, label = cv2.distanceTransformWithLabels(
        hidden.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.empty((int(label.max()) + 1, pixels.shape[2] - 1), pixels.dtype)
    colours[label[~hidden]] = pixels[~hidden, :-1]
    filled = pixels.copy()
    filled[hidden, :-1] = colours[label[hidden]]
    return filled


def in_front_of(ground: Ground, pixels: Pixels) -> Pixels:
    """Put an image with alpha in front of a colour.

    Args:
        ground: The colour.
        pixels: (H, W, C), uint8 or uint16; C is 2 or 4, and the last channel is alpha.

    Returns:
        (H, W, 1) of grey in front of grey, otherwise (H, W, 3).
    """
    top = np.iinfo(pixels.dtype).max
    wide = np.uint16 if top == 255 else np.uint32
    colour = ground[:1] if pixels.shape[2] == 2 and len(set(ground)) == 1 else ground
    behind: Pixels = np.array([level * (top // 255) for level in colour], wide)
    alpha: Pixels = pixels[..., -1:].astype(wide)
    shown = pixels[..., :-1] * alpha + behind * (top - alpha)
    return ((shown + top // 2) // top).astype(pixels.dtype)


def colour_name(ground: Ground) -> str:
    """Return the name of a colour, for messages."""
    return {WHITE: "white", (0, 0, 0): "black"}.get(ground, "#{:02x}{:02x}{:02x}".format(*ground))
