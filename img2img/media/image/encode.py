"""This module encodes an image as the bytes of a file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from img2img.errors import TranslationError, UsageError
from img2img.media import formats
from img2img.media.formats import Still
from img2img.media.image import metadata as wrapping
from img2img.media.image import tiff
from img2img.media.image.alpha import WHITE, Ground, colour_name, in_front_of
from img2img.media.image.images import Encoded, Image, Metadata, Pixels
from img2img.media.opencv import cv2, is_out_of_memory

_NONE = Metadata()
_KINDS = {"exif": cv2.IMAGE_METADATA_EXIF, "icc": cv2.IMAGE_METADATA_ICCP, "xmp": cv2.IMAGE_METADATA_XMP}


def encode_image(image: Image, suffix: str, quality: int | None = None, ground: Ground = WHITE) -> Encoded:
    """Encode an image in the format of a suffix.

    Properties that the format cannot hold are converted: 16 bits are scaled to 8 (AVIF: 10), alpha is put in front of
    `ground`, and metadata are left out. The notes name each conversion.

    Args:
        image: The image.
        suffix: One of `WRITABLE_IMAGES`.
        quality: 1 to 100 for JPEG (95 if not given), WebP (95) and AVIF (90); at 100, WebP and AVIF are lossless.
        ground: The colour behind what is transparent, where the format holds no alpha.

    Raises:
        UsageError: No known format has the suffix, or the quality is out of range.
        TranslationError: The image is too large for the format.
        MemoryError: There is not enough memory to encode the image.
    """
    form = formats.of_suffix(suffix)
    if form is None or form.still is None or not form.still.encode:
        raise UsageError(f"cannot write {suffix!r} files; choose one of {formats.listed(formats.WRITABLE_IMAGES)}")
    still = form.still
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is out of range; give 1 to 100")
    height, width = image.pixels.shape[:2]
    if max(height, width) > still.longest_side:
        raise TranslationError(
            f"{width}x{height} pixels are too many for {form.name}, which holds {still.longest_side} in a row; "
            "choose .png or .tif"
        )
    pixels, notes = _fitting_pixels(image.pixels, form.name, still, ground)
    metadata, lost = _fitting_metadata(image.metadata, pixels.shape[2], form.name, still)
    encode: Callable[[Pixels, Metadata, int], bytes] = formats.load(still.encode)
    data = encode(pixels, metadata, still.quality if quality is None else quality)
    return Encoded(data, (*notes, *lost))


def _fitting_pixels(pixels: Pixels, name: str, still: Still, ground: Ground) -> tuple[Pixels, list[str]]:
    notes = []
    if pixels.dtype == np.uint16 and still.bits < 16:
        notes.append(f"16 bits reduced to {still.bits}, the most that {name} holds")
        pixels = _with_bits(pixels, still.bits)
    if pixels.shape[2] in (2, 4) and not still.alpha:
        notes.append(f"alpha put in front of {colour_name(ground)}, since {name} holds none")
        pixels = in_front_of(ground, pixels)
    if pixels.shape[2] not in still.channels:
        pixels = _as_colour(pixels)
    return pixels, notes


def _fitting_metadata(metadata: Metadata, channels: int, form: str, still: Still) -> tuple[Metadata, list[str]]:
    notes = []
    for field, name in (("exif", "EXIF"), ("icc", "ICC profile"), ("xmp", "XMP")):
        value: bytes | None = getattr(metadata, field)
        if not value:
            continue
        if field == "icc" and value[16:20] != (b"GRAY" if channels < 3 else b"RGB "):
            reason = f"it is for {value[16:20].decode('ascii', 'replace').strip()} pixels, which these are not"
        elif field not in still.metadata or (still.fits and not formats.load(still.fits)(field, value)):
            reason = f"{form} cannot hold its {len(value)} bytes"
        else:
            continue
        metadata = replace(metadata, **{field: None})
        notes.append(f"{name} left out: {reason}")
    return metadata, notes


def _with_bits(pixels: Pixels, bits: int) -> Pixels:
    """Scale 16-bit pixels to fewer bits; OpenCV's encoders would clip the values above their range instead."""
    scaled = (np.arange(65536) * (2**bits - 1) + 32767) // 65535
    return scaled.astype(np.uint8 if bits == 8 else np.uint16)[pixels]


def _as_colour(pixels: Pixels) -> Pixels:
    return np.concatenate([np.repeat(pixels[..., :1], 3, axis=2), pixels[..., 1:]], axis=2)


def encode_png(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    """Make a PNG file of 8 or 16 bits."""
    bare = _png_of_grey_alpha(pixels) if pixels.shape[2] == 2 else _encoded(".png", pixels)
    return wrapping.into_png(bare, metadata)


def _png_of_grey_alpha(pixels: Pixels) -> bytes:
    """Make a PNG file of grey and alpha, which OpenCV cannot write; each row is its difference to the row above."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    differences = np.full((height, rows.shape[1] + 1), 2, np.uint8)
    differences[:, 1:] = np.diff(rows, axis=0, prepend=np.zeros((1, rows.shape[1]), np.uint8))
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, 4, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        wrapping.png_chunk(kind, body)
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(differences.tobytes(), 1)), (b"IEND", b""))
    )


def encode_jpeg(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    """Make a JPEG file."""
    # Halved colour resolution costs 1.6 dB at quality 95 and saves a sixth of the bytes; from 90 on, quality matters.
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if quality >= 90 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    options = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    return wrapping.into_jpeg(_encoded(".jpg", pixels, options), metadata)


def encode_webp(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    """Make a WebP file, which is lossless at quality 100."""
    lossless = (cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR)
    return _encoded(".webp", pixels, lossless if quality == 100 else (cv2.IMWRITE_WEBP_QUALITY, quality), metadata)


def encode_avif(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    """Make an AVIF file of 8 or 10 bits."""
    depth = 8 if pixels.dtype == np.uint8 else 10
    return _encoded(".avif", pixels, (cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_DEPTH, depth), metadata)


def encode_bmp(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    """Make a BMP file."""
    return _encoded(".bmp", pixels)


def encode_tiff(pixels: Pixels, metadata: Metadata, quality: int) -> bytes:
    """Make a TIFF file of 8 or 16 bits."""
    tags = {}
    if pixels.shape[2] == 4:
        tags[tiff.EXTRA_SAMPLES] = tiff.SHORT, struct.pack("<H", 2)  # alpha, not multiplied into the colours
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
