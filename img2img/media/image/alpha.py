"""This module gives transparent pixels a colour for the network, and puts images in front of white."""

from __future__ import annotations

import numpy as np

from img2img.media.image.images import Pixels
from img2img.media.opencv import cv2


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


def over_white(pixels: Pixels) -> Pixels:
    """Put an image with alpha in front of white: (H, W, C) becomes (H, W, C - 1) without alpha."""
    white = np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:].astype(np.uint16 if white == 255 else np.uint32)
    shown = pixels[..., :-1] * alpha + white * (white - alpha)
    return ((shown + white // 2) // white).astype(pixels.dtype)
