"""This module decodes TIFF files: with OpenCV from 16 bits on, and with Pillow below; each is right only there."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from img2img.errors import ImageError
from img2img.media.image import tiff
from img2img.media.image.cmyk import cmyk_to_rgb
from img2img.media.image.images import DAMAGED, Pixels
from img2img.media.image.metadata import upright_xmp
from img2img.media.image.probe import Header
from img2img.media.opencv import cv2

_UNSIGNED, _FLOAT = 1, 3
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _INK = 0, 1, 2, 5
_NO_ALPHA, _PREMULTIPLIED = 0, 1  # meanings of a channel beyond the colours

_COMPRESSIONS = {
    **dict.fromkeys((2, 3, 4), "CCITT"),
    6: "the JPEG of TIFF 6.0",
    7: "JPEG",
    **dict.fromkeys((33003, 33005, 34712), "JPEG 2000"),
    34661: "JBIG",
    **dict.fromkeys((34676, 34677), "LogLuv"),
    34887: "LERC",
    34892: "lossy DNG",
    34925: "LZMA",
    34933: "PNG",
    34934: "JPEG XR",
    50000: "Zstandard",
    50001: "WebP",
    **dict.fromkeys((50002, 52546), "JPEG XL"),
}
_COLOURS = {
    0: "grey",
    1: "grey",
    2: "RGB",
    3: "palette",
    4: "a mask",
    5: "CMYK and more",
    6: "YCbCr",
    **dict.fromkeys((8, 9, 10), "Lab"),
    32803: "raw",
    32844: "LogL",
    32845: "LogLuv",
    34892: "raw",
    51177: "depth",
}
_OLD_JPEG = 6
_READ_DEEP = (1, 5, 8, 32773, 32946)  # none, LZW, Deflate, PackBits
_ENDED = (5, 7, 8, 32946)  # LZW, JPEG and Deflate end with a mark or a checksum, never with zeros
_ZEROS = bytes(64)
_READ_SHALLOW = (*_READ_DEEP, 2, 3, 4, 6, 7, 34925, 50000)

_MODES = {"1": "L", "L": "L", "LA": "LA", "P": "RGB", "PA": "RGBA", "RGB": "RGB", "RGBA": "RGBA", "YCbCr": "RGB"}


class _TiffImageFile(TiffImageFile):
    """Pillow's reader, which here does not read the EXIF directories after the pixels: broken ones make it warn."""

    def load_end(self) -> None:
        """Turn the picture as its tag says; `normalised` sees to an orientation that stands in XMP alone."""
        if tiff.ORIENTATION in self.tag_v2:
            ImageOps.exif_transpose(self, in_place=True)


def decode_tiff(data: bytes, header: Header) -> tuple[Pixels, Header, tuple[str, ...]]:
    """Decode a TIFF file.

    Returns:
        The pixels (H, W, C), turned upright; the header, without a profile that no longer holds; and the notes.

    Raises:
        ImageError: The pixels are of a kind that cannot be read, or damaged.
    """
    page = tiff.Directory(data)
    if header.xmp and tiff.ORIENTATION in page.fields:
        header = replace(header, xmp=upright_xmp(header.xmp))
    (bits, *other_bits) = set(page.integers(tiff.BITS, (1,)))
    (form, *other_forms) = set(page.integers(tiff.SAMPLE_FORMAT, (_UNSIGNED,)))
    photometric = page.integers(tiff.PHOTOMETRIC, (_BLACK_IS_ZERO,))[0]
    _refuse_zeroed(data, page)
    plain = photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
    if other_bits or other_forms:
        raise ImageError("its channels differ in type; save it with 8 or 16 bits in each channel")
    if plain and (form, bits) in ((_UNSIGNED, 16), (_FLOAT, 32)):
        _refuse_compression(page, _READ_DEEP)
        pixels, notes = _decode_deep(data, page, photometric)
        return pixels, header, notes
    if form == _UNSIGNED and (bits in (1, 2, 4, 8) or (bits == 16 and photometric == _INK)):
        _refuse_compression(page, _READ_SHALLOW)
        return _decode_shallow(data, header, page)
    kind = {_UNSIGNED: "unsigned", 2: "signed", _FLOAT: "floating-point"}.get(form, "unusual")
    raise ImageError(
        f"its pixels are {bits}-bit {kind} numbers, of which no value is defined as white; save it with 8 or 16 bits"
    )


