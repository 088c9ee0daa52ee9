"""Image files to pixels."""

from __future__ import annotations

import itertools
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageChops

from img2img.media import decode_image, read_file

BGRA = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats_give_the_very_pixels(make, form: str, channels: int) -> None:
    pixels = make.picture(channels=channels)
    image = decode_image(make.saved(pixels, form), "a")
    assert np.array_equal(image.pixels, pixels)
    assert image.pixels.dtype == np.uint8
    assert image.notes == ()


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_give_nearly_the_pixels_in_rgb_order(make, form: str) -> None:
    pixels = make.corners()
    image = decode_image(make.saved(pixels, form, quality=95), "a")
    assert np.abs(image.pixels[4:12, 4:20].astype(int) - pixels[4:12, 4:20]).max() < 12
    assert image.pixels.shape == pixels.shape


@pytest.mark.parametrize("form", ["JPEG", "AVIF"])
def test_grey_stays_one_channel(make, form: str) -> None:
    assert decode_image(make.saved(make.picture(channels=1), form), "a").pixels.shape == (24, 32, 1)


@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_alpha_is_kept(make, form: str, options: dict[str, object]) -> None:
    pixels = make.picture(channels=4)
    assert np.array_equal(decode_image(make.saved(pixels, form, **options), "a").pixels, pixels)


