"""This module converts sRGB to CIE Lab and back, through linear light, where OpenCV's conversion is exact enough."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .pixels import to_integers


def to_lab(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Convert (H, W, 1 or 3) of uint8 or uint16 to CIE Lab, (H, W, 3): lightness in 0 ... 100, and two of colour."""
    levels = np.linspace(0, 1, int(np.iinfo(pixels.dtype).max) + 1)
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)[pixels]
    rgb = linear if pixels.shape[2] == 3 else cv2.merge([linear] * 3)
    lab: NDArray[np.float32] = cv2.cvtColor(rgb, cv2.COLOR_LRGB2Lab)
    return lab


def from_lab(lab: NDArray[np.float32], channels: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Convert CIE Lab, (H, W, 3), to (H, W, channels) of uint8 or uint16; colours outside of sRGB are clipped."""
    linear = cv2.cvtColor(lab, cv2.COLOR_Lab2LRGB)[..., :channels].clip(0, 1)
    root = cv2.pow(linear, 1 / 2.4).reshape(linear.shape)
    return to_integers(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * root - 0.055), dtype)
