"""This module unwraps the metadata of any format, and wraps them for JPEG and PNG files."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from img2img.media.image import tiff
from img2img.media.image.images import Metadata

EXIF_PREFIX = b"Exif\0\0"
XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
ICC_PREFIX = b"ICC_PROFILE\0"
"""What stands before each of these kinds of metadata in a segment of a JPEG file."""

_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)([1-8])")

_LONGEST_SEGMENT = 65533
_LONGEST_ICC_PART = _LONGEST_SEGMENT - len(ICC_PREFIX) - 2

PNG_HEADER_SIZE = 33
"""Number of bytes of the signature and IHDR, with which every PNG file begins."""


def normalised(exif: bytes | None, icc: bytes | None, xmp: bytes | None) -> tuple[Metadata, int, tuple[str, ...]]:
    """Bring metadata into the form that `Metadata` describes.

    Returns:
        The metadata, the orientation (1 to 8) of EXIF, or of XMP if EXIF has none, and notes on what was too broken to
        keep.
    """
    notes = []
    orientation = None
    if exif:
        try:
            exif, orientation = tiff.upright(exif.removeprefix(EXIF_PREFIX))
        except ValueError:
            exif = None
            notes.append("unreadable EXIF dropped")
    if icc and icc[36:40] != b"acsp":
        icc = None
        notes.append("unreadable ICC profile dropped")
    if xmp:
        found = _XMP_ORIENTATION.search(xmp)
        orientation = int(found[2]) if found and orientation is None else orientation
        xmp = upright_xmp(xmp.removeprefix(XMP_PREFIX).rstrip(b"\0"))
    turn = orientation if orientation and 1 <= orientation <= 8 else 1
    return Metadata(exif or None, icc or None, xmp or None), turn, tuple(notes)


def upright_xmp(xmp: bytes) -> bytes:
    """Return an XMP packet whose orientation, if it has one, is 1."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)


def into_jpeg(data: bytes, metadata: Metadata) -> bytes:
    """Return a JPEG file with metadata added; each value must satisfy `fits_jpeg`."""
    start = 4 + int.from_bytes(data[4:6], "big")  # the position behind the JFIF segment, which comes first
    return data[:start] + b"".join(_segments(metadata)) + data[start:]


def fits_jpeg(field: str, value: bytes) -> bool:
    """Return whether JPEG can hold a value of a field of `Metadata`; only a profile may span segments, at most 255."""
    if field == "icc":
        return len(value) <= 255 * _LONGEST_ICC_PART
    return len(value) <= _LONGEST_SEGMENT - len(XMP_PREFIX)


def into_png(data: bytes, metadata: Metadata) -> bytes:
    """Return a PNG file with metadata added."""
    return data[:PNG_HEADER_SIZE] + b"".join(_chunks(metadata)) + data[PNG_HEADER_SIZE:]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG file, with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _segments(metadata: Metadata) -> Iterator[bytes]:
    if metadata.exif:
        yield _segment(0xE1, EXIF_PREFIX + metadata.exif)
    if metadata.xmp:
        yield _segment(0xE1, XMP_PREFIX + metadata.xmp)
    icc = metadata.icc or b""
    parts = [icc[i : i + _LONGEST_ICC_PART] for i in range(0, len(icc), _LONGEST_ICC_PART)]
    for number, part in enumerate(parts, start=1):
        yield _segment(0xE2, ICC_PREFIX + bytes((number, len(parts))) + part)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def _chunks(metadata: Metadata) -> Iterator[bytes]:
    if metadata.icc:
        yield png_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc))
    if metadata.exif:
        yield png_chunk(b"eXIf", metadata.exif)
    if metadata.xmp:
        yield png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp)
