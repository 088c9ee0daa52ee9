"""From an image to the bytes of a file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from img2img.errors import TranslationError, UsageError
from img2img.media.image import metadata as wrapping
from img2img.media.image import tiff
from img2img.media.image.alpha import over_white
from img2img.media.image.images import WRITABLE_SUFFIXES, Encoded, Image, Metadata, Pixels
from img2img.media.opencv import cv2, is_out_of_memory

_NONE = Metadata()
_KINDS = {"exif": cv2.IMAGE_METADATA_EXIF, "icc": cv2.IMAGE_METADATA_ICCP, "xmp": cv2.IMAGE_METADATA_XMP}


@dataclass(frozen=True)
class _Format:
    """What a kind of file can hold, and how it is made.

    Attributes:
        name: What people call it.
        encode: Makes a file of pixels of 1 to 4 channels, metadata and quality.
        longest_side: In pixels.
        channels: How many of them it may have, as encoded here.
        bits: The most it holds in a channel.
        holds: Whether it holds a value of a field of `Metadata`.
        quality: What it is encoded with unless one is given.
    """

    name: str
    encode: Callable[[Pixels, Metadata, int], bytes]
    longest_side: int
    channels: tuple[int, ...]
    bits: int = 8
    holds: Callable[[str, bytes], bool] = lambda field, value: True
    quality: int = 100


def encode_image(image: Image, suffix: str, quality: int | None = None) -> Encoded:
    """Encode an image as PNG, JPEG, WebP, TIFF, BMP or AVIF.

    What the format cannot hold is turned into what it can: 16 bits are scaled to 8 (AVIF: 10), alpha is put in front
    of white, metadata left out; each is noted.

    Args:
        image: The image.
        suffix: One of `WRITABLE_SUFFIXES`.
        quality: 1 to 100 for JPEG (95 if not given), WebP (95) and AVIF (90); at 100, WebP and AVIF lose nothing.

    Raises:
        UsageError: The suffix is of no known format, or the quality out of range.
        TranslationError: The image is too large for the format.
        MemoryError: There is not enough memory for it.
    """
    form = _FORMATS.get(suffix.lower())
    if form is None:
        raise UsageError(f"cannot write {suffix!r} files; choose one of {', '.join(sorted(WRITABLE_SUFFIXES))}")
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is out of range; give 1 to 100")
    height, width = image.pixels.shape[:2]
    if max(height, width) > form.longest_side:
        raise TranslationError(
            f"{width}x{height} pixels are too many for {form.name}, which holds {form.longest_side} in a row; "
            "choose .png or .tif"
        )
    pixels, notes = _fitting_pixels(image.pixels, form)
    metadata, lost = _fitting_metadata(image.metadata, pixels.shape[2], form)
    data = form.encode(pixels, metadata, form.quality if quality is None else quality)
    return Encoded(data, (*notes, *lost))


def _fitting_pixels(pixels: Pixels, form: _Format) -> tuple[Pixels, list[str]]:
    notes = []
    if pixels.dtype == np.uint16 and form.bits < 16:
        notes.append(f"16 bits reduced to {form.bits}, the most that {form.name} holds")
        pixels = _with_bits(pixels, form.bits)
    if pixels.shape[2] in (2, 4) and 4 not in form.channels:
        notes.append(f"alpha put in front of white, since {form.name} holds none")
        pixels = over_white(pixels)
    if pixels.shape[2] not in form.channels:
        pixels = _as_colour(pixels)
    return pixels, notes


def _fitting_metadata(metadata: Metadata, channels: int, form: _Format) -> tuple[Metadata, list[str]]:
    notes = []
    for field, name in (("exif", "EXIF"), ("icc", "ICC profile"), ("xmp", "XMP")):
        value: bytes | None = getattr(metadata, field)
        if not value:
            continue
        if field == "icc" and value[16:20] != (b"GRAY" if channels < 3 else b"RGB "):
            reason = f"it is for {value[16:20].decode('ascii', 'replace').strip()} pixels, which these are not"
        elif not form.holds(field, value):
            reason = f"{form.name} cannot hold its {len(value)} bytes"
        else:
            continue
        metadata = replace(metadata, **{field: None})
        notes.append(f"{name} left out: {reason}")
    return metadata, notes


def _with_bits(pixels: Pixels, bits: int) -> Pixels:
    """16-bit pixels scaled, where OpenCV's encoders would cut off what is above their range."""
    scaled = (np.arange(65536) * (2**bits - 1) + 32767) // 65535
    return scaled.astype(np.uint8 if bits == 8 else np.uint16)[pixels]


