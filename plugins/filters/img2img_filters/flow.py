"""This module estimates the motion between two frames, judges where the estimate is right, and moves pictures by it."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SMALLEST = 32
"""Sides shorter than this are padded: with some of them, DIS reads beyond its pyramid and crashes the process."""


def flow(
    frame: NDArray[np.uint8], other: NDArray[np.uint8], preset: Literal["fast", "medium"] = "fast"
) -> NDArray[np.float32]:
    """Estimate the optical flow by dense inverse search (Kroeger et al. 2016, "Fast Optical Flow using DIS").

    Args:
        frame: (H, W), uint8, of any size.
        other: The other frame, of the same shape.
        preset: "medium" takes four times as long and is more exact.

    Returns:
        (H, W, 2), x and y in pixels: the displacement of each pixel from `frame` to `other`. The same frames give the
        same bits.
    """
    height, width = frame.shape
    below, beside = max(0, SMALLEST - height), max(0, SMALLEST - width)
    if below or beside:
        frame, other = (
            cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_REPLICATE) for picture in (frame, other)
        )
    presets = {"fast": cv2.DISOPTICAL_FLOW_PRESET_FAST, "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM}
    # The object is made for each call, since it keeps state that depends on the size of a frame.
    found: NDArray[np.float32] = cv2.DISOpticalFlow.create(presets[preset]).calc(frame, other, None)
    return found[:height, :width]


def warp(picture: NDArray[Any], motion: NDArray[np.float32]) -> NDArray[Any]:
    """Move a picture along the flow: each pixel comes from the place to which `motion` points, by cubic interpolation.

    Args:
        picture: (H, W) or (H, W, C) of uint8, uint16 or float32.
        motion: The flow, (H, W, 2), in pixels.

    Returns:
        An array of the same shape and type; beyond the picture's border, the pixels of the border are repeated.
    """
    height, width = motion.shape[:2]
    places = motion.copy()
    places[..., 0] += np.arange(width, dtype=np.float32)
    places[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    moved: NDArray[Any] = cv2.remap(picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved.reshape(picture.shape)


def enlarge(motion: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Scale a flow to another size of the frame: (H, W, 2) becomes (height, width, 2), in pixels of that size."""
    scale = np.array([width / motion.shape[1], height / motion.shape[0]], np.float32)
    larger: NDArray[np.float32] = cv2.resize(motion * scale, (width, height), interpolation=cv2.INTER_LINEAR)
    return larger


def visible(there: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    """Find out where two frames show the same thing: there, the flow to the other frame and the flow back cancel out.

    The bound is that of Ruder et al. 2016, "Artistic Style Transfer for Videos":
    |there + back|² < 0.01 (|there|² + |back|²) + 0.5.

    Args:
        there: The flow from frame to other, (H, W, 2): `flow(frame, other)`.
        back: The flow from other to frame, (H, W, 2): `flow(other, frame)`.

    Returns:
        (H, W): 1 where `other` also shows a pixel of `frame`, 0 where the pixel is hidden in `other` or outside of it.
    """
    height, width = there.shape[:2]
    returned = warp(back, there)
    gap = _square(there + returned)
    good = gap < 0.01 * (_square(there) + _square(returned)) + 0.5
    x = there[..., 0] + np.arange(width, dtype=np.float32)
    y = there[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return (good & inside).astype(np.float32)


def _square(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    x, y = motion[..., 0], motion[..., 1]
    return x * x + y * y
