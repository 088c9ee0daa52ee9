"""This module draws sheets of images: previews in columns, and examples in rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from img2img.media import Image, encode_image
from img2img.media.opencv import cv2
from img2img.text import printable

Sheet = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
TILE = 256
"""Side of an example, in pixels."""
LETTERS = 36
"""How many letters of a caption a tile has room for."""
GAP = 6
"""White pixels between examples."""


def preview_sheet(previews: Mapping[str, Tensor]) -> bytes:
    """Draw as PNG a row for each image, its versions side by side under their names: (N, 1 or 3, H, W), in [0, 1]."""
    sheet = lay_out(list(previews.values()))
    return _encoded(np.concatenate([_captions(list(previews), sheet.shape[1]), sheet]), ".png")


def example_sheet(rows: Sequence[tuple[Sequence[str], Sequence[Tensor]]]) -> bytes:
    """Draw a row for each example: captions, and below them as many images as `tile` makes them; as JPEG."""
    parts = []
    for captions, images in rows:
        height = max(image.shape[-2] for image in images)
        tiles = lay_out([_on_white(image, height)[None] for image in images])
        gap = np.full((GAP, tiles.shape[1], 3), 255, np.uint8)
        parts += [_captions([_shortened(text) for text in captions], tiles.shape[1]), tiles, gap]
    return _encoded(np.concatenate(parts), ".jpg")


def lay_out(columns: Sequence[Tensor], side: int = 384) -> Sheet:
    """Lay out (N, 1 or 3, H, W) images, one column each, at most `side` pixels high and wide."""
    height, width = columns[-1].shape[-2:]
    shrink = min(1.0, side / max(height, width))
    size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    cells = [interpolate(column.float().cpu(), size=size, mode="bilinear", antialias=True) for column in columns]
    sheet = torch.cat([torch.cat(list(cell.expand(-1, 3, -1, -1)), dim=1) for cell in cells], dim=2)
    return sheet.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()


def tile(image: Tensor) -> Tensor:
    """Bring (1 or 3, H, W) to fill (3, TILE, TILE) in height or width, on the CPU."""
    height, width = image.shape[-2:]
    scale = TILE / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    fitted = interpolate(image[None].float().cpu(), size=size, mode="bicubic", antialias=True)[0]
    return fitted.clamp(0, 1).expand(3, -1, -1)


def _shortened(text: str) -> str:
    """Cut a caption in the middle: a name ends in what distinguishes it from others, and in its figure."""
    return text if len(text) <= LETTERS else f"{text[: LETTERS // 2 - 1]}..{text[1 - LETTERS // 2 :]}"


def _on_white(image: Tensor, height: int) -> Tensor:
    return pad(image, (0, TILE - image.shape[-1], 0, height - image.shape[-2]), value=1.0)


def _captions(names: Sequence[str], width: int) -> Sheet:
    """Write one name for each column, black on white: (…, width, 3); OpenCV crashes where a name is no UTF-8."""
    line = np.full((18, width, 3), 255, np.uint8)
    for place, name in enumerate(names):
        at = place * width // len(names) + 4, 13
        cv2.putText(line, printable(name), at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return line


def _encoded(sheet: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], suffix: str) -> bytes:
    return bytes(encode_image(Image(sheet), suffix, quality=85 if suffix == ".jpg" else None).data)
