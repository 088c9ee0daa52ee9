"""Pixels to image files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import TranslationError, UsageError
from img2img.media import WRITABLE_IMAGES, Image, decode_image, encode_image

EVERY_KIND = [(channels, dtype) for channels in (1, 2, 3, 4) for dtype in (np.uint8, np.uint16)]


@pytest.mark.parametrize(("channels", "dtype"), EVERY_KIND)
def test_png_holds_every_kind_of_pixels(make, channels: int, dtype: type) -> None:
    pixels = make.picture(channels=channels, dtype=dtype)
    encoded = encode_image(Image(pixels), ".png")
    image = decode_image(encoded.data, "a")
    assert np.array_equal(image.pixels, pixels)
    assert image.pixels.dtype == dtype
    assert encoded.notes == image.notes == ()


@pytest.mark.parametrize(("channels", "dtype"), EVERY_KIND)
def test_tiff_holds_every_kind_of_pixels_and_grey_with_alpha_as_rgba(make, channels: int, dtype: type) -> None:
    pixels = make.picture(channels=channels, dtype=dtype)
    encoded = encode_image(Image(pixels), ".tif")
    expected = pixels[..., [0, 0, 0, 1]] if channels == 2 else pixels
    assert np.array_equal(decode_image(encoded.data, "a").pixels, expected)
    assert encoded.notes == ()


@pytest.mark.parametrize("suffix", [".bmp", ".webp", ".avif"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_at_quality_100_nothing_of_8_bits_is_lost_but_in_jpeg(make, suffix: str, channels: int) -> None:
    pixels = make.picture(channels=channels)
    encoded = encode_image(Image(pixels), suffix, quality=100)
    colour = {1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    decoded = decode_image(encoded.data, "a").pixels
    assert np.array_equal(np.broadcast_to(decoded, (24, 32, max(decoded.shape[2], 3))), pixels[..., colour])
    assert encoded.notes == ()


@pytest.mark.parametrize("suffix", [".jpg", ".avif"])
def test_grey_stays_grey(make, suffix: str) -> None:
    encoded = encode_image(Image(make.picture(channels=1)), suffix)
    assert decode_image(encoded.data, "a").pixels.shape == (24, 32, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_the_default_quality_is_near_to_the_original_even_with_noise(make, suffix: str) -> None:
    pixels = make.picture(96, 128)
    decoded = decode_image(encode_image(Image(pixels), suffix).data, "a").pixels
    error = np.mean((decoded.astype(float) - pixels) ** 2)
    assert 10 * np.log10(255**2 / error) > 34


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_lower_quality_takes_fewer_bytes(make, suffix: str) -> None:
    image = Image(make.picture(96, 128))
    assert len(encode_image(image, suffix, 30).data) < len(encode_image(image, suffix).data)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp"])
def test_16_bits_are_scaled_to_8_with_a_note(suffix: str) -> None:
    pixels = np.repeat(np.linspace(0, 65535, 64).astype(np.uint16), 16 * 16).reshape(64, 16, 16).swapaxes(0, 1)
    encoded = encode_image(Image(pixels.reshape(16, -1, 1)), suffix, 100)
    decoded = decode_image(encoded.data, "a").pixels[..., 0].astype(float)
    assert np.abs(decoded * 257 - pixels.reshape(16, -1)).max() < 3 * 257
    assert encoded.notes[0].startswith("16 bits reduced to 8, the most that ")


def test_16_bits_are_10_in_avif_and_fill_the_range_again(make) -> None:
    pixels = make.picture(channels=4, dtype=np.uint16)
    encoded = encode_image(Image(pixels), ".avif", 100)
    decoded = decode_image(encoded.data, "a").pixels
    assert decoded.dtype == np.uint16
    assert np.abs(decoded.astype(int) - pixels).max() <= 33
    assert encoded.notes == ("16 bits reduced to 10, the most that AVIF holds",)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("channels", "left"), [(2, 1), (4, 3)])
def test_alpha_is_put_in_front_of_white_for_jpeg_with_a_note(channels: int, left: int, dtype: type) -> None:
    most = np.iinfo(dtype).max
    pixels = np.zeros((16, 48, channels), dtype)
    pixels[:, 16:32, -1], pixels[:, 32:, -1] = most // 2, most
    encoded = encode_image(Image(pixels), ".jpg")
    decoded = decode_image(encoded.data, "a").pixels
    assert decoded.shape[2] == left
    assert np.abs(decoded[8, [4, 24, 44]].astype(int) - [[255], [128], [0]]).max() <= 2
    assert encoded.notes[-1] == "alpha put in front of white, since JPEG holds none"


@pytest.mark.parametrize("suffix", sorted(WRITABLE_IMAGES))
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (2, 3)])
def test_the_smallest_pictures_can_be_written(suffix: str, size: tuple[int, int]) -> None:
    for channels in (1, 2, 3, 4):
        pixels = np.full((*size, channels), 200, np.uint8)
        assert decode_image(encode_image(Image(pixels), suffix).data, "a").pixels.shape[:2] == size


@pytest.mark.parametrize(("suffix", "longest"), [(".jpg", 65_500), (".webp", 16_383), (".avif", 16_384)])
def test_the_longest_side_of_each_format_is_written_and_one_more_is_refused(suffix: str, longest: int) -> None:
    encoded = encode_image(Image(np.zeros((1, longest, 1), np.uint8)), suffix)
    assert decode_image(encoded.data, "a").pixels.shape[1] == longest
    with pytest.raises(TranslationError, match=rf"{longest + 1} pixels are too many .*; choose \.png"):
        encode_image(Image(np.zeros((longest + 1, 1, 1), np.uint8)), suffix)


def test_a_suffix_may_be_in_capitals(make) -> None:
    assert encode_image(Image(make.picture()), ".JPG").data.startswith(b"\xff\xd8\xff")


def test_an_unknown_suffix_is_refused_with_those_that_can_be_chosen(make) -> None:
    with pytest.raises(UsageError, match=r"cannot write '\.gif' files; choose one of \.avif, \.bmp"):
        encode_image(Image(make.picture()), ".gif")


@pytest.mark.parametrize("quality", [0, 101, -1])
def test_a_quality_out_of_range_is_refused(make, quality: int) -> None:
    with pytest.raises(UsageError, match="give 1 to 100"):
        encode_image(Image(make.picture()), ".jpg", quality)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int16),
    ],
)
def test_what_is_no_image_is_refused_when_the_image_is_made(pixels: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"no image; give \(height, width, 1 to 4 channels\)"):
        Image(pixels)


@pytest.mark.parametrize("suffix", sorted(WRITABLE_IMAGES))
def test_pixels_need_not_be_contiguous(make, suffix: str) -> None:
    pixels = make.picture(48, 64, 4)[::2, ::-2]
    tidy = encode_image(Image(np.ascontiguousarray(pixels)), suffix)
    assert encode_image(Image(pixels), suffix) == tidy


@pytest.mark.parametrize("channels", [2, 4])
def test_another_reader_sees_alpha_in_png_and_tiff(make, channels: int) -> None:
    pixels = make.picture(channels=channels)
    for suffix in (".png", ".tif"):
        with PillowImage.open(BytesIO(encode_image(Image(pixels), suffix).data)) as image:
            assert image.mode == ("LA" if channels == 2 and suffix == ".png" else "RGBA")
            assert np.array_equal(np.asarray(image)[..., -1], pixels[..., -1])


def test_many_threads_encode_what_one_does(make) -> None:
    jobs = [(Image(make.picture() // n), suffix) for n in (1, 2, 3) for suffix in sorted(WRITABLE_IMAGES)] * 3
    alone = [encode_image(*job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda job: encode_image(*job), jobs)) == alone
