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
    for kind, begin, end in _chunks(data):
        if not _is_sound(data, begin, end):
            if kind in _DECODED:
                raise ImageError(DAMAGED)
        elif kind == b"iTXt" and data[begin : begin + len(_XMP) + 1] == _XMP + b"\0":
            xmp = _international_text(data[begin:end])
        elif kind not in (b"IDAT", b"iTXt"):
            chunks.setdefault(kind, data[begin:end])
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
    for kind, begin, end in _chunks(data):
        if kind in _DECODED or data[begin : begin + len(_RAW_PROFILE)] == _RAW_PROFILE:
            pieces.append(data[begin - 8 : end + 4])
    return b"".join(pieces)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk, and where its content begins and ends.

    Raises:
        ImageError: The end is missing. OpenCV would allocate the length that a chunk declares, up to 4 GB, before it
            looks whether so many bytes are there.
    """
    end, kind = 4, b""
    while kind != b"IEND":
        begin = end + 12
        end, kind = begin + int.from_bytes(data[begin - 8 : begin - 4], "big"), data[begin - 4 : begin]
        if end + 4 > len(data):
            raise ImageError("it is cut off or damaged; get the file again from where it came")
        yield kind, begin, end


def _is_sound(data: bytes, begin: int, end: int) -> bool:
    check = zlib.crc32(memoryview(data)[begin - 4 : end])
    return int.from_bytes(data[end : end + 4], "big") == check


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
    most = 2**depth - 1  # bits beyond the depth do not count
    return (int.from_bytes(level[:2], "big") & most) * (255 // most if depth < 8 else 1)
