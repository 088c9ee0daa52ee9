"""Files under the names of images that are something else, or images of a kind that is not read."""

from __future__ import annotations

import gzip
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import ImageError
from img2img.media import decode_image
from img2img.media.formats import still_format

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
CONVERT = "convert it to PNG, JPEG"
KINDS = [
    (LFS, "Git LFS", "git lfs pull"),
    (b"<!DOCTYPE html>\n<html><head><title>404</title>", "a web page", "download the file again"),
    (b"\r\n <!-- error --><HTML>", "a web page", "download the file again"),
    (b"\xff\x0a\xfa\x7f\x01", "JPEG XL", CONVERT),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", CONVERT),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", CONVERT),
    (b"\xff\x4f\xff\x51\0", "JPEG 2000", CONVERT),
    (b"\0\0\0\x18ftypcrx \0\0\0\1", "a raw photograph", CONVERT),
    (b"FUJIFILMCCD-RAW 0201", "a raw photograph", CONVERT),
    (b"IIU\0\x18\0\0\0", "a raw photograph", CONVERT),
    (b"IIRO\x08\0\0\0", "a raw photograph", CONVERT),
    (b"8BPS\0\1", "Photoshop", CONVERT),
    (b"%PDF-1.4\n", "PDF", CONVERT),
    (b"v/1\x01\2\0\0\0", "OpenEXR", CONVERT),
    (b"#?RADIANCE\n", "Radiance HDR", CONVERT),
    (b"P6\n2 2\n255\n", "Netpbm", CONVERT),
    (b'<?xml version="1.0"?>\n<svg xmlns="x">', "SVG", CONVERT),
    (gzip.compress(b"x", mtime=0), "archive", CONVERT),
    (b"PK\3\4\x14\0", "archive", CONVERT),
    (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", "video", CONVERT),
    (b"GIF89a\1\0", "GIF", CONVERT),
]


@pytest.mark.parametrize(("data", "name", "advice"), KINDS)
def test_the_content_is_named_and_what_to_do(data: bytes, name: str, advice: str) -> None:
    with pytest.raises(ImageError, match=rf"a\.jpg: this is no image in a known format, but .*{name}.*; ") as caught:
        decode_image(data + bytes(100), "a.jpg")
    assert advice in str(caught.value)
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("tags", [{"t50706": (1, [1, 4, 0, 0])}, {"t254": (4, [1]), "t330": (4, [8])}])
def test_a_raw_photograph_that_begins_as_a_tiff_is_named(make, tags: dict[str, tuple[int, list[int]]]) -> None:
    with pytest.raises(ImageError, match="but a raw photograph; convert it"):
        decode_image(make.tiff(make.picture(), **tags), "a.tif")


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"ftypheic\0\0\0\0mif1heic", "HEIF"),
        (b"ftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"ftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"ftypavif\0\0\0\0avifmif1", "AVIF"),
    ],
)
def test_heif_and_avif_are_told_apart_by_what_they_say_they_are_compatible_with(start: bytes, name: str) -> None:
    form = still_format(b"\0\0\0\x20" + start + bytes(100))
    assert form is not None
    assert form.name == name


def test_a_heif_file_says_what_to_install_where_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r"a\.heic: HEIF files .* pip install 'img2img-runtime\[heif\]'"):
        decode_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "a.heic")


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_heif_file_is_read_upright_where_pillow_heif_is_installed(make, channels: int, orientation: int) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pixels = make.picture(64, 96, channels)
    heif = pillow_heif.from_pillow(PillowImage.fromarray(pixels.squeeze()))
    exif = PillowImage.Exif()
    exif[274] = orientation
    path = BytesIO()
    heif.save(path, quality=95, exif=exif.tobytes())
    image = decode_image(path.getvalue(), "a.heic")
    expected = pixels if orientation == 1 else np.rot90(pixels, -1)
    assert image.pixels.shape == expected.shape
    assert np.abs(image.pixels.astype(int) - expected).mean() < 4


def test_a_deep_heif_file_fills_the_range_of_16_bits(make) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pixels = np.full((64, 64, 3), 65535, np.uint16)
    path = BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 64), pixels.tobytes()).save(path, quality=100)
    image = decode_image(path.getvalue(), "a.heic")
    assert image.pixels.dtype == np.uint16
    assert image.pixels.min() > 65300


def test_a_heif_file_that_ends_in_zeros_is_refused(make) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    path = BytesIO()
    pillow_heif.from_pillow(PillowImage.fromarray(make.picture(256, 256))).save(path, quality=90)
    data = path.getvalue()
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data[:-1000] + bytes(1000), "a.heic")
