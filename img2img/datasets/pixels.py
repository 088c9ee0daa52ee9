"""Images for training are decoded once and kept in memory while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from img2img.errors import DataError, ImageError
from img2img.media import decode_image, fill_transparent, read_file

if TYPE_CHECKING:
    from img2img.media import Pixels


class ImageCache:
    """Reads images as RGB and keeps the most recently used ones.

    Args:
        limit: The most bytes of pixels that it keeps.
        convert: Makes of decoded pixels (H, W, 1 to 4) what is kept, instead of `as_rgb`.
    """

    def __init__(self, limit: int = 2 << 30, convert: Callable[[Pixels], Pixels] | None = None) -> None:
        self.limit, self.convert = limit, convert or as_rgb
        self._held = 0
        self._pixels: OrderedDict[Path, Pixels] = OrderedDict()

    def read(self, path: Path) -> Pixels:
        """Return what `convert` makes of the pixels of a file.

        Raises:
            DataError: The file is no readable image.
        """
        if path in self._pixels:
            self._pixels.move_to_end(path)
            return self._pixels[path]
        try:
            pixels = self.convert(decode_image(read_file(path), str(path)).pixels)
        except ImageError as error:
            raise DataError(*error.lines, "Remove the file from the training data.") from error
        self._pixels[path] = pixels
        self._held += pixels.nbytes
        while self._held > self.limit and len(self._pixels) > 1:
            self._held -= self._pixels.popitem(last=False)[1].nbytes
        return pixels


def as_rgb(pixels: Pixels) -> Pixels:
    """Turn pixels into (H, W, 3): grey is repeated; alpha is left out, and invisible colours are filled from around."""
    colour = fill_transparent(pixels)[..., :-1] if pixels.shape[2] in (2, 4) else pixels
    return np.repeat(colour, 3, axis=2) if colour.shape[2] == 1 else np.ascontiguousarray(colour)


def to_tensor(pixels: Pixels) -> Tensor:
    """Turn (H, W, C) integers into (C, H, W) floats in [0, 1]."""
    scale = np.float32(1 / np.iinfo(pixels.dtype).max)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32) * scale)
