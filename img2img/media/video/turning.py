"""This module turns frames upright: cameras store frames as the sensor sees them, and note how to show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np

from img2img.media.video.side_data import may_be_png, side_data

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels

Turn = tuple[int, int, int, int]
"""The signs (a, b, c, d) of a display matrix: x' = a x + c y, y' = b x + d y."""

_UPRIGHT: Turn = (1, 0, 0, 1)
_TURNS: dict[int, Turn] = {90: (0, -1, 1, 0), 180: (-1, 0, 0, -1), 270: (0, 1, -1, 0)}
"""Degrees by which a picture is turned counter-clockwise, and the display matrix that does it."""


def turn_upright(pixels: Pixels, turn: Turn) -> Pixels:
    """Turn or mirror pixels, (H, W, C), by a display matrix."""
    a, b, c, d = turn
    if a == 0:
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return np.ascontiguousarray(pixels[::d, ::a])


def turn_of(frame: av.VideoFrame) -> Turn:
    """Return the display matrix of a frame; upright where it has none, or one that is no quarter turn."""
    if may_be_png(frame):
        return _TURNS.get(frame.rotation % 360, _UPRIGHT)
    data = side_data(frame, "DISPLAYMATRIX")
    if data is None or len(data) < 36:
        return _UPRIGHT
    matrix = np.frombuffer(data, np.int32)  # a b u c d v x y w, in 16.16
    a, b, c, d = (int(sign) for sign in np.sign(matrix[[0, 1, 3, 4]] // (1 << 12)))
    return (a, b, c, d) if (a * d, b * c) in ((1, 0), (-1, 0), (0, 1), (0, -1)) else _UPRIGHT
