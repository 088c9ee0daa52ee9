"""A glance at an image file gives its size without decoding it, and finds out whether its end is missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

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
        if form is None or form.name not in _GLANCED:
            return None
        open_image, is_whole = _GLANCED[form.name]
        if not is_whole(file):
            return None
        file.seek(0)
        try:
            image = open_image(file)
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


_GLANCED: dict[str, tuple[Callable[[BinaryIO], ImageFile], Callable[[BinaryIO], bool]]] = {
    "PNG": (PngImageFile, lambda file: _tail(file).endswith(b"IEND\xaeB`\x82")),
    "JPEG": (JpegImageFile, lambda file: b"\xff\xd9" in _tail(file)),
    "WebP": (WebPImageFile, _is_whole_riff),
}
"""Name of a format to a function that reads the header and one that returns whether the end of the file is there.

Files of other formats are decoded.
"""
