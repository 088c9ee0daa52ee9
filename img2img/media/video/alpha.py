"""This module adds the transparency of a decoded frame to its colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import av

    from img2img.media.image.images import Pixels


def with_alpha(colours: Pixels, frame: av.VideoFrame) -> Pixels:
    """Return (H, W, 4) where a frame has transparent pixels, otherwise its colours as they are.

    Args:
        colours: (H, W, 3), uint8 or uint16.
        frame: The frame of which they are the colours.
    """
    layout = frame.format
    if not (layout.has_palette or any(component.is_alpha for component in layout.components)):
        return colours
    name = "rgba" if colours.dtype == np.uint8 else "rgba64le"
    alpha: Pixels = frame.to_ndarray(format=name, threads=1)[..., 3:]
    return colours if alpha.min() == np.iinfo(alpha.dtype).max else np.concatenate([colours, alpha], axis=2)
