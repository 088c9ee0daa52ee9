"""This module converts integer pixels to floating-point numbers and back."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def to_floats(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Convert (H, W, C) of uint8 or uint16 to [0, 1]; `to_integers` gives the same pixels back."""
    floats: NDArray[np.float32] = cv2.multiply(pixels, each(1 / np.iinfo(pixels.dtype).max), dtype=cv2.CV_32F)
    return floats.reshape(pixels.shape)


def to_integers(floats: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Convert (H, W, C) in [0, 1] to uint8 or uint16, rounded; values outside of [0, 1] are clipped."""
    depth = cv2.CV_8U if dtype == np.uint8 else cv2.CV_16U
    return cv2.multiply(floats, each(float(np.iinfo(dtype).max)), dtype=depth).reshape(floats.shape)


def each(value: float) -> tuple[float, ...]:
    """Repeat a number for each channel, in the form that OpenCV needs."""
    return (value,) * 4
