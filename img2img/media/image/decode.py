"""This module decodes the bytes of an image file to an upright image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from img2img.errors import ImageError
from img2img.media import formats
from img2img.media.files import MAX_PIXELS
from img2img.media.image.images import DAMAGED, Image, Pixels
from img2img.media.image.metadata import normalised
from img2img.media.image.probe import Header, probe
from img2img.media.opencv import cv2, is_out_of_memory

Decoded: TypeAlias = tuple[Pixels, Header, tuple[str, ...]]
"""The pixels, not yet turned upright; the header, corrected by what decoding found; and the notes for the report."""

_MOST_PIXELS = 1 << 30  # OpenCV decodes no more

_SRGB_PRIMARIES, _SRGB_TRANSFERS = (1, 2), (1, 2, 6, 13, 14, 15)  # sRGB, codes near to it, and 2 for unspecified

_TURNED_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.flip(pixels, -1),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: lambda pixels: cv2.transpose(pixels),
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.flip(cv2.transpose(pixels), -1),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def decode_image(data: bytes, name: str | Path, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode an image file of any format in the table.

    The size is checked before any pixel is decoded. 8 and 16 bits, grey and alpha stay as they are. Palettes become
    RGB, 1-bit pictures become 8-bit grey, CMYK becomes sRGB, and floating-point pixels become 16 bits. The EXIF
    orientation is applied.

    Args:
        data: The content of the file.
        name: The name of the file in messages.
        max_pixels: The most pixels that an image may have; a limit above 2**30 counts as 2**30.

    Raises:
        ImageError: The file has no known format, is damaged, cut off or too large, or holds several pictures.
        MemoryError: There is not enough memory for the pixels.
    """
    try:
        return _decode(data, max_pixels)
    except ImageError as error:
        raise ImageError(f"{name}: {' '.join(str(error).split())}") from error


def _decode(data: bytes, max_pixels: int) -> Image:
    header = probe(data)
    _check(header, max_pixels)
    try:
        decode: Callable[[bytes, Header], Decoded] = formats.load(header.still.decode)
        pixels, header, notes = decode(data, header)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # damaged pixels provoke many kinds
        if is_out_of_memory(error):
            raise MemoryError(f"{header.width}x{header.height} pixels") from error
        raise ImageError(f"its pixels cannot be decoded ({error}); get the file again from where it came") from error
    metadata, orientation, further_notes = normalised(header.exif, header.icc, header.xmp)
    upright = _TURNED_UPRIGHT[orientation](pixels)
    # OpenCV drops the axis of a single channel.
    return Image(upright.reshape(*upright.shape[:2], -1), metadata, notes + further_notes)


def _check(header: Header, max_pixels: int) -> None:
    size = f"{header.width}x{header.height}"
    if header.frames > 1:
        raise ImageError(f"it has {header.frames} frames or pages; save those you want as files of their own")
    if header.width < 1 or header.height < 1:
        raise ImageError(f"its header gives the size {size} pixels; get the file again from where it came")
    count, most = header.width * header.height, min(max_pixels, _MOST_PIXELS)
    if count > most:
        advice = "raise the limit with --max-pixels, or " if count <= _MOST_PIXELS else ""
        raise ImageError(
            f"its {size} pixels ({count / 1e6:.0f} million) are more than the {most / 1e6:.0f} million allowed; "
            f"{advice}make it smaller"
        )


def decode_with_opencv(data: bytes, header: Header) -> Decoded:
    """Decode a file of a format that OpenCV reads correctly."""
    pixels, found = with_opencv(data)
    return as_rgb(whole(pixels), header), header, colour_notes(header, found.get(cv2.IMAGE_METADATA_CICP))


def decode_webp(data: bytes, header: Header) -> Decoded:
    """Decode a WebP file, whose coded pixels have no checksum."""
    at = 12
    while at < len(data) and data[at : at + 4] not in (b"VP8 ", b"VP8L"):
        at += 8 + (int.from_bytes(data[at + 4 : at + 8], "little") + 1) // 2 * 2
    coded = data[at + 8 : at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")]
    zeros = len(coded) - len(coded.rstrip(b"\0"))
    pixels, header, notes = decode_with_opencv(data, header)
    if zeros > 32 and (data[at : at + 4] == b"VP8L" or zeros > _most_zeros(pixels)):
        raise ImageError(DAMAGED)
    return pixels, header, notes


def _most_zeros(pixels: Pixels) -> float:
    """Return how many zeros may stand at the end of the lossy code of a whole picture.

    A macroblock costs the coder less than a bit in places, and up to ten bits where the rows at the end are all alike;
    these bits may be zeros. Macroblocks that are missing had more bits.
    """
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    unlike = np.flatnonzero((np.maximum(rows[1:], rows[:-1]) - np.minimum(rows[1:], rows[:-1])).max(axis=1) > 2)
    alike = height - 2 - int(unlike[-1]) if unlike.size else height - 1
    return 32 + width * (height / 16 + 1.5 * alike) / (16 * 16)


def with_opencv(data: bytes) -> tuple[Pixels | None, dict[int, bytes]]:
    """Decode with OpenCV.

    Returns:
        The pixels in OpenCV's order, or None if it cannot decode them; and the metadata by OpenCV's numbers.
    """
    pixels, kinds, values = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels, {kind: value.tobytes() for kind, value in zip(kinds, values, strict=True)}


def whole(pixels: Pixels | None) -> Pixels:
    """Return the pixels; refuse a file that OpenCV could not decode."""
    if pixels is None:
        raise ImageError(DAMAGED)
    return pixels


def as_rgb(pixels: Pixels, header: Header) -> Pixels:
    """Bring OpenCV's channels into the order grey, RGB and alpha, and to the number that the file has."""
    if pixels.ndim == 2:
        if header.transparent is None:
            return pixels
        white = np.iinfo(pixels.dtype).max
        return np.dstack([pixels, np.where(pixels == header.transparent, 0, white).astype(pixels.dtype)])
    if header.mode == "LA":
        return pixels[..., [0, 3]]
    rgb: Pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return rgb


def colour_notes(header: Header, cicp: bytes | None) -> tuple[str, ...]:
    """Return a note if the codes for primaries and transfer say that the colours are far from sRGB."""
    if header.icc or not cicp or (cicp[0] in _SRGB_PRIMARIES and cicp[1] in _SRGB_TRANSFERS):
        return ()
    return (f"its colours are coded for HDR or a wide gamut (CICP {cicp[0]}/{cicp[1]}), which is not kept",)
