"""Finds the images of a dataset, and sets some aside for validation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from img2img.contract.families import Split
from img2img.errors import DataError
from img2img.media.formats import READABLE_IMAGES, is_image_file, listed

T = TypeVar("T")

MAX_HELD_OUT = 16


def list_images(folder: Path) -> list[Path]:
    """Return the images below a folder, sorted by path.

    Raises:
        DataError: There is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; training data are given as a folder of images")
    images = sorted(filter(is_image_file, folder.rglob("*")))
    if not images:
        raise DataError(f"no images in {folder} (looked for {listed(READABLE_IMAGES)})")
    return images


def hold_out(items: Sequence[T], split: Split) -> list[T]:
    """Split a list for good: every 20th item, at most 16, spread evenly, is for validation; the rest is for training.

    A single item is in both parts.
    """
    if len(items) == 1:
        return list(items)
    count = min(MAX_HELD_OUT, max(1, len(items) // 20))
    held_out = {(2 * index + 1) * len(items) // (2 * count) for index in range(count)}
    return [item for index, item in enumerate(items) if (index in held_out) == (split == "validation")]
