"""JPEG files that lack a part of their picture, and sound ones that are unusual."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import ImageError
from img2img.media import decode_image

KINDS: dict[str, dict[str, object]] = {
    "baseline": {},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restart markers": {"restart_marker_blocks": 5},
    "4:4:4": {"subsampling": 0},
}


def photo(make, **options: object) -> bytes:
    return make.saved(make.picture(120, 160), "JPEG", quality=92, **options)


def first_block(data: bytes) -> int:
    at = data.index(b"\xff\xda")
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def pixels_of(data: bytes) -> np.ndarray:
    return np.array(PillowImage.open(io.BytesIO(data)))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_lacks_its_last_blocks_but_has_an_end_mark_is_refused(make, kind: str, kept: float) -> None:
    data = photo(make, **KINDS[kind])
    start = first_block(data)
    cut = start + int((len(data) - start) * kept)
    with pytest.raises(ImageError, match=r"a\.jpg: its pixels are damaged or cut off; get the file again"):
        decode_image(data[:cut] + b"\xff\xd9", "a.jpg")


@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_whose_second_half_is_zeros_is_refused(make, kind: str, end: bytes) -> None:
    data = photo(make, **KINDS[kind])
    half = len(data) // 2
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data[:half] + bytes(len(data) - half - len(end)) + end, "a")


def test_a_cmyk_file_that_lacks_its_last_blocks_but_has_an_end_mark_is_refused(make) -> None:
    data = make.pillow(PillowImage.fromarray(make.picture(120, 160)).convert("CMYK"), "JPEG")
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data[: len(data) * 3 // 4] + b"\xff\xd9", "a")


def test_a_progressive_file_that_ends_after_a_whole_scan_is_refused(make) -> None:
    data = photo(make, progressive=True)
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 2
    for cut in scans[1:]:
        end = data.rindex(b"\xff\xc4", 0, cut)  # the tables of the scan that is cut off
        with pytest.raises(ImageError, match="damaged or cut off"):
            decode_image(data[:end] + b"\xff\xd9", "a")


def test_a_progressive_file_that_ends_in_the_head_of_its_last_scan_is_refused(make) -> None:
    data = photo(make, progressive=True)
    head = data.rindex(b"\xff\xda")
    coded = head + 2 + int.from_bytes(data[head + 2 : head + 4], "big")
    for kept in (coded, coded + 1, coded + 3):
        with pytest.raises(ImageError, match="damaged or cut off"):
            decode_image(data[:kept] + b"\xff\xd9", "a")


def test_a_file_that_lost_a_restart_marker_is_refused(make) -> None:
    data = photo(make, restart_marker_blocks=5)
    at = data.index(b"\xff\xd1")
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data[:at] + data[at + 2 :], "a")


def test_a_damaged_file_leaves_no_line_of_the_decoder_on_stderr(make, capfd: pytest.CaptureFixture[str]) -> None:
    data = photo(make)
    with pytest.raises(ImageError):
        decode_image(data[: len(data) // 2] + b"\xff\xd9", "a")
    decode_image(data[:-2] + b"padding" * 2 + b"\xff\xd9", "a")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("fill", [b"\xff", b"\xff\0"])
def test_a_header_of_a_large_picture_with_megabytes_of_filling_is_refused_at_once(make, fill: bytes) -> None:
    data = photo(make)
    at = data.index(b"\xff\xc0") + 5
    large = data[:at] + (9999).to_bytes(2, "big") * 2 + data[at + 4 : first_block(data)]
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(large + fill * (100_000 // len(fill)), "a")


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_has_the_pixels_that_another_reader_gives(make, kind: str) -> None:
    data = photo(make, **KINDS[kind])
    image = decode_image(data, "a")
    assert np.array_equal(image.pixels, pixels_of(data))
    assert image.notes == ()


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 500, b"hello world", b"\xff" * 9 + b"\xff\0" * 9])
def test_bytes_before_the_end_mark_do_no_harm(make, padding: bytes) -> None:
    data = photo(make)
    assert np.array_equal(decode_image(data[:-2] + padding + data[-2:], "a").pixels, pixels_of(data))


def test_bytes_between_segments_do_no_harm(make) -> None:
    data = photo(make)
    at = data.index(b"\xff\xc0")
    assert np.array_equal(decode_image(data[:at] + b"junk" + data[at:], "a").pixels, pixels_of(data))


def test_a_frame_of_motion_jpeg_without_huffman_tables_is_read(make) -> None:
    data = bare = photo(make)
    while (at := bare.find(b"\xff\xc4")) > 0:
        bare = bare[:at] + bare[at + 2 + int.from_bytes(bare[at + 2 : at + 4], "big") :]
    assert np.array_equal(decode_image(bare, "a").pixels, pixels_of(data))


def test_rgb_that_was_never_made_ycbcr_is_read(make) -> None:
    data = photo(make, keep_rgb=True)
    assert np.array_equal(decode_image(data, "a").pixels, pixels_of(data))


@pytest.mark.parametrize(
    ("marker", "bits", "kind"), [(0xC0, 12, "12-bit"), (0xC3, 8, "lossless"), (0xF7, 8, "JPEG-LS")]
)
def test_an_unread_kind_is_named_and_not_called_damaged(make, marker: int, bits: int, kind: str) -> None:
    data = bytearray(photo(make))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    with pytest.raises(ImageError, match=rf"this kind of JPEG file is not read \({kind}\); save it as"):
        decode_image(bytes(data), "a")
