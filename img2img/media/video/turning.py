"""This module turns frames upright: cameras store frames as the sensor sees them, and note how to show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels

Turn = tuple[int, int, int, int]
"""The signs (a, b, c, d) of a display matrix: x' = a x + c y, y' = b x + d y."""

_UPRIGHT: Turn = (1, 0, 0, 1)


def turn_upright(pixels: Pixels, turn: Turn) -> Pixels:
    """Turn or mirror pixels, (H, W, C), by a display matrix."""
    a, b, c, d = turn
    if a == 0:
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return np.ascontiguousarray(pixels[::d, ::a])


def turn_of(frame: av.VideoFrame) -> Turn:
    """Return the display matrix of a frame; upright where it has none, or one that is no quarter turn."""
    side_data: Any = frame.side_data.get("DISPLAYMATRIX")
    if side_data is None:
        return _UPRIGHT
    matrix = np.frombuffer(bytes(side_data), np.int32)  # a b u c d v x y w, in 16.16
    a, b, c, d = (int(sign) for sign in np.sign(matrix[[0, 1, 3, 4]] // (1 << 12)))
    return (a, b, c, d) if (a * d, b * c) in ((1, 0), (-1, 0), (0, 1), (0, -1)) else _UPRIGHT
