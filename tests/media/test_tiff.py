"""The many ways to be a TIFF file."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import ImageError
from img2img.media import decode_image

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INK, LAB = 0, 1, 2, 3, 5, 8
ANY_CHANNEL, PREMULTIPLIED, ALPHA = 0, 1, 2


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("channels", "photometric"), [(1, BLACK_IS_ZERO), (3, RGB), (4, RGB)])
def test_both_depths_and_byte_orders_give_the_very_pixels(
    make, order: str, dtype: type, channels: int, photometric: int
) -> None:
    pixels = make.picture(channels=channels, dtype=dtype)
    extra = ALPHA if channels == 4 else None
    image = decode_image(make.tiff(pixels, photometric, extra, order), "a")
    assert image.pixels.dtype == dtype
    assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_whose_zero_is_white_is_turned_round(make, dtype: type) -> None:
    pixels = make.picture(channels=1, dtype=dtype)
    assert np.array_equal(decode_image(make.tiff(pixels, WHITE_IS_ZERO), "a").pixels, ~pixels)


@pytest.mark.parametrize("white_is_zero", [False, True])
def test_one_bit_becomes_8_bit_grey(make, white_is_zero: bool) -> None:
    bits = np.array([[0b10110000], [0b00001111]], np.uint8)
    data = make.tiff(bits[..., None], WHITE_IS_ZERO if white_is_zero else BLACK_IS_ZERO, t258=(3, [1]), t256=(4, [8]))
    expected = np.unpackbits(bits, axis=1) * 255
    assert np.array_equal(decode_image(data, "a").pixels[..., 0], ~expected if white_is_zero else expected)


def test_a_palette_becomes_rgb(make) -> None:
    colours = np.zeros((3, 256), np.uint16)
    colours[:, 1], colours[:, 2] = (65535, 0, 257), (0, 65535, 0)
    data = make.tiff(np.array([[[1], [2]]], np.uint8), PALETTE, t320=(3, colours.ravel().tolist()))
    assert decode_image(data, "a").pixels.tolist() == [[[255, 0, 1], [0, 255, 0]]]


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_files_give_the_very_pixels(make, compression: str) -> None:
    pixels = make.picture()
    assert np.array_equal(decode_image(make.saved(pixels, "TIFF", compression=compression), "a").pixels, pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_that_alpha_is_multiplied_into_are_divided_again(make, dtype: type) -> None:
    most = np.iinfo(dtype).max
    stored = np.array([[[most // 4, most // 2, 0, most // 2], [5, 6, 7, most], [0, 0, 0, 0]]], dtype)
    pixels = decode_image(make.tiff(stored, RGB, PREMULTIPLIED), "a").pixels[0].astype(int)
    assert np.abs(pixels[0] - (most // 2, most, 0, most // 2)).max() <= 2
    assert pixels[1:].tolist() == [[5, 6, 7, most], [0, 0, 0, 0]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_fourth_channel_that_is_not_alpha_is_dropped(make, dtype: type) -> None:
    pixels = make.picture(channels=4, dtype=dtype)
    assert np.array_equal(decode_image(make.tiff(pixels, RGB, ANY_CHANNEL), "a").pixels, pixels[..., :3])


def test_16_bit_cmyk_becomes_rgb(make) -> None:
    ink = np.full((8, 8, 4), (65535, 0, 0, 0), np.uint16)
    assert decode_image(make.tiff(ink, INK), "a").pixels[4, 4].tolist() == [0, 255, 255]


@pytest.mark.parametrize(("channels", "photometric"), [(1, BLACK_IS_ZERO), (3, RGB), (4, RGB)])
def test_floating_point_pixels_become_16_bits_with_a_note(make, channels: int, photometric: int) -> None:
    pixels = make.picture(channels=channels, dtype=np.uint16)
    data = make.tiff((pixels / 65535).astype(np.float32), photometric, ALPHA if channels == 4 else None, form=3)
    image = decode_image(data, "a")
    assert image.pixels.dtype == np.uint16
    assert np.abs(image.pixels.astype(int) - pixels).max() <= 1
    assert image.notes == ("floating-point pixels stored with 16 bits",)


def test_floating_point_highlights_are_clipped_with_a_note_that_gives_the_range(make) -> None:
    image = decode_image(make.tiff(np.array([[[-0.5], [0.25], [3]]], np.float32), BLACK_IS_ZERO, form=3), "a")
    assert image.pixels.ravel().tolist() == [0, 16384, 65535]
    assert "clipped (there were -0.5 to 3)" in image.notes[0]


@pytest.mark.parametrize("values", [(20, 130, 255), (0, 0.5, float("nan")), (0, 0.5, float("inf"))])
def test_floating_point_pixels_on_another_scale_are_refused(make, values: tuple[float, ...]) -> None:
    data = make.tiff(np.array(values, np.float32).reshape(1, 3, 1), BLACK_IS_ZERO, form=3)
    with pytest.raises(ImageError, match="not in the scale where 1 is white; save it with 16 bits"):
        decode_image(data, "a")


@pytest.mark.parametrize(
    ("dtype", "form", "reason"),
    [
        (np.int16, 2, "16-bit signed"),
        (np.uint32, 1, "32-bit unsigned"),
        (np.float64, 3, "64-bit floating-point"),
        (np.float16, 3, "16-bit floating-point"),
    ],
)
def test_numbers_of_which_none_is_white_are_refused(make, dtype: type, form: int, reason: str) -> None:
    with pytest.raises(ImageError, match=f"{reason} numbers.*; save it with 8 or 16 bits"):
        decode_image(make.tiff(np.ones((4, 4, 1), dtype), BLACK_IS_ZERO, form=form), "a")


def test_12_bit_grey_is_refused_rather_than_shown_too_dark(make) -> None:
    data = make.tiff(np.zeros((2, 3, 1), np.uint8), BLACK_IS_ZERO, t258=(3, [12]), t256=(4, [2]))
    with pytest.raises(ImageError, match="12-bit"):
        decode_image(data, "a")


@pytest.mark.parametrize(("dtype", "channels"), [(np.uint16, 2), (np.uint16, 5)])
def test_16_bit_channels_that_would_be_lost_are_refused(make, dtype: type, channels: int) -> None:
    pixels = make.picture(channels=4, dtype=dtype)[..., [0, 1, 2, 3, 3][:channels]]
    with pytest.raises(ImageError, match="neither grey, RGB nor RGBA"):
        decode_image(make.tiff(pixels, BLACK_IS_ZERO if channels == 2 else RGB, ALPHA), "a")


def test_16_bit_channels_one_after_the_other_are_refused_since_opencv_mixes_them_up(make) -> None:
    with pytest.raises(ImageError, match=r"save it with them interleaved"):
        decode_image(make.tiff(make.picture(dtype=np.uint16), t284=(3, [2])), "a")


def test_a_deep_file_that_does_not_say_what_its_pixels_are_is_not_called_damaged(make) -> None:
    data = make.tiff(make.picture(channels=1, dtype=np.uint16), 1)
    tag, another = (struct.pack("<HHI", number, 3, 1) for number in (262, 263))
    with pytest.raises(ImageError, match="it lacks the tag that says whether its pixels are grey or RGB"):
        decode_image(data.replace(tag, another), "a")


def test_lab_colours_are_refused(make) -> None:
    with pytest.raises(ImageError, match="its colours are LAB; save it as RGB"):
        decode_image(make.tiff(make.picture(), LAB), "a")


def chained(make, *kinds: int, back_to: int | None = None) -> bytes:
    """A file with a directory for each of `kinds`, its NewSubfileType."""
    data = bytearray(make.tiff(make.picture(4, 4)))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    entries = bytes(data[first + 2 : first + 2 + 12 * count])
    starts, last = [first], first + 2 + 12 * count
    for kind in kinds:
        struct.pack_into("<I", data, last, len(data))
        starts.append(len(data))
        data += struct.pack("<HHHII", count + 1, 254, 4, 1, kind) + entries
        last = len(data)
        data += bytes(4)
    if back_to is not None:
        struct.pack_into("<I", data, last, starts[back_to])
    return bytes(data)


def test_a_smaller_copy_and_a_mask_are_no_pages(make) -> None:
    assert decode_image(chained(make, 1, 4), "a").pixels.shape == (4, 4, 3)


def test_pages_are_refused_and_counted(make) -> None:
    with pytest.raises(ImageError, match="it has 3 frames or pages"):
        decode_image(chained(make, 0, 1, 2), "a")


@pytest.mark.parametrize("back_to", [0, 1])
def test_pages_that_lead_back_to_themselves_come_to_an_end(make, back_to: int) -> None:
    with pytest.raises(ImageError):
        decode_image(chained(make, 0, 0, back_to=back_to), "a")


def test_a_size_that_is_too_large_is_refused_before_decoding(make) -> None:
    data = make.tiff(make.picture(4, 4), t256=(4, [2**31]), t257=(4, [2**31]))
    with pytest.raises(ImageError, match="make it smaller"):
        decode_image(data, "a")


def test_tags_that_point_outside_of_the_file_do_not_cost_the_picture(make) -> None:
    image = decode_image(make.tiff(make.picture(4, 4), t34665=(4, [2**31]), t34853=(4, [3])), "a")
    assert image.pixels.shape == (4, 4, 3)


def test_pillow_reads_the_files_that_these_tests_make(make) -> None:
    from io import BytesIO

    pixels = make.picture()
    with PillowImage.open(BytesIO(make.tiff(pixels))) as image:
        assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize(
    ("number", "name"),
    [(34712, "JPEG 2000"), (34887, "LERC"), (50001, "WebP"), (34676, "LogLuv"), (65000, "method 65000")],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_compression_that_is_not_read_is_named_and_not_called_damage(
    make, number: int, name: str, dtype: type
) -> None:
    data = make.tiff(make.picture(dtype=dtype), RGB, t259=(3, [number]))
    with pytest.raises(ImageError, match=f"it is compressed with {name}, which is not read; save it with LZW"):
        decode_image(data, "a")


def test_a_compression_that_is_read_up_to_8_bits_only_is_named(make) -> None:
    data = make.tiff(make.picture(dtype=np.uint16), RGB, t259=(3, [50000]))
    with pytest.raises(ImageError, match="compressed with Zstandard, which is not read"):
        decode_image(data, "a")


@pytest.mark.parametrize(("photometric", "name"), [(4, "a mask"), (9, "Lab"), (32845, "LogLuv"), (777, "kind 777")])
def test_colours_that_are_not_read_are_named_and_not_called_damage(make, photometric: int, name: str) -> None:
    with pytest.raises(ImageError, match=rf"its 3 channels \({name}\) are not read; save it as grey, RGB or CMYK"):
        decode_image(make.tiff(make.picture(), photometric), "a")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
@pytest.mark.parametrize("kept", [0.4, 0.8])
def test_compressed_pixels_that_end_in_zeros_are_refused(make, compression: str, kept: float) -> None:
    data = make.saved(make.picture(200, 200), "TIFF", compression=compression)
    directory = int.from_bytes(data[4:8], "little")
    cut = 8 + int((directory - 8) * kept)  # Pillow puts the pixels before the directory
    with pytest.raises(ImageError):
        decode_image(data[:cut] + bytes(directory - cut) + data[directory:], "a")
