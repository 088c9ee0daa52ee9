"""This module reads the pictures of a job: files, and what is in the albums of plugins."""

from __future__ import annotations

from contextlib import suppress

from img2img.errors import ImageError, Img2ImgError, is_ctrl_c
from img2img.inference.limits import is_out_of_memory
from img2img.media import read_file
from img2img.media.files import LARGEST_FILE
from img2img.text import error_text, printable
from img2img.translation.journal import digest, digest_file, stamp
from img2img.translation.report import Item, PictureItem


def read(item: Item) -> bytes:
    """Return the bytes of an item's picture.

    Raises:
        ImageError: They cannot be read.
    """
    if not isinstance(item, PictureItem):
        return read_file(item.source)
    name = printable(item.address)
    try:
        data = item.picture.read()
    except BaseException as error:
        if is_ctrl_c(error) or is_out_of_memory(error):
            raise
        if not isinstance(error, Img2ImgError):
            raise ImageError(f"{name}: the plugin that reads it failed: {error_text(error)}") from error
        text = str(error)
        raise ImageError(text if text.startswith(name) else f"{name}: {text}") from error
    if not isinstance(data, bytes):
        raise ImageError(f"{name}: the plugin that reads it returned {type(data).__name__} in place of bytes")
    if not data:
        raise ImageError(f"{name}: it is empty (0 bytes); get it again from where it came from")
    if len(data) > LARGEST_FILE:
        raise ImageError(f"{name}: it has more than the 1 GiB that one image file may have; split it, or compress it")
    return data


def stamp_of(item: Item) -> object:
    """Return a value that stays equal until somebody changes, replaces or removes the item's file."""
    return stamp(item.file) if item.file else None


def is_unchanged(item: Item, before: object, sha256: str) -> bool:
    """Return whether an item's source still has the content that was read.

    Args:
        item: The item.
        before: What `stamp_of` returned before it was read.
        sha256: The SHA-256 of what was read.
    """
    with suppress(OSError, ImageError):
        return stamp_of(item) == before or _digest(item) == sha256
    return False


def _digest(item: Item) -> str:
    return digest(read(item)) if isinstance(item, PictureItem) else digest_file(item.source)
