"""This module reads the header of an image file before any pixel is decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

from img2img.errors import ImageError
from img2img.media import formats
from img2img.media.formats import Still
from img2img.media.image import tiff

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


@dataclass(frozen=True)
class Header:
    """The header of an image file.

    Attributes:
        still: The record of how the format holds an image.
        width: Width in pixels, before the orientation is applied.
        height: Height in pixels, before the orientation is applied.
        mode: Pillow's word for the channels: L, LA, P, RGB, RGBA, CMYK. Empty for TIFF.
        frames: Number of pictures. Previews and HDR maps behind the picture of a JPEG file do not count.
        exif: EXIF block as it stands in the file.
        icc: Colour profile as it stands in the file.
        xmp: XMP packet as it stands in the file.
        transparent: The one grey level that is transparent, in the 8 or 16 bits of the decoded pixels; None if none is.
    """

    still: Still
    width: int
    height: int
    mode: str = ""
    frames: int = 1
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    transparent: int | None = None


def probe(data: bytes) -> Header:
    """Read the header of an image file.

    Raises:
        ImageError: The file has none of the known formats, or is damaged.
    """
    form = formats.still_format(data)
    if form is None or form.still is None:
        raise ImageError(
            f"this is no image in a known format (it begins with {data[:8]!r}); convert it to "
            f"{formats.names(formats.STILLS, 'or')}"
        )
    read: Callable[[Still, bytes], Header] = formats.load(form.still.probe)
    try:
        return read(form.still, data)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # a damaged header provokes many kinds
        raise ImageError(
            f"its {form.name} header is damaged ({error}); get the file again from where it came"
        ) from error


def open_with_pillow(still: Still, data: bytes) -> ImageFile:
    """Open a file with Pillow, without decoding its pixels."""
    # Pillow's `open` would look at more formats, and has a pixel limit for the whole process; its classes do neither.
    module, _, name = still.pillow.partition(":")
    opened: ImageFile = getattr(import_module(f"PIL.{module}"), name)(BytesIO(data))
    return opened


def probe_with_pillow(still: Still, data: bytes) -> Header:
    """Read the header with Pillow."""
    image = open_with_pillow(still, data)
    info = image.info
    return Header(
        still=still,
        width=image.width,
        height=image.height,
        mode=image.mode,
        frames=getattr(image, "n_frames", 1),
        exif=info.get("exif"),
        icc=info.get("icc_profile"),
        xmp=info.get("xmp"),
    )


def probe_tiff(still: Still, data: bytes) -> Header:
    """Read the header of a TIFF file."""
    if data[2:4] in (b"+\0", b"\0+"):
        raise ImageError("this is a BigTIFF file; save it as a plain TIFF file")
    pages = tiff.pages(data)
    first = pages[0]
    return Header(
        still=still,
        width=first.integers(tiff.WIDTH)[0],
        height=first.integers(tiff.HEIGHT)[0],
        frames=len(pages),
        exif=tiff.exif_block(data),
        icc=first.value(tiff.ICC),
        xmp=first.value(tiff.XMP),
    )