def _refuse_zeroed(data: bytes, page: tiff.Directory) -> None:
    """Refuse pixels that end in zeros; libtiff stops at the last pixel, and compares no checksum."""
    if page.integers(tiff.COMPRESSION, (1,))[0] in _ENDED:
        for places, sizes in ((tiff.STRIPS, tiff.STRIP_SIZES), (tiff.TILES, tiff.TILE_SIZES)):
            for place, size in zip(page.integers(places), page.integers(sizes), strict=False):
                if data[max(place, place + size - len(_ZEROS)) : place + size] == _ZEROS:
                    raise ImageError(DAMAGED)


def _refuse_compression(page: tiff.Directory, read: tuple[int, ...]) -> None:
    number = page.integers(tiff.COMPRESSION, (1,))[0]
    if number not in read:
        name = _COMPRESSIONS.get(number, f"method {number}")
        raise ImageError(f"it is compressed with {name}, which is not read; save it with LZW, Deflate or none")


def _decode_shallow(data: bytes, header: Header, page: tiff.Directory) -> tuple[Pixels, Header, tuple[str, ...]]:
    try:
        image = _TiffImageFile(BytesIO(data))
    except SyntaxError as error:  # Pillow has no mode for them
        photometric, channels = (page.integers(tag, (1,))[0] for tag in (tiff.PHOTOMETRIC, tiff.SAMPLES))
        kind = _COLOURS.get(photometric, f"kind {photometric}")
        raise ImageError(f"its {channels} channels ({kind}) are not read; save it as grey, RGB or CMYK") from error
    with image:
        try:
            image.load()
        except Exception:
            if page.integers(tiff.COMPRESSION) == (_OLD_JPEG,):
                _refuse_compression(page, ())
            raise
        if image.mode == "CMYK":
            rgb, note = cmyk_to_rgb(image, header.icc)
            return np.array(rgb), replace(header, icc=None), (note,)
        if image.mode not in _MODES:
            raise ImageError(f"its colours are {image.mode}; save it as RGB")
        return np.array(image.convert(_MODES[image.mode])), header, ()


def _decode_deep(data: bytes, page: tiff.Directory, photometric: int) -> tuple[Pixels, tuple[str, ...]]:
    samples = page.integers(tiff.SAMPLES, (1,))[0]
    if tiff.PHOTOMETRIC not in page.fields:  # Pillow guesses, and OpenCV reads nothing
        raise ImageError("it lacks the tag that says whether its pixels are grey or RGB; save it again as PNG or TIFF")
    if samples not in ((3, 4) if photometric == _RGB else (1,)):
        raise ImageError(f"its {samples} channels of more than 8 bits are neither grey, RGB nor RGBA; save it as RGBA")
    if samples > 1 and page.integers(tiff.PLANAR, (1,))[0] != 1:
        raise ImageError("its channels are stored one after the other; save it with them interleaved (contiguous)")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ImageError(DAMAGED)
    notes: tuple[str, ...] = ()
    if pixels.dtype == np.float32:
        pixels, notes = _to_16_bits(pixels)
    if photometric == _WHITE_IS_ZERO:
        pixels = ~pixels
    if pixels.ndim == 2:
        return pixels[..., None], notes
    extra = page.integers(tiff.EXTRA_SAMPLES)[:1]
    if samples == 3 or extra == (_NO_ALPHA,):
        return cv2.cvtColor(pixels[..., :3], cv2.COLOR_BGR2RGB), notes
    pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)
    return (_divided_by_alpha(pixels) if extra == (_PREMULTIPLIED,) else pixels), notes


def _to_16_bits(pixels: Pixels) -> tuple[Pixels, tuple[str, ...]]:
    colours = pixels[..., :3]
    low, high = float(colours.min()), float(colours.max())
    if not np.isfinite(pixels).all() or np.median(colours) > 1:
        raise ImageError(
            f"its floating-point pixels (from {low:.3g} to {high:.3g}) are not in the scale where 1 is white; "
            "save it with 16 bits"
        )
    note = "floating-point pixels stored with 16 bits"
    if low < 0 or high > 1:
        note += f", those outside of 0 to 1 clipped (there were {low:.3g} to {high:.3g})"
    return np.rint(np.clip(pixels, 0, 1) * 65535).astype(np.uint16), (note,)


def _divided_by_alpha(pixels: Pixels) -> Pixels:
    alpha = np.maximum(pixels[..., 3:], 1).astype(np.float32)
    colours = np.minimum(np.rint(pixels[..., :3] * (65535 / alpha)), 65535).astype(np.uint16)
    return np.concatenate([colours, pixels[..., 3:]], axis=2)
