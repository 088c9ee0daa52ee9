"""This module reads JPEG files, and notices where a part of the picture is missing or damaged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import NamedTuple

import numpy as np
from kornia_rs.io import decode_image_jpegturbo
from PIL.JpegImagePlugin import JpegImageFile

from img2img.errors import ImageError
from img2img.media.formats import Still
from img2img.media.image.cmyk import cmyk_to_rgb, ink_of_jpeg
from img2img.media.image.images import DAMAGED, Pixels
from img2img.media.image.metadata import EXIF_PREFIX, ICC_PREFIX, XMP_PREFIX
from img2img.media.image.probe import Header

_END, _SCAN = 0xD9, 0xDA
_APP0, _APP1, _APP2, _ADOBE, _TABLES = 0xE0, 0xE1, 0xE2, 0xEE, (0xC4, 0xCC, 0xDB, 0xDD)
_JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a length
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_DECODED = {*_FRAMES, *_TABLES, _SCAN}
_SEQUENTIAL, _PROGRESSIVE, _HUFFMAN = (0xC0, 0xC1, 0xC9), (0xC2, 0xCA), (0xC0, 0xC1, 0xC2)
_UNREAD = {0xC3: "lossless", 0xCB: "lossless", 0xF7: "JPEG-LS"}
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}

_MARKER = re.compile(rb"\xff++([^\0\xff])", re.DOTALL)
_LATER_MARKER = re.compile(rb"(?<!\xff)\xff++([^\0\xff])", re.DOTALL)
_END_OF_SCAN = re.compile(rb"(?<!\xff)\xff++[^\0\xff\xd0-\xd7]", re.DOTALL)

_MARKED_END = b"\xff\xd9"
_MOST_PADDING = 16  # bytes before the end mark, if they are not equal; each is tried


class _Part(NamedTuple):
    """A segment of a JPEG file; that of a scan has the coded blocks behind it."""

    marker: int
    body: bytes
    coded: bytes = b""


def probe_jpeg(still: Still, data: bytes) -> Header:
    """Read the header of a JPEG file; previews and other pictures behind the first are passed over."""
    parts = list(_parts(data))
    marker, frame, _ = _frame(parts)
    if marker not in _SEQUENTIAL + _PROGRESSIVE or frame[0] != 8 or frame[5] not in _MODES:
        kind = _UNREAD.get(marker, f"{frame[0]}-bit" if frame[0] != 8 else "unusual")
        raise ImageError(f"this kind of JPEG file is not read ({kind}); save it as an ordinary JPEG or as PNG")
    profile = sorted(_bodies(parts, _APP2, ICC_PREFIX))  # its parts begin with their number
    return Header(
        still=still,
        width=int.from_bytes(frame[3:5], "big"),
        height=int.from_bytes(frame[1:3], "big"),
        mode=_MODES[frame[5]],
        exif=next(_bodies(parts, _APP1, EXIF_PREFIX), None),
        icc=b"".join(part[2:] for part in profile) or None,
        xmp=next(_bodies(parts, _APP1, XMP_PREFIX), None),
    )


def decode_jpeg(data: bytes, header: Header) -> tuple[Pixels, Header, tuple[str, ...]]:
    """Decode a JPEG file; CMYK is converted to RGB.

    Raises:
        ImageError: Blocks are missing, or what libjpeg warns of is more than padding.
    """
    parts = list(_parts(data))
    _refuse_missing_scans(parts)
    lean = _lean(parts)
    if header.mode == "CMYK":
        return _decode_ink(lean, header)
    # kornia_rs panics where memory is short, and libjpeg keeps all coefficients of a progressive file.
    np.empty((header.height, header.width, len(header.mode) * (3 if _frame(parts).marker in _PROGRESSIVE else 1)), "u1")
    pixels = _decode(lean, header)
    if pixels is not None:
        return pixels, header, ()
    # An arithmetic decoder takes missing bytes for zeros, so that every shorter file would look whole.
    last = [part for part in parts if part.marker == _SCAN][-1]
    for unpadded in _without_padding(lean, len(last.coded)) if _frame(parts).marker in _HUFFMAN else ():
        pixels = _decode(unpadded, header)
        if pixels is not None:
            return pixels, header, ("bytes between the picture and its end mark passed over",)
    raise ImageError(DAMAGED)


def _without_padding(data: bytes, most: int) -> Iterator[bytes]:
    """Yield the file without bytes before its end mark that may be padding: the last ones, and those that are equal.

    Args:
        data: The file.
        most: Number of bytes of the last scan, before which there is no padding.
    """
    coded = data[:-2]
    bare = coded.rstrip(coded[-1:])
    sizes = [len(bare), len(bare) + 1]
    if len(bare) > len(coded) - _MOST_PADDING:  # or they are zeros in place of the last blocks, of which some would fit
        sizes += range(len(coded) - 1, len(coded) - _MOST_PADDING, -1)
    for size in sizes:
        if size <= len(coded) - most:
            return
        yield coded[:size] + _MARKED_END


def _decode(data: bytes, header: Header) -> Pixels | None:
    """Decode with libjpeg; return None if it warns of anything."""
    try:
        return np.asarray(decode_image_jpegturbo(data, "rgb" if header.mode == "RGB" else "mono"))
    except Exception:  # kornia_rs raises nothing more specific
        return None


def _decode_ink(data: bytes, header: Header) -> tuple[Pixels, Header, tuple[str, ...]]:
    # Pillow says nothing of libjpeg's warnings, and kornia_rs reads no CMYK.
    if not _is_whole(data):
        raise ImageError(DAMAGED)
    with JpegImageFile(BytesIO(data)) as image:
        image.load()
        rgb, note = cmyk_to_rgb(ink_of_jpeg(image), header.icc)
    return np.array(rgb), replace(header, icc=None), (note,)


def _is_whole(data: bytes) -> bool:
    """Return whether FFmpeg finds all blocks."""
    import av  # only odd files need FFmpeg, which takes long to load

    codec = av.CodecContext.create("mjpeg", "r")
    codec.thread_count = 1
    codec.options = {"err_detect": "explode"}
    try:
        return bool(codec.decode(av.Packet(data)) or codec.decode(None))
    except av.FFmpegError:
        return False


def _parts(data: bytes) -> Iterator[_Part]:
    """Yield the parts of the first picture, without bytes that stand between them; the last is its end mark."""
    at = 2
    while found := _MARKER.match(data, at) or _LATER_MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        if marker == _END:
            yield _Part(marker, b"")
            return
        if marker in _ALONE:
            continue
        body = data[at + 2 : at + int.from_bytes(data[at : at + 2], "big")]
        at += 2 + len(body)
        if marker == _SCAN:
            behind = _END_OF_SCAN.search(data, at)
            stop = behind.start() if behind else len(data)
            yield _Part(marker, body, data[at:stop])
            at = stop
        else:
            yield _Part(marker, body)


def _frame(parts: Sequence[_Part]) -> _Part:
    frame = next((part for part in parts if part.marker in _FRAMES), None)
    if frame is None or len(frame.body) < 6 or not any(part.marker == _SCAN for part in parts):
        raise ValueError("it describes no picture")
    return frame


def _bodies(parts: Sequence[_Part], marker: int, prefix: bytes) -> Iterator[bytes]:
    for part in parts:
        if part.marker == marker and part.body.startswith(prefix):
            yield part.body.removeprefix(prefix)


def _refuse_missing_scans(parts: Sequence[_Part]) -> None:
    """Refuse a picture of which a scan is missing, or whose scans have fewer bits than it has blocks."""
    frame = _frame(parts)
    components, sides = frame.body[6::3], frame.body[7::3]
    missing = {component: np.ones(64, int) for component in components[: frame.body[5]]}
    for part in parts:
        if part.marker == _SCAN:
            *_, first, last, exactness = (0, 63, 0) if frame.marker in _SEQUENTIAL else part.body
            for component in part.body[1 : 1 + 2 * part.body[0] : 2]:
                missing[component][first : last + 1] = exactness & 15
    across, down = (8 * max(side >> shift & 15 for side in sides) for shift in (4, 0))
    height, width = (int.from_bytes(frame.body[at : at + 2], "big") for at in (1, 3))
    bits = 8 * sum(len(part.coded) for part in parts)
    too_few = frame.marker in _HUFFMAN and bits < -(-width // across) * -(-height // down)
    if parts[-1].marker != _END or too_few or any(bits.any() for bits in missing.values()):
        raise ImageError(DAMAGED)


def _lean(parts: Sequence[_Part]) -> bytes:
    """Return a file of only the parts that the pixels depend on, without oddities that libjpeg would warn of."""
    is_sequential = _frame(parts).marker in _SEQUENTIAL
    pieces = [b"\xff\xd8"]
    for marker, body, coded in parts:
        if marker == _APP0 and body.startswith(b"JFIF\0"):
            body = _JFIF
        elif marker == _SCAN and is_sequential:
            body = body[:-3] + b"\0\x3f\0"
        elif marker not in _DECODED and not (marker == _ADOBE and body.startswith(b"Adobe")):
            continue
        pieces += b"\xff", bytes((marker,)), (2 + len(body)).to_bytes(2, "big"), body, coded
    return b"".join((*pieces, _MARKED_END))
