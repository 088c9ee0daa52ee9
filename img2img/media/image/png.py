"""This module reads PNG files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from img2img.errors import ImageError
from img2img.media.formats import Still
from img2img.media.image.decode import as_rgb, colour_notes, whole, with_opencv
from img2img.media.image.images import DAMAGED, Pixels
from img2img.media.image.probe import Header
from img2img.media.opencv import cv2

_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_DECODED = (b"IHDR", b"PLTE", b"tRNS", b"cICP", b"IDAT", b"IEND")
_RAW_PROFILE = b"Raw profile type "  # ImageMagick wraps EXIF and XMP so
_XMP = b"XML:com.adobe.xmp"
_MOST_METADATA = 1 << 26
"""Bytes that a compressed profile or XMP packet may have; a file of a few kilobytes can claim gigabytes."""


def probe_png(still: Still, data: bytes) -> Header:
    """Read the header of a PNG file, and the metadata wherever they stand."""
    chunks: dict[bytes, bytes] = {}
    xmp = None
    for kind, body in _chunks(data):
        if kind == b"iTXt" and body.startswith(_XMP + b"\0"):
            xmp = _international_text(body)
        elif kind not in (b"IDAT", b"iTXt"):
            chunks.setdefault(kind, body)
    header = chunks[b"IHDR"]
    depth, colour = header[8], header[9]
    return Header(
        still=still,
        width=int.from_bytes(header[:4], "big"),
        height=int.from_bytes(header[4:8], "big"),
        mode=_MODES[colour],
        frames=int.from_bytes(chunks.get(b"acTL", b"\1")[:4], "big"),
        exif=chunks.get(b"eXIf"),
        icc=_inflated(chunks[b"iCCP"].partition(b"\0")[2][1:]) if b"iCCP" in chunks else None,
        xmp=xmp,
        transparent=_transparent_grey(chunks, depth) if colour == 0 else None,
    )


def decode_png(data: bytes, header: Header) -> tuple[Pixels, Header, tuple[str, ...]]:
    """Decode a PNG file; EXIF and XMP may also stand in texts that only libpng knows.

    Raises:
        ImageError: The pixels are damaged.
    """
    pixels, found = with_opencv(_lean(data))
    header = replace(
        header,
        exif=header.exif or found.get(cv2.IMAGE_METADATA_EXIF),
        xmp=header.xmp or found.get(cv2.IMAGE_METADATA_XMP),
    )
    return as_rgb(whole(pixels), header), header, colour_notes(header, found.get(cv2.IMAGE_METADATA_CICP))


def _lean(data: bytes) -> bytes:
    """Return a file of only the chunks that the pixels depend on; libpng writes about others to stderr."""
    pieces = [data[:8]]
    for kind, body in _chunks(data):
        if kind in _DECODED or body.startswith(_RAW_PROFILE):
            check = zlib.crc32(body, zlib.crc32(kind))
            pieces += len(body).to_bytes(4, "big"), kind, body, check.to_bytes(4, "big")
    return b"".join(pieces)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of all chunks whose checksum is right.

    Raises:
        ImageError: A chunk of the picture is damaged, or the end is missing. OpenCV would allocate the length that a
            chunk declares, up to 4 GB, before it looks whether so many bytes are there.
    """
    at, kind = 8, b""
    while kind != b"IEND":
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if at + 12 + size > len(data):
            raise ImageError("it is cut off or damaged; get the file again from where it came")
        body = data[at + 8 : at + 8 + size]
        at += 12 + size
        if int.from_bytes(data[at - 4 : at], "big") == zlib.crc32(body, zlib.crc32(kind)):
            yield kind, body
        elif kind in _DECODED:
            raise ImageError(DAMAGED)


def _international_text(body: bytes) -> bytes:
    _, _, rest = body.partition(b"\0")  # the keyword, and behind it the flag and the method of compression
    text = rest[2:].split(b"\0", 2)[-1]  # behind language and translated keyword
    return _inflated(text) if rest[:1] == b"\1" else text


def _inflated(data: bytes) -> bytes:
    """Decompress; what is broken or larger than can be true gives a few bytes, which nobody takes for metadata."""
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(data, _MOST_METADATA)
    except zlib.error:
        return b"broken"
    return inflated if stream.eof else b"too large"


def _transparent_grey(chunks: dict[bytes, bytes], depth: int) -> int | None:
    level = chunks.get(b"tRNS")
    if level is None:
        return None
    return int.from_bytes(level[:2], "big") * (255 // (2**depth - 1) if depth < 8 else 1)
