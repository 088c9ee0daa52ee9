"""AVIF files of every range, matrix and depth, and damaged ones."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import ImageError
from img2img.media import decode_image

WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}  # of red and blue
AT = {"primaries": 4, "transfer": 6, "matrix": 8, "range": 10}


def patched(data: bytes, **values: int) -> bytes:
    """A file whose box of colours says something else; the coded planes stay."""
    out = bytearray(data)
    at = out.index(b"nclx")
    for name, value in values.items():
        size = 1 if name == "range" else 2
        out[at + AT[name] : at + AT[name] + size] = value.to_bytes(size, "big")
    return bytes(out)


def levels(bits: int) -> np.ndarray:
    return np.linspace(0, (1 << bits) - 1, 64 * 48).reshape(48, 64, 1).astype(np.uint8 if bits == 8 else np.uint16)


def grey(make, bits: int, full: bool) -> bytes:
    """A file of one channel, whose luma goes through all levels."""
    options = (cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100)
    return patched(make.opencv(levels(bits), ".avif", options), range=0x80 * full)


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("full", [False, True])
def test_grey_fills_the_range_whatever_its_own_range_is(make, bits: int, full: bool) -> None:
    low, high = (0, 2**bits - 1) if full else (16 << (bits - 8), 235 << (bits - 8))
    expected = np.clip((levels(bits) - float(low)) / (high - low), 0, 1)
    pixels = decode_image(grey(make, bits, full), "a").pixels
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert pixels.shape == (48, 64, 1)
    assert np.abs(pixels / np.iinfo(pixels.dtype).max - expected).max() < 1.5 / 2**bits


def test_grey_without_a_box_of_colours_has_the_range_that_the_picture_says(make) -> None:
    full = grey(make, 8, True)
    at = full.index(b"nclx")
    without = full[:at] + b"none" + full[at + 4 :]
    assert np.array_equal(decode_image(without, "a").pixels, decode_image(full, "a").pixels)


@pytest.mark.parametrize(
    ("matrix", "full", "chroma"), list(itertools.product(WEIGHTS, (False, True), ("4:4:4", "4:2:0")))
)
def test_colours_follow_matrix_and_range(make, matrix: int, full: bool, chroma: str) -> None:
    colour = np.full((32, 32, 3), (150, 90, 60), np.uint8)
    data = make.saved(colour, "AVIF", quality=100, subsampling=chroma)  # in BT.601, with the full range
    red, green, blue = 150, 90, 60
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = np.array([luma, (blue - luma) / 1.772, (red - luma) / 1.402])
    if not full:
        planes = (planes - (16, 0, 0)) * (255 / 219, 255 / 224, 255 / 224)
    of_red, of_blue = WEIGHTS[matrix]
    r, b = planes[0] + 2 * (1 - of_red) * planes[2], planes[0] + 2 * (1 - of_blue) * planes[1]
    g = (planes[0] - of_red * r - of_blue * b) / (1 - of_red - of_blue)
    found = decode_image(patched(data, matrix=matrix, range=0x80 * full), "a").pixels[16, 16]
    assert np.abs(found - np.array([r, g, b])).max() < 3


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("matrix", [10, 14])
def test_a_matrix_that_is_not_read_is_named_and_not_called_damage(make, matrix: int, bits: int) -> None:
    pixels = make.picture(32, 32) if bits == 8 else make.picture(32, 32, dtype=np.uint16) >> 6
    data = make.opencv(pixels, ".avif", (cv2.IMWRITE_AVIF_DEPTH, bits))
    with pytest.raises(ImageError, match=rf"colours are coded in a way that is not read \(matrix {matrix}\); save it"):
        decode_image(patched(data, matrix=matrix), "a")


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pictures_with_alpha_are_read_however_they_are_turned(make, bits: int, orientation: int) -> None:
    options = (cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100)
    pixels = make.corners(4, np.uint16) >> (16 - bits)
    data = patched(make.opencv(pixels, ".avif", options, exif=make.exif(orientation)), primaries=9, transfer=16)
    image = decode_image(data, "a")
    assert image.pixels.shape[:2] == ((32, 48) if orientation < 5 else (48, 32))
    assert "HDR or a wide gamut (CICP 9/16)" in image.notes[0]
    assert (f"{bits} bits reduced to 8" in image.notes) == (image.pixels.dtype == np.uint8)


@pytest.mark.parametrize("kept", [0.5, 0.7, 0.9])
@pytest.mark.parametrize(("form", "options"), [("AVIF", {}), ("WEBP", {}), ("WEBP", {"lossless": True})])
def test_a_file_that_ends_in_zeros_is_refused(make, form: str, options: dict[str, object], kept: float) -> None:
    data = make.saved(make.picture(240, 320), form, quality=90, **options)
    cut = int(len(data) * kept)
    with pytest.raises(ImageError, match=r"damaged or cut off|cannot be decoded"):
        decode_image(data[:cut] + bytes(len(data) - cut), "a")


@pytest.mark.parametrize("colour", ["black", "white", "red", "#808080"])
@pytest.mark.parametrize(("form", "quality"), [("AVIF", 50), ("WEBP", 10), ("WEBP", 80)])
def test_a_flat_picture_is_no_damage(make, form: str, quality: int, colour: str) -> None:
    data = make.pillow(PillowImage.new("RGB", (1000, 1000), colour), form, quality=quality)
    assert decode_image(data, "a").pixels.shape == (1000, 1000, 3)


def test_a_header_with_another_size_than_the_picture_is_refused(make) -> None:
    data = make.saved(make.picture(), "AVIF")
    at = data.index(b"ispe") + 8
    with pytest.raises(ImageError, match="gives the size 9999x9999, but its picture has 32x24 pixels; get the file"):
        decode_image(data[:at] + (9999).to_bytes(4, "big") * 2 + data[at + 8 :], "a")
