"""The many ways to be a BMP file."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import ImageError
from img2img.media import decode_image

HEADERS = (40, 52, 56, 64, 108, 124)
MASKS_565, MASKS_XBGR, MASKS_RGBX = (0xF800, 0x7E0, 0x1F), (0xFF, 0xFF00, 0xFF0000), (0xFF000000, 0xFF0000, 0xFF00)
PALETTE = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]], np.uint8)


def bmp(rows: bytes, width: int, height: int, depth: int, size: int = 40, compression: int = 0, masks=(), palette=()):
    """A file of a header of any size; `rows` stand as they are."""
    colours = np.array(palette, np.uint8).reshape(-1, 3)[:, ::-1]
    if size == 12:
        header = struct.pack("<IHHHH", size, width, height, 1, depth)
    else:
        used = len(colours)
        fields = struct.pack("<IiiHHIIiiII", size, width, height, 1, depth, compression, len(rows), 0, 0, used, 0)
        header = (fields + struct.pack(f"<{len(masks)}I", *masks) * (size > 40)).ljust(size, b"\0")[:size]
        header += struct.pack(f"<{len(masks)}I", *masks) * (size == 40)
    entries = b"".join(colour.tobytes() + b"\0" * (size != 12) for colour in colours)
    start = 14 + len(header) + len(entries)
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + header + entries + rows


def rows_of(pixels: np.ndarray) -> bytes:
    """Rows from the bottom up, each filled up to whole words."""
    return b"".join(row.tobytes() + bytes(-row.nbytes % 4) for row in pixels[::-1])


def packed(indices: np.ndarray, depth: int) -> np.ndarray:
    return np.packbits(
        np.unpackbits(indices[..., None].astype(np.uint8), axis=2)[..., -depth:].reshape(len(indices), -1), 1
    )


def seen_by_pillow(data: bytes) -> np.ndarray:
    return np.array(PillowImage.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("size", [12, 16, *HEADERS])
def test_24_bits_are_the_very_pixels_whatever_the_header(make, size: int) -> None:
    pixels = make.picture(5, 7)
    data = bmp(rows_of(pixels[..., ::-1]), 7, 5, 24, size)
    assert np.array_equal(decode_image(data, "a").pixels, pixels)


@pytest.mark.parametrize("size", [12, 16, *HEADERS])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_of_every_depth_are_read_whatever_the_header(size: int, depth: int) -> None:
    indices = np.arange(35).reshape(5, 7) % min(4, 2**depth)
    palette = PALETTE[: 2**depth] if size > 12 else np.resize(PALETTE, (2**depth, 3))
    data = bmp(rows_of(packed(indices, depth)), 7, 5, depth, size, palette=palette)
    assert np.array_equal(decode_image(data, "a").pixels, PALETTE[indices])


@pytest.mark.parametrize("size", [12, 40])
def test_a_palette_of_greys_gives_one_channel(size: int) -> None:
    data = bmp(rows_of(packed(np.array([[0, 1, 1, 0]]), 1)), 4, 1, 1, size, palette=((0, 0, 0), (255, 255, 255)))
    assert decode_image(data, "a").pixels[..., 0].tolist() == [[0, 255, 255, 0]]


@pytest.mark.parametrize("size", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("masks", [MASKS_XBGR, MASKS_RGBX, (0x3FF00000, 0xFFC00, 0x3FF), (0xE0000000, 0x1800000, 0x1)])
def test_masks_of_32_bits_are_obeyed_and_scaled(size: int, masks: tuple[int, int, int]) -> None:
    pixels = np.zeros((2, 4), np.uint32)
    pixels[0], pixels[1] = (0xFFFFFFFF, *masks), (0, masks[0] | masks[1], masks[1] | masks[2], masks[0] | masks[2])
    expected = [[[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    expected += [[[0, 0, 0], [255, 255, 0], [0, 255, 255], [255, 0, 255]]]
    assert decode_image(bmp(rows_of(pixels), 4, 2, 32, size, 3, masks), "a").pixels.tolist() == expected


@pytest.mark.parametrize("size", [40, 52, 56, 108, 124])
def test_5_and_6_bits_are_scaled_and_not_shifted(size: int) -> None:
    pixels = np.array([[0xFFFF, 0, 0x8410, 0x0841]], np.uint16)
    found = decode_image(bmp(rows_of(pixels), 4, 1, 16, size, 3, MASKS_565), "a").pixels[0].tolist()
    assert found == [[255] * 3, [0] * 3, [round(16 * 255 / 31), round(32 * 255 / 63), 132], [8, 8, 8]]


@pytest.mark.parametrize("size", [16, *HEADERS])
def test_16_bits_without_masks_have_5_bits_a_colour(size: int) -> None:
    pixels = np.array([[0x7FFF, 0x7C00, 0x03E0, 0x801F]], np.uint16)
    found = decode_image(bmp(rows_of(pixels), 4, 1, 16, size), "a").pixels[0].tolist()
    assert found == [[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]


@pytest.mark.parametrize("size", [56, 108, 124])
def test_a_mask_for_alpha_gives_alpha(size: int) -> None:
    masks = (0x7C00, 0x3E0, 0x1F, 0x8000)
    pixels = np.array([[0x7FFF, 0xFC00]], np.uint16)
    found = decode_image(bmp(rows_of(pixels), 2, 1, 16, size, 3, masks), "a").pixels[0].tolist()
    assert found == [[255, 255, 255, 0], [255, 0, 0, 255]]


def test_an_alpha_of_0_everywhere_is_left_out() -> None:
    pixels = np.array([[0x7FFF, 0x7C00]], np.uint16)
    found = decode_image(bmp(rows_of(pixels), 2, 1, 16, 124, 3, (0x7C00, 0x3E0, 0x1F, 0x8000)), "a").pixels[0].tolist()
    assert found == [[255, 255, 255], [255, 0, 0]]


def test_four_masks_behind_a_40_byte_header_give_alpha() -> None:
    masks = (0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    pixels = np.array([[0x80030201]], np.uint32)
    assert decode_image(bmp(rows_of(pixels), 1, 1, 32, 40, 6, masks), "a").pixels.tolist() == [[[1, 2, 3, 128]]]


def test_a_negative_height_puts_the_top_first(make) -> None:
    pixels = make.picture(4, 8)
    assert np.array_equal(decode_image(bmp(rows_of(pixels[::-1, :, ::-1]), 8, -4, 24), "a").pixels, pixels)


@pytest.mark.parametrize("size", [40, 64, 124])
def test_runs_of_8_bits_are_read(size: int) -> None:
    rows = b"\x03\1\0\3\2\1\3\0\0\0" + b"\2\2\0\2\1\1" + b"\1\3\0\0" + b"\0\1"  # runs, literals, a jump, the end
    data = bmp(rows, 6, 3, 8, size, 1, palette=PALETTE)
    expected = np.array([[0, 0, 0, 3, 0, 0], [2, 2, 0, 0, 0, 0], [1, 1, 1, 2, 1, 3]])
    assert np.array_equal(decode_image(data, "a").pixels, PALETTE[expected])


def test_runs_of_4_bits_are_read() -> None:
    rows = b"\5\x12\0\0" + b"\0\5\x12\x30\x10\0\0\1"
    data = bmp(rows, 5, 2, 4, 40, 2, palette=PALETTE)
    assert np.array_equal(decode_image(data, "a").pixels, PALETTE[[[1, 2, 3, 0, 1], [1, 2, 1, 2, 1]]])


def test_runs_of_24_bits_of_os2_are_read() -> None:
    rows = b"\2\3\2\1\0\0" + b"\0\3" + bytes(range(9)) + b"\0" + b"\0\1"
    found = decode_image(bmp(rows, 3, 2, 24, 64, 4), "a").pixels.tolist()
    assert found == [[[2, 1, 0], [5, 4, 3], [8, 7, 6]], [[1, 2, 3], [1, 2, 3], [0, 0, 0]]]


@pytest.mark.parametrize("depth", [4, 8])
def test_runs_give_what_another_reader_gives(make, depth: int) -> None:
    indices = (make.picture(20, 31, 1)[..., 0] >> 5) % 4
    rows = b"".join(b"".join(bytes((1, v << 4 if depth == 4 else v)) for v in row) + b"\0\0" for row in indices[::-1])
    data = bmp(rows + b"\0\1", 31, 20, depth, 40, 3 - depth // 4, palette=PALETTE)
    assert np.array_equal(decode_image(data, "a").pixels, seen_by_pillow(data))


@pytest.mark.parametrize("tail", [b"", bytes(40)])
def test_runs_that_end_too_early_are_refused_as_damaged(tail: bytes) -> None:
    data = bmp(b"\6\1\0\0" * 3 + tail, 6, 9, 8, 40, 1, palette=PALETTE)
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data, "a")


@pytest.mark.parametrize(("compression", "depth", "size"), [(4, 24, 40), (5, 24, 40), (3, 1, 64), (9, 24, 124)])
def test_a_compression_that_is_not_read_is_named_and_not_called_damage(compression: int, depth: int, size: int) -> None:
    data = bmp(bytes(400), 8, 8, depth, size, compression, palette=PALETTE[:2] if depth == 1 else ())
    with pytest.raises(ImageError, match=rf"not read \(compression {compression}, {depth} bits\); save it as PNG"):
        decode_image(data, "a")
