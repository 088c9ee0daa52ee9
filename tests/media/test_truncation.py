"""Files that end too early."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import ImageError
from img2img.media import decode_image


def picture(make, channels: int = 3) -> np.ndarray:
    return make.picture(72, 96, channels)


FILES: dict[str, Callable[..., bytes]] = {
    "jpeg": lambda make: make.saved(picture(make), "JPEG"),
    "jpeg-progressive": lambda make: make.saved(picture(make), "JPEG", progressive=True),
    "jpeg-grey": lambda make: make.saved(picture(make, 1), "JPEG"),
    "jpeg-cmyk": lambda make: make.pillow(PillowImage.fromarray(picture(make)).convert("CMYK"), "JPEG"),
    "png": lambda make: make.saved(picture(make, 4), "PNG"),
    "png-palette": lambda make: make.pillow(PillowImage.fromarray(picture(make)).convert("P"), "PNG"),
    "webp": lambda make: make.saved(picture(make), "WEBP"),
    "webp-lossless-alpha": lambda make: make.saved(picture(make, 4), "WEBP", lossless=True),
    "webp-metadata": lambda make: make.saved(picture(make), "WEBP", exif=make.exif(1), icc_profile=make.icc()),
    "avif": lambda make: make.saved(picture(make), "AVIF"),
    "avif-alpha": lambda make: make.saved(picture(make, 4), "AVIF"),
    "bmp": lambda make: make.saved(picture(make), "BMP"),
    "bmp-grey": lambda make: make.saved(picture(make, 1), "BMP"),
    "tiff": lambda make: make.saved(picture(make, 4), "TIFF"),
    "tiff-lzw": lambda make: make.saved(picture(make), "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": lambda make: make.saved(picture(make), "TIFF", compression="jpeg"),
    "tiff-16": lambda make: make.opencv(picture(make).astype(np.uint16) * 257, ".tif"),
    "tiff-directory-last": lambda make: make.tiff(picture(make)),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_truncated_file_is_refused_at_every_cut(make, kind: str) -> None:
    data = FILES[kind](make)
    decode_image(data, "whole")
    near_the_end = (len(data) - n for n in (1, 2, 3, 4, 5, 8, 11, 12, 13, 16))
    for cut in {*np.linspace(1, len(data) - 1, 40).astype(int).tolist(), *near_the_end}:
        with pytest.raises(ImageError, match="; "):
            decode_image(data[:cut], "cut")


@pytest.mark.parametrize("kind", FILES)
def test_bytes_behind_the_end_of_an_image_do_no_harm(make, kind: str) -> None:
    data = FILES[kind](make)
    assert np.array_equal(decode_image(data + b"more", "a").pixels, decode_image(data, "a").pixels)


@pytest.mark.parametrize("quality", [80, 100])
def test_a_lossy_webp_picture_whose_lower_half_has_one_colour_is_no_damaged_one(make, quality: int) -> None:
    pixels = make.picture(240, 320)
    pixels[120:] = 255
    data = make.saved(pixels, "WEBP", quality=quality, method=0)
    assert len(data) - len(data.rstrip(b"\0")) > 50
    assert decode_image(data, "a").pixels[128:].min() > 240


@pytest.mark.parametrize("quality", [30, 80])
def test_a_lossy_webp_file_whose_second_half_is_zeros_is_refused(make, quality: int) -> None:
    data = make.saved(make.picture(240, 320), "WEBP", quality=quality)
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data[: len(data) // 2].ljust(len(data), b"\0"), "a")