def _as_colour(pixels: Pixels) -> Pixels:
    return np.concatenate([np.repeat(pixels[..., :1], 3, axis=2), pixels[..., 1:]], axis=2)


def _encode_png(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    bare = _png_of_grey_alpha(pixels) if pixels.shape[2] == 2 else _encoded(".png", pixels)
    return wrapping.into_png(bare, metadata)


def _png_of_grey_alpha(pixels: Pixels) -> bytes:
    """What OpenCV cannot write: each row as its difference to the row above, compressed."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    differences = np.full((height, rows.shape[1] + 1), 2, np.uint8)
    differences[:, 1:] = np.diff(rows, axis=0, prepend=np.zeros((1, rows.shape[1]), np.uint8))
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, 4, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        wrapping.png_chunk(kind, body)
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(differences.tobytes(), 1)), (b"IEND", b""))
    )


def _encode_jpeg(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    # Halved colour resolution costs 1.6 dB at 95 and saves a sixth of the bytes; who asks for 90 wants quality.
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if quality >= 90 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    options = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    return wrapping.into_jpeg(_encoded(".jpg", pixels, options), metadata)


def _encode_webp(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    lossless = (cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR)
    return _encoded(".webp", pixels, lossless if quality == 100 else (cv2.IMWRITE_WEBP_QUALITY, quality), metadata)


def _encode_avif(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    depth = 8 if pixels.dtype == np.uint8 else 10
    return _encoded(".avif", pixels, (cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_DEPTH, depth), metadata)


def _encode_bmp(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    return _encoded(".bmp", pixels)


def _encode_tiff(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    tags = {}
    if pixels.shape[2] == 4:
        tags[tiff.EXTRA_SAMPLES] = tiff.SHORT, struct.pack("<H", 2)  # not multiplied in
    if metadata.icc:
        tags[tiff.ICC] = tiff.UNDEFINED, metadata.icc
    if metadata.xmp:
        tags[tiff.XMP] = tiff.BYTE, metadata.xmp
    return tiff.with_tags(_encoded(".tif", pixels), tags, metadata.exif)


def _encoded(suffix: str, pixels: Pixels, options: Sequence[int] = (), metadata: Metadata = _NONE) -> bytes:
    if pixels.shape[2] > 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    held = {_KINDS[field]: np.frombuffer(value, np.uint8) for field, value in vars(metadata).items() if value}
    try:
        ok, data = cv2.imencodeWithMetadata(suffix, pixels, list(held), list(held.values()), options)
    except cv2.error as error:
        if is_out_of_memory(error):
            raise MemoryError(f"{pixels.shape[1]}x{pixels.shape[0]} pixels") from error
        raise TranslationError(
            f"OpenCV cannot encode this image as {suffix} ({str(error).strip()}); choose .png"
        ) from error
    if not ok:
        raise TranslationError(f"OpenCV cannot encode this image as {suffix}; choose .png")
    return bytes(data)


_PNG = _Format("PNG", _encode_png, 1_000_000, channels=(1, 2, 3, 4), bits=16)
_JPEG = _Format("JPEG", _encode_jpeg, 65_500, channels=(1, 3), holds=wrapping.fits_jpeg, quality=95)
_WEBP = _Format("WebP", _encode_webp, 16_383, channels=(3, 4), quality=95)
_TIFF = _Format("TIFF", _encode_tiff, 1_000_000, channels=(1, 3, 4), bits=16)
_BMP = _Format("BMP", _encode_bmp, 1_000_000, channels=(1, 3, 4), holds=lambda field, value: False)
_AVIF = _Format("AVIF", _encode_avif, 16_384, channels=(1, 3, 4), bits=10, quality=90)

_FORMATS = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jfif": _JPEG,
    ".webp": _WEBP,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _BMP,
    ".avif": _AVIF,
}
