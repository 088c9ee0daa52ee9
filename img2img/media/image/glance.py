"""A glance at an image file gives its size without decoding it, and finds out whether its end is missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from img2img.media import formats
from img2img.media.files import MAX_PIXELS, read_file
from img2img.media.image.decode import decode_image
from img2img.media.image.metadata import normalised

_TAIL = 4096


def size_of(path: Path) -> tuple[int, int]:
    """Return width and height of an upright image; a file that a glance does not find whole is decoded.

    Raises:
        ImageError: The file cannot be read as an image.
        OSError: It cannot be read at all.
    """
    size = _glanced(path)
    if size is None:
        height, width = decode_image(read_file(path), path).pixels.shape[:2]
        size = width, height
    return size


def _glanced(path: Path) -> tuple[int, int] | None:
    """Return the size by the header; None where only decoding shows whether the file can be used."""
    with path.open("rb") as file:
        form = formats.still_format(file.read(formats.HEAD))
        if form is None or form.still is None or form.name not in _WHOLE or not _WHOLE[form.name](file):
            return None
        file.seek(0)
        module, _, name = form.still.pillow.partition(":")
        try:
            image = getattr(import_module(f"PIL.{module}"), name)(file)
        except Exception:  # a damaged header provokes many kinds; decoding says what it is
            return None
        if getattr(image, "n_frames", 1) > 1:
            return None
        _, orientation, _ = normalised(image.info.get("exif"), None, image.info.get("xmp"))
        width, height = image.size
    if width * height > MAX_PIXELS:
        return None
    return (height, width) if orientation > 4 else (width, height)


def _tail(file: BinaryIO) -> bytes:
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _TAIL))
    return file.read()


def _is_whole_riff(file: BinaryIO) -> bool:
    file.seek(4)
    return int.from_bytes(file.read(4), "little") + 8 <= file.seek(0, os.SEEK_END)


_WHOLE: dict[str, Callable[[BinaryIO], bool]] = {
    "PNG": lambda file: _tail(file).endswith(b"IEND\xaeB`\x82"),
    "JPEG": lambda file: b"\xff\xd9" in _tail(file),
    "WebP": _is_whole_riff,
}
"""Name of a format to a function that returns whether the end of a file is there; other formats are decoded."""
