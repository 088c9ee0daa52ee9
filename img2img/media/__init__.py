"""This package reads and writes the files of images and clips, with the metadata in them.

Names that need NumPy or OpenCV are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from img2img.media.files import check_ours, is_ours, read_file, unwritable
from img2img.media.folder import Folder, write_file
from img2img.media.formats import READABLE_IMAGES, WRITABLE_IMAGES
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.media.clip.frames import Clip, ClipInfo, Frame, TracksOf
    from img2img.media.clip.opening import open_clip
    from img2img.media.image.alpha import fill_transparent
    from img2img.media.image.decode import decode_image
    from img2img.media.image.encode import encode_image
    from img2img.media.image.images import Encoded, Image, Metadata
    from img2img.media.video.options import VideoOptions
    from img2img.media.video.writer import create_clip

_HOMES = {
    "Clip": "clip.frames",
    "ClipInfo": "clip.frames",
    "Encoded": "image.images",
    "Frame": "clip.frames",
    "Image": "image.images",
    "Metadata": "image.images",
    "TracksOf": "clip.frames",
    "VideoOptions": "video.options",
    "create_clip": "video.writer",
    "decode_image": "image.decode",
    "encode_image": "image.encode",
    "fill_transparent": "image.alpha",
    "open_clip": "clip.opening",
}

__all__ = [
    "READABLE_IMAGES",
    "WRITABLE_IMAGES",
    "Clip",
    "ClipInfo",
    "Encoded",
    "Folder",
    "Frame",
    "Image",
    "Metadata",
    "TracksOf",
    "VideoOptions",
    "check_ours",
    "create_clip",
    "decode_image",
    "encode_image",
    "fill_transparent",
    "is_ours",
    "open_clip",
    "printable",
    "read_file",
    "unwritable",
    "write_file",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'img2img.media' has no attribute {name!r}")
    return getattr(import_module(f"img2img.media.{_HOMES[name]}"), name)