def test_alpha_of_avif_is_kept(make) -> None:
    pixels = make.corners(4)
    assert np.array_equal(decode_image(make.saved(pixels, "AVIF", quality=100), "a").pixels[..., 3], pixels[..., 3])


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_grey_with_alpha_stays_two_channels(make, form: str) -> None:
    pixels = make.picture(channels=2)
    assert np.array_equal(decode_image(make.saved(pixels, form), "a").pixels, pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_dark_16_bit_png_stays_16_bit(make, channels: int) -> None:
    pixels = make.picture(channels=channels, dtype=np.uint16) // 400
    image = decode_image(make.opencv(pixels, ".png"), "a")
    assert pixels.max() < 256
    assert image.pixels.dtype == np.uint16
    assert np.array_equal(image.pixels, pixels)


def test_16_bit_grey_with_alpha_is_read(make) -> None:
    data = make.png(2, 1, 16, 4, b"\0" + struct.pack(">4H", 1, 2, 60000, 65535))
    assert decode_image(data, "a").pixels.tolist() == [[[1, 2], [60000, 65535]]]


@pytest.mark.parametrize(
    ("depth", "row", "grey"),
    [(1, 0b10110000, [255, 0, 255, 255]), (2, 0b00011011, [0, 85, 170, 255]), (4, 0x1F, [17, 255])],
)
def test_grey_of_less_than_8_bits_becomes_8_bits(make, depth: int, row: int, grey: list[int]) -> None:
    data = make.png(len(grey), 1, depth, 0, bytes((0, row)))
    assert decode_image(data, "a").pixels.ravel().tolist() == grey


@pytest.mark.parametrize(
    ("depth", "row", "level", "expected"),
    [
        (8, bytes((1, 200)), 200, [[1, 255], [200, 0]]),
        (1, b"\x40", 1, [[0, 255], [255, 0]]),
        (1, b"\x40", 255, [[0, 255], [255, 0]]),
        (2, b"\x60", 2, [[85, 255], [170, 0]]),
        (16, struct.pack(">2H", 258, 2), 258, [[258, 0], [2, 65535]]),
    ],
)
def test_a_grey_level_that_is_declared_transparent_becomes_alpha(
    make, depth: int, row: bytes, level: int, expected: list[list[int]]
) -> None:
    data = make.png(2, 1, depth, 0, b"\0" + row, before=make.chunk(b"tRNS", struct.pack(">H", level)))
    assert decode_image(data, "a").pixels[0].tolist() == expected


def test_a_colour_that_is_declared_transparent_becomes_alpha(make) -> None:
    key = make.chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    data = make.png(2, 1, 8, 2, bytes((0, 1, 2, 3, 4, 5, 6)), before=key)
    assert decode_image(data, "a").pixels[0].tolist() == [[1, 2, 3, 0], [4, 5, 6, 255]]


def test_a_palette_becomes_rgb_and_its_transparency_alpha(make) -> None:
    palette = make.chunk(b"PLTE", bytes((10, 20, 30, 40, 50, 60)))
    opaque = decode_image(make.png(2, 1, 8, 3, bytes((0, 0, 1)), before=palette), "a")
    seen_through = make.png(2, 1, 8, 3, bytes((0, 0, 1)), before=palette + make.chunk(b"tRNS", b"\x80"))
    assert opaque.pixels[0].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert decode_image(seen_through, "a").pixels[0].tolist() == [[10, 20, 30, 128], [40, 50, 60, 255]]


@pytest.mark.parametrize(("header_size", "channels"), [(40, 3), (56, 4), (124, 4)])
def test_the_fourth_byte_of_a_bmp_is_alpha_only_where_the_header_says_so(make, header_size: int, channels: int) -> None:
    pixels = make.picture(4, 4, 4)
    masks = struct.pack("<4I", *BGRA)[: 12 if header_size == 40 else 16]
    header = struct.pack("<IiiHHIIiiII", header_size, 4, -4, 1, 32, 3, pixels.nbytes, 0, 0, 0, 0) + masks
    header = header.ljust(header_size, b"\0")
    start = struct.pack("<2sIHHI", b"BM", 14 + len(header) + pixels.nbytes, 0, 0, 14 + len(header))
    data = start + header + pixels[..., [2, 1, 0, 3]].tobytes()
    assert np.array_equal(decode_image(data, "a").pixels, pixels[..., :channels])


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_deep_avif_fills_the_range_of_16_bits(make, bits: int, channels: int) -> None:
    import cv2

    pixels = make.corners(channels, np.uint16) if channels > 1 else make.corners(3, np.uint16)[..., :1]
    options = (cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100)
    image = decode_image(make.opencv(pixels >> (16 - bits), ".avif", options), "a")
    assert image.pixels.dtype == np.uint16
    assert np.abs(image.pixels.astype(int) - pixels).max() <= 65535 >> (bits - 1)
    assert image.pixels.max() == 65535


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_becomes_the_rgb_it_was(make, form: str) -> None:
    rgb = PillowImage.fromarray(make.picture())
    image = decode_image(make.pillow(rgb.convert("CMYK"), form, **({"quality": 98} if form == "JPEG" else {})), "a")
    assert abs(image.pixels.mean() - np.asarray(rgb).mean()) < 2
    assert image.notes == ("CMYK converted to RGB, without a profile",)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_goes_through_its_profile_which_is_not_kept(make, form: str) -> None:
    ink = PillowImage.fromarray(np.full((8, 8, 4), (255, 0, 0, 0), np.uint8), "CMYK")
    image = decode_image(make.pillow(ink, form, icc_profile=make.cmyk_profile()), "a")
    red, green, blue = image.pixels[4, 4].tolist()  # the profile of this printer has orange for cyan
    assert red > 240 > 160 > green > blue
    assert image.metadata.icc is None
    assert image.notes == ("CMYK converted to RGB through its profile",)


def test_cmyk_with_a_broken_profile_is_converted_without_it_and_says_so(make) -> None:
    ink = PillowImage.fromarray(np.full((8, 8, 4), (255, 0, 0, 0), np.uint8), "CMYK")
    image = decode_image(make.pillow(ink, "JPEG", icc_profile=make.cmyk_profile()[:300]), "a")
    assert image.pixels[4, 4].tolist() == [0, 255, 255]
    assert image.notes == ("CMYK converted to RGB without its profile, which is unreadable",)


def test_cmyk_jpeg_that_is_not_adobes_has_full_ink_at_255(make) -> None:
    ink = PillowImage.fromarray(np.full((8, 8, 4), (255, 0, 0, 0), np.uint8), "CMYK")
    data = make.pillow(ImageChops.invert(ink), "JPEG")  # Pillow inverts, as Adobe does
    start = data.index(b"\xff\xee")
    size = 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    assert data[start + 4 : start + 9] == b"Adobe"
    without = data[:start] + data[start + size :]
    assert decode_image(without, "a").pixels[4, 4].tolist() == [0, 255, 255]


def test_colours_that_cannot_be_kept_are_noted(make) -> None:
    coding = make.chunk(b"cICP", bytes((9, 16, 0, 1)))
    image = decode_image(make.png(1, 1, 8, 2, bytes((0, 1, 2, 3)), before=coding), "a")
    assert "HDR or a wide gamut (CICP 9/16)" in image.notes[0]


def test_an_srgb_avif_has_no_notes(make) -> None:
    assert decode_image(make.saved(make.picture(), "AVIF"), "a").notes == ()


def test_pictures_behind_the_first_in_a_jpeg_are_passed_over(make) -> None:
    pixels = make.picture()
    frames = PillowImage.fromarray(pixels), PillowImage.fromarray(pixels // 2)
    data = make.pillow(frames[0], "MPO", save_all=True, append_images=[frames[1]], quality=95)
    image = decode_image(data, "a")
    assert np.abs(image.pixels.astype(int) - pixels).mean() < 6
    assert image.notes == ()


def test_a_file_whose_name_is_no_utf8_is_decoded(tmp_path: Path, make) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.png")
    path.write_bytes(make.saved(make.picture(), "PNG"))
    assert decode_image(read_file(path), path).pixels.shape == (24, 32, 3)


def test_many_threads_decode_what_one_does(make) -> None:
    pictures = [make.picture() // n for n in range(1, 20)]
    forms = itertools.cycle(("PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF"))
    files = [make.saved(picture, form) for picture, form in zip(pictures, forms, strict=False)] * 5
    alone = [decode_image(data, "a").pixels for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: decode_image(data, "a").pixels, files))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("00017_gray.png", 1, np.uint8),
        ("wolf_gray.jpg", 1, np.uint8),
        ("0030.jpg", 3, np.uint8),
        ("children-alpha.png", 4, np.uint8),
        ("tree_alpha_16bit.png", 4, np.uint16),
    ],
)
def test_real_files_have_the_channels_and_depth_that_they_are_known_for(
    photos: Path, name: str, shape: int, dtype: type
) -> None:
    image = decode_image(read_file(photos / "odd" / name), name)
    assert image.pixels.shape[2] == shape
    assert image.pixels.dtype == dtype
