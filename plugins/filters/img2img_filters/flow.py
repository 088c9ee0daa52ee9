"""Motion between two frames: how far each pixel moves, where that can be believed, and pictures moved along it."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SMALLEST = 32
"""Shorter sides are padded: on some, DIS reads beyond its pyramid and the process dies."""


def flow(
    frame: NDArray[np.uint8], other: NDArray[np.uint8], preset: Literal["fast", "medium"] = "fast"
) -> NDArray[np.float32]:
    """Estimate the optical flow by dense inverse search (Kroeger et al. 2016, "Fast Optical Flow using DIS").

    Args:
        frame: (H, W), uint8, of any size.
        other: The same shape.
        preset: "medium" takes four times as long and looks closer.

    Returns:
        (H, W, 2), x and y in pixels: what `frame` shows at a pixel, `other` shows that far from it. The same bits for
        the same frames.
    """
    height, width = frame.shape
    below, beside = max(0, SMALLEST - height), max(0, SMALLEST - width)
    if below or beside:
        frame, other = (
            cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_REPLICATE) for picture in (frame, other)
        )
    presets = {"fast": cv2.DISOPTICAL_FLOW_PRESET_FAST, "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM}
    # Made anew, since it keeps what it adapts to the size of a frame.
    found: NDArray[np.float32] = cv2.DISOpticalFlow.create(presets[preset]).calc(frame, other, None)
    return found[:height, :width]


def warp(picture: NDArray[Any], motion: NDArray[np.float32]) -> NDArray[Any]:
    """Move a picture along the flow: each pixel is taken from where `motion` points, between pixels by cubics.

    Args:
        picture: (H, W) or (H, W, C) of uint8, uint16 or float32.
        motion: (H, W, 2).

    Returns:
        The same shape and type; beyond its border, the picture goes on as at its border.
    """
    height, width = motion.shape[:2]
    places = motion.copy()
    places[..., 0] += np.arange(width, dtype=np.float32)
    places[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    moved: NDArray[Any] = cv2.remap(picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved.reshape(picture.shape)


def enlarge(motion: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """The flow of the same scene in another size: (H, W, 2) to (height, width, 2), in pixels of that size."""
    scale = np.array([width / motion.shape[1], height / motion.shape[0]], np.float32)
    larger: NDArray[np.float32] = cv2.resize(motion * scale, (width, height), interpolation=cv2.INTER_LINEAR)
    return larger


def visible(there: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where both frames show the same thing: where the flow there and the flow back from there cancel out.

    The bound is that of Ruder et al. 2016, "Artistic Style Transfer for Videos":
    |there + back|² < 0.01 (|there|² + |back|²) + 0.5.

    Args:
        there: (H, W, 2), `flow(frame, other)`.
        back: `flow(other, frame)`.

    Returns:
        (H, W): 1 where what `frame` shows is seen in `other` too, 0 where it is hidden or outside there.
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
