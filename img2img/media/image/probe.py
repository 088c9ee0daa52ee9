"""What the header of an image file says, before any pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from img2img.errors import ImageError
from img2img.media.image import tiff

# Pillow's classes rather than its `open`, which looks at more formats and has a pixel limit for the whole process.
_PILLOW: dict[str, type[ImageFile]] = {
    "AVIF": AvifImageFile,
    "BMP": BmpImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WebP": WebPImageFile,
}

_PNG_GREY_ALPHA = 4  # the colour type, which Pillow calls RGBA if it has 16 bits


@dataclass(frozen=True)
class Header:
    """What a file says of itself.

    Attributes:
        format: PNG, JPEG, WebP, TIFF, BMP or AVIF.
        width: In pixels, before the orientation is applied.
        height: Likewise.
        mode: Pillow's word for the channels: L, LA, P, RGB, RGBA, CMYK. Empty for TIFF.
        frames: How many pictures there are. What follows the picture in a JPEG file (previews, maps for HDR) is none.
        exif: As it stands in the file, like the next two.
        icc: Colour profile.
        xmp: XMP packet.
        transparent: The one grey level that is transparent, in the 8 or 16 bits of the decoded pixels.
    """

    format: str
    width: int
    height: int
    mode: str = ""
    frames: int = 1
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    transparent: int | None = None


def probe(data: bytes) -> Header:
    """The header of an image file.

    Raises:
        ImageError: It is of none of the formats, or damaged.
    """
    name = _format(data)
    try:
        return _probe_tiff(data) if name == "TIFF" else _probe_with_pillow(name, data)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # a damaged header provokes many kinds
        raise ImageError(f"its {name} header is damaged ({error}); get the file again from where it came") from error


def open_with_pillow(name: str, data: bytes) -> ImageFile:
    """The file as Pillow sees it, its pixels not yet decoded."""
    return _PILLOW[name](BytesIO(data))


def _format(data: bytes) -> str:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data.startswith(b"BM"):
        return "BMP"
    if data[4:12] in (b"ftypavif", b"ftypavis", b"ftypmif1", b"ftypmiaf"):
        return "AVIF"
    raise ImageError(
        f"this is no image that can be read (it begins with {data[:8]!r}); convert it to PNG, JPEG, WebP, TIFF, BMP "
        "or AVIF"
    )


def _probe_with_pillow(name: str, data: bytes) -> Header:
    if name == "PNG":
        _refuse_cut_off_png(data)
    image = open_with_pillow(name, data)
    info = image.info
    return Header(
        format=name,
        width=image.width,
        height=image.height,
        mode="LA" if name == "PNG" and data[25] == _PNG_GREY_ALPHA else image.mode,
        frames=getattr(image, "n_frames", 1),
        exif=info.get("exif"),
        icc=info.get("icc_profile"),
        xmp=info.get("xmp"),
        transparent=_transparent_grey(data, image) if name == "PNG" else None,
    )


def _refuse_cut_off_png(data: bytes) -> None:
    # OpenCV allocates what a chunk says of its length, up to 4 GB, before it looks whether that is there.
    at = 8
    while data[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if at + 12 > len(data):
            raise ImageError("it is cut off or damaged; get the file again from where it came")


def _transparent_grey(data: bytes, image: ImageFile) -> int | None:
    level = image.info.get("transparency")
    if image.mode not in ("1", "L", "I;16") or not isinstance(level, int):
        return None
    bits = data[24]
    # Pillow gives the level in the bits of the file, but for 1 bit.
    return level * 255 // (2**bits - 1) if bits in (2, 4) else level


def _probe_tiff(data: bytes) -> Header:
    if data[2:4] in (b"+\0", b"\0+"):
        raise ImageError("this is a BigTIFF file; save it as a plain TIFF file")
    pages = tiff.pages(data)
    first = pages[0]
    return Header(
        format="TIFF",
        width=first.integers(tiff.WIDTH)[0],
        height=first.integers(tiff.HEIGHT)[0],
        frames=len(pages),
        exif=tiff.exif_block(data),
        icc=first.value(tiff.ICC),
        xmp=first.value(tiff.XMP),
    )
