"""This module blends a frame of a clip with the frame before, along the motion, where both show the same."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .flow import enlarge, flow, visible, warp
from .pixels import each

HALVED_FROM = 256
"""Shorter side from which on source frames are compared at half the size, which is faster and hides noise."""
DETAIL = 1000.0
"""Factor of the squared mean difference of a pixel's colours, in [0, 1], by which trust falls exponentially."""
BRIGHTNESS = 0.7 / 255
"""Difference of the colours around a pixel, in [0, 1], at which trust has fallen to 1 / e."""
NEIGHBOURHOOD = 31
"""Side of the square around a pixel, in pixels."""
CUT = 0.1
"""Mean trust between two frames below which there is a cut between them.

Measured at 384 × 256: at most 0.01 between different pictures, dark ones too, and 0.07 if both have black bars; at
least 0.13 in pans of up to 60 pixels a frame. A false cut harms little, since frames with little trust blend little.
"""
CONTRAST = 6
"""Difference of the levels, of 255, around a pixel up to which the pixel may belong to a black bar."""
SURROUNDINGS = np.ones((17, 17), np.uint8)
COARSE = 8
"""Factor by which the frame in which blotches are found is smaller than the frame in which motion is found."""
BLOTCH = 1.5
"""Standard deviation of the Gaussian that finds blotches, in pixels of the smaller frame."""


def blend(
    seen_before: NDArray[np.uint8],
    output_before: NDArray[np.float32],
    seen: NDArray[np.uint8],
    fresh: NDArray[np.float32],
    strength: float,
) -> NDArray[np.float32]:
    """Blend the model's result for a frame with the output for the frame before; see `Steady`.

    Args:
        seen_before: The source frame before, `reduced`: (h, w, 1 or 3).
        output_before: The output for the frame before: (H, W, C) in [0, 1].
        seen: The source frame, `reduced`: (h, w, 1 or 3).
        fresh: The model's result for the source frame: (H, W, C) in [0, 1]. It is overwritten.
        strength: Weight of the frame before, from 0 to 1.

    Returns:
        The output for the source frame: (H, W, C) in [0, 1].
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
    """Return a frame in 8 bits, at half the size unless it is small: (h, w, 1 or 3)."""
    height, width, channels = source.shape
    if min(height, width) >= HALVED_FROM:
        height, width = height // 2, width // 2
        source = cv2.resize(source, (width, height), interpolation=cv2.INTER_AREA)
    if source.dtype == np.uint16:
        source = cv2.multiply(source, each(1 / 257), dtype=cv2.CV_8U)
    return source.reshape(height, width, channels)


def _unchanged(seen: NDArray[np.uint8], moved: NDArray[np.uint8], trust: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far the source shows the same as before: (h, w), in [0, 1].

    Small differences all over a neighbourhood are a change of the light. They lower the trust far more than equally
    small differences of single pixels, which come from noise and from errors of the motion.
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
    """Return the mean trust where the picture has contrast, since black bars do not change at a cut."""
    contrast = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, SURROUNDINGS)
    weight = np.where(contrast > CONTRAST, np.float32(1), np.float32(0.01))
    return float((trust * weight).sum(dtype=np.float64) / weight.sum(dtype=np.float64))


def _blotches(
    fresh: NDArray[np.float32], moved: NDArray[np.float32], trust: NDArray[np.float32], strength: float
) -> NDArray[np.float32]:
    """Return what to add to `fresh` so that its large areas get the colours of `moved`, also near trusted pixels."""
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
