"""This module decodes AVIF files."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from img2img.errors import ImageError
from img2img.media.image.boxes import ends_in_zeros
from img2img.media.image.decode import as_rgb, colour_notes, with_opencv
from img2img.media.image.images import DAMAGED, Pixels
from img2img.media.image.probe import Header, open_with_pillow
from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from av import VideoFrame

_FULL_RANGE = 0x80
_MOST_ZEROS = 16  # no AV1 encoder ends with so many, not even of a flat picture
_SUSPICIOUS = 10_000  # pixels for each byte of the file


def decode_avif(data: bytes, header: Header) -> tuple[Pixels, Header, tuple[str, ...]]:
    """Decode an AVIF file of 8, 10 or 12 bits.

    Raises:
        ImageError: The picture is damaged, or its colours are coded in a way that libavif does not read.
    """
    _refuse_damage(data, header)
    bits = _bits(data)
    pixels, found = with_opencv(data)
    coding = _coding(data)
    cicp = coding[1:4:2] if coding else found.get(cv2.IMAGE_METADATA_CICP)
    notes = colour_notes(header, cicp)
    if pixels is None:
        note = (f"{bits} bits reduced to 8",) if bits > 8 else ()
        return _decode_with_pillow(data, header, coding), header, notes + note
    if pixels.ndim == 2 and not _is_full_range(data, coding):
        pixels = _expanded(pixels, bits)
    elif pixels.dtype == np.uint16:
        pixels = pixels << (16 - bits) | pixels >> (2 * bits - 16)
    return as_rgb(pixels, header), header, notes


def _decode_with_pillow(data: bytes, header: Header, coding: bytes) -> Pixels:
    # The libavif in OpenCV 5.0 refuses alpha that is both turned and mirrored.
    try:
        with open_with_pillow(header.still, data) as image:
            return np.array(image)
    except Exception as error:
        if "Reformat" not in str(error):
            raise
        raise ImageError(
            f"its colours are coded in a way that is not read (matrix {coding[5] if coding else 'unknown'}); save it "
            "as PNG, or with the matrix of BT.709"
        ) from error


def _refuse_damage(data: bytes, header: Header) -> None:
    """Refuse what libavif passes over: coded data that end in zeros, and a size that is not that of the picture."""
    if ends_in_zeros(data, _MOST_ZEROS):
        raise ImageError(DAMAGED)
    if header.width * header.height > _SUSPICIOUS * len(data) and b"grid" not in data:
        frame = _frame(data)
        if (frame.width, frame.height) != (header.width, header.height):
            raise ImageError(
                f"its header gives the size {header.width}x{header.height}, but its picture has {frame.width}x"
                f"{frame.height} pixels; get the file again from where it came"
            )


def _bits(data: bytes) -> int:
    flags = data[data.index(b"av1C") + 6]
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _coding(data: bytes) -> bytes:
    """Return primaries, transfer and matrix, of two bytes each, and the byte of the range; empty if there are none."""
    at = data.find(b"nclx")
    return data[at + 4 : at + 11] if at > 0 else b""


def _is_full_range(data: bytes, coding: bytes) -> bool:
    if coding:
        return bool(coding[6] & _FULL_RANGE)
    from av.video.reformatter import ColorRange

    return bool(_frame(data).color_range == ColorRange.JPEG)


def _frame(data: bytes) -> VideoFrame:
    """Decode the picture with FFmpeg, which goes by what stands in it, and not by what stands in the header."""
    import av  # only odd files need FFmpeg, which takes long to load

    with av.open(BytesIO(data), "r", format="mov", options={"protocol_whitelist": ""}) as container:
        return next(container.decode(video=0))


def _expanded(luma: Pixels, bits: int) -> Pixels:
    """Expand the range of video, 16 to 235 in 8 bits, to the range of 8 or 16 bits."""
    low, high = 16 << (bits - 8), 235 << (bits - 8)
    levels = np.clip((np.arange(1 << bits) - low) / (high - low), 0, 1) * (255 if bits == 8 else 65535)
    return np.rint(levels).astype(luma.dtype)[luma]
