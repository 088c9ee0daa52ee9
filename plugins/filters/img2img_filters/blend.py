"""One frame of a clip blended with the one before it, along its motion, where both show the same."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .flow import enlarge, flow, visible, warp
from .pixels import each

HALVED_FROM = 256
"""From this shorter side on, source frames are compared at half the size: far faster, and less noise is seen."""
DETAIL = 1000.0
"""How fast trust falls with the square of the mean difference of the colours of a pixel, which are in [0, 1]."""
BRIGHTNESS = 0.7 / 255
"""Difference of the colours around a pixel, in [0, 1], at which trust has fallen to 1 / e."""
NEIGHBOURHOOD = 31
"""Side of the square which is around a pixel."""
CUT = 0.1
"""Between frames that have less than this in common, there is a cut.

Measured at 384 × 256: at most 0.01 between different pictures, dark ones too, and 0.07 if both have black bars; at
least 0.13 in pans of up to 60 pixels a frame. A false cut costs little: where little is in common, little is blended.
"""
CONTRAST = 6
"""A pixel in whose surroundings the levels, of 255, differ by no more than this may belong to a bar."""
SURROUNDINGS = np.ones((17, 17), np.uint8)
COARSE = 8
"""Blotches are looked for at this fraction of the size at which the motion is looked for ..."""
BLOTCH = 1.5
"""... with a Gaussian of this standard deviation in pixels of that size."""


def blend(
    seen_before: NDArray[np.uint8],
    output_before: NDArray[np.float32],
    seen: NDArray[np.uint8],
    fresh: NDArray[np.float32],
    strength: float,
) -> NDArray[np.float32]:
    """Blend what the model made of a frame with the output of the frame before; see `Steady`.

    Args:
        seen_before: The source frame before, `reduced`: (h, w, 1 or 3).
        output_before: What became of it: (H, W, C) in [0, 1].
        seen: The source frame, likewise.
        fresh: What the model made of it, likewise; is written to.
        strength: 0 ... 1.

    Returns:
        (H, W, C) in [0, 1].
    """
    grey_before, grey = _grey(seen_before), _grey(seen)
    motion = flow(grey, grey_before)
    trust = visible(motion, flow(grey_before, grey))
    trust *= _unchanged(seen, warp(seen_before, motion), trust)
    if _in_common(grey, trust) < CUT:
        return fresh
    height, width, channels = fresh.shape
    moved = warp(output_before, enlarge(motion, height, width))
    fresh += _blotches(fresh, moved, trust, strength)
    weight = cv2.resize(trust * np.float32(strength), (width, height), interpolation=cv2.INTER_LINEAR)
    moved -= fresh
    moved *= cv2.merge([weight] * channels).reshape(fresh.shape)
    moved += fresh
    return moved


def reduced(source: NDArray[Any]) -> NDArray[np.uint8]:
    """The frame in 8 bits, and at half the size if it is not small: (h, w, 1 or 3)."""
    height, width, channels = source.shape
    if min(height, width) >= HALVED_FROM:
        height, width = height // 2, width // 2
        source = cv2.resize(source, (width, height), interpolation=cv2.INTER_AREA)
    if source.dtype == np.uint16:
        source = cv2.multiply(source, each(1 / 257), dtype=cv2.CV_8U)
    return source.reshape(height, width, channels)


def _unchanged(seen: NDArray[np.uint8], moved: NDArray[np.uint8], trust: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the source shows the same as before: (h, w), in [0, 1].

    Small differences all over a neighbourhood are a change of the light, which counts from far less on than the
    differences of single pixels, which come from noise and from errors of the motion.
    """
    channels = seen.shape[2]
    mean = np.full((1, channels), 1 / channels, np.float32)
    levels = np.arange(256, dtype=np.float32) / 255
    near = cv2.LUT(cv2.transform(cv2.absdiff(seen, moved), mean), np.exp(-DETAIL * levels**2))
    weight = near * trust
    square = (NEIGHBOURHOOD, NEIGHBOURHOOD)
    difference = cv2.subtract(seen, moved, dtype=cv2.CV_32F).reshape(seen.shape)
    around = cv2.blur(difference * weight[..., None], square).reshape(seen.shape)
    around /= (cv2.blur(weight, square) + np.float32(1e-3))[..., None]
    around *= around
    return near * np.exp(cv2.transform(around, mean) / np.float32(-((255 * BRIGHTNESS) ** 2)))


def _in_common(grey: NDArray[np.uint8], trust: NDArray[np.float32]) -> float:
    """Mean trust where there is something to see: bars beside the picture survive each cut."""
    contrast = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, SURROUNDINGS)
    weight = np.where(contrast > CONTRAST, np.float32(1), np.float32(0.01))
    return float((trust * weight).sum(dtype=np.float64) / weight.sum(dtype=np.float64))


def _blotches(
    fresh: NDArray[np.float32], moved: NDArray[np.float32], trust: NDArray[np.float32], strength: float
) -> NDArray[np.float32]:
    """What to add to `fresh` for the colours of `moved`, in the large; reaches beyond what can be trusted."""
    height, width = trust.shape
    size = (max(width // COARSE, 1), max(height // COARSE, 1))
    small_fresh, small_moved, weight = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (fresh, moved, trust)
    )
    difference = (small_moved - small_fresh).reshape(*size[::-1], -1) * weight[..., None]
    near, share = (cv2.GaussianBlur(picture, (0, 0), BLOTCH) for picture in (difference, weight))
    near = near.reshape(difference.shape) * (np.float32(strength) / (share + np.float32(0.05)))[..., None]
    larger: NDArray[np.float32] = cv2.resize(near, fresh.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return larger.reshape(fresh.shape)


def _grey(seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey: NDArray[np.uint8] = cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY) if seen.shape[2] == 3 else seen[..., 0]
    return grey
