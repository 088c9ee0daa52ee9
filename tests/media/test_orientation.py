"""Pictures that were taken with the camera on its side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from img2img.media import Image, decode_image, encode_image

# EXIF 2.32, tag 274: which side of what is seen row 0 and column 0 of the file are.
STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda seen: seen,  # top, left
    2: lambda seen: seen[:, ::-1],  # top, right
    3: lambda seen: seen[::-1, ::-1],  # bottom, right
    4: lambda seen: seen[::-1],  # bottom, left
    5: lambda seen: seen.swapaxes(0, 1),  # left, top
    6: lambda seen: seen[:, ::-1].swapaxes(0, 1),  # right, top
    7: lambda seen: seen[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda seen: seen[::-1].swapaxes(0, 1),  # left, bottom
}

KINDS = {
    "jpeg-grey": ("JPEG", 1, np.uint8),
    "jpeg-rgb": ("JPEG", 3, np.uint8),
    "png-grey": ("PNG", 1, np.uint8),
    "png-grey-alpha": ("PNG", 2, np.uint8),
    "png-rgb": ("PNG", 3, np.uint8),
    "png-rgba": ("PNG", 4, np.uint8),
    "png-grey-16": (".png", 1, np.uint16),
    "png-rgb-16": (".png", 3, np.uint16),
    "png-rgba-16": (".png", 4, np.uint16),
    "webp-rgb": ("WEBP", 3, np.uint8),
    "webp-rgba": ("WEBP", 4, np.uint8),
    "avif-rgb": ("AVIF", 3, np.uint8),
    "avif-rgba": ("AVIF", 4, np.uint8),
    "avif-rgb-10": (".avif", 3, np.uint16),
    "tiff-grey": ("tiff", 1, np.uint8),
    "tiff-rgb": ("tiff", 3, np.uint8),
    "tiff-rgba": ("tiff", 4, np.uint8),
    "tiff-grey-16": ("tiff", 1, np.uint16),
    "tiff-rgb-16": ("tiff", 3, np.uint16),
    "tiff-rgba-16": ("tiff", 4, np.uint16),
}


def write(make, stored: np.ndarray, form: str, orientation: int) -> bytes:
    stored = np.ascontiguousarray(stored)
    exif = make.exif(orientation)
    if form == "tiff":
        photometric = 1 if stored.shape[2] == 1 else 2
        extra = 2 if stored.shape[2] == 4 else None
        return make.tiff(stored, photometric, extra, t274=(3, [orientation]))
    if form == ".avif":
        import cv2

        return make.opencv(stored >> 6, form, (cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100), exif=exif)
    if form.startswith("."):
        return make.opencv(stored, form, exif=exif)
    return make.saved(stored, form, exif=b"Exif\0\0" + exif, quality=95)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_each_orientation_of_each_format_is_applied_once_and_the_tag_reset(make, kind: str, orientation: int) -> None:
    form, channels, dtype = KINDS[kind]
    seen = make.corners(channels, dtype)
    image = decode_image(write(make, STORED[orientation](seen), form, orientation), kind)
    assert image.pixels.shape == seen.shape
    assert image.pixels.dtype == dtype
    for middle in ((8, 12), (8, 36), (24, 12), (24, 36)):
        differences = image.pixels[middle].astype(int) - seen[middle]
        assert np.abs(differences).max() <= np.iinfo(dtype).max * 0.04
    again = decode_image(encode_image(image, ".png").data, "again")
    assert np.array_equal(again.pixels, image.pixels)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_orientation_is_found_in_both_byte_orders(make, order: str) -> None:
    data = make.saved(make.corners(), "PNG", exif=b"Exif\0\0" + make.exif(6, order))
    image = decode_image(data, "a")
    assert image.pixels.shape == (48, 32, 3)
    assert image.metadata.exif == make.exif(1, order)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_is_taken_for_upright(make, orientation: int) -> None:
    data = make.saved(make.corners(), "JPEG", exif=b"Exif\0\0" + make.exif(orientation))
    assert decode_image(data, "a").pixels.shape == (32, 48, 3)


def test_an_orientation_behind_the_pixels_of_a_png_is_applied(make) -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in make.corners())
    data = make.png(48, 32, 8, 2, rows, after=make.chunk(b"eXIf", make.exif(6)))
    assert decode_image(data, "a").pixels.shape == (48, 32, 3)


def test_a_cmyk_jpeg_is_turned_upright(make) -> None:
    from PIL import Image as PillowImage

    ink = PillowImage.fromarray(make.corners(3)).convert("CMYK")
    data = make.pillow(ink, "JPEG", exif=b"Exif\0\0" + make.exif(8))
    assert decode_image(data, "a").pixels.shape == (48, 32, 3)


def test_another_reader_sees_our_file_upright(make) -> None:
    from io import BytesIO

    from PIL import Image as PillowImage
    from PIL import ImageOps

    image = decode_image(make.saved(make.corners(), "JPEG", exif=b"Exif\0\0" + make.exif(6)), "a")
    for suffix in (".jpg", ".png", ".webp", ".tif", ".avif"):
        with PillowImage.open(BytesIO(encode_image(Image(image.pixels, image.metadata), suffix).data)) as opened:
            assert ImageOps.exif_transpose(opened).size == (32, 48)


def xmp(orientation: int, form: str = "attribute") -> bytes:
    if form == "attribute":
        inner = b'<rdf:Description tiff:Orientation="%d"/>' % orientation
    else:
        inner = b"<rdf:Description><tiff:Orientation>%d</tiff:Orientation></rdf:Description>" % orientation
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>' + inner + b"</rdf:RDF></x:xmpmeta>"


def with_xmp(make, stored: np.ndarray, form: str, packet: bytes, exif: int | None = None) -> bytes:
    stored = np.ascontiguousarray(stored)
    if form.startswith("TIFF"):
        more = {} if exif is None else {"t274": (3, [exif])}
        return make.tiff(stored.astype(np.uint16) * 257 if form == "TIFF-16" else stored, t700=(1, packet), **more)
    if form == "PNG":
        chunk = make.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
        chunk += make.chunk(b"eXIf", make.exif(exif)) if exif else b""
        return make.png(*stored.shape[1::-1], 8, 2, b"".join(b"\0" + row.tobytes() for row in stored), before=chunk)
    options = {"exif": b"Exif\0\0" + make.exif(exif)} if exif else {}
    return make.saved(stored, form, xmp=packet, quality=95, **options)


XMP_FORMATS = ["PNG", "JPEG", "WEBP", "TIFF", "TIFF-16", "AVIF"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", XMP_FORMATS)
def test_an_orientation_that_stands_in_xmp_alone_is_applied_once_and_reset(make, form: str, orientation: int) -> None:
    seen = make.corners()
    image = decode_image(with_xmp(make, STORED[orientation](seen), form, xmp(orientation)), form)
    assert image.pixels.shape == seen.shape
    for middle in ((8, 12), (8, 36), (24, 12), (24, 36)):
        assert np.abs(image.pixels[middle] / np.iinfo(image.pixels.dtype).max - seen[middle] / 255).max() < 0.05
    assert image.metadata.xmp == xmp(1)
    again = decode_image(encode_image(image, ".png").data, "again")
    assert np.array_equal(again.pixels, image.pixels)


def test_an_orientation_in_an_element_of_xmp_is_applied(make) -> None:
    data = with_xmp(make, make.corners(), "JPEG", xmp(6, "element"))
    image = decode_image(data, "a")
    assert image.pixels.shape == (48, 32, 3)
    assert image.metadata.xmp == xmp(1, "element")


@pytest.mark.parametrize("exif", [1, 3])
@pytest.mark.parametrize("form", XMP_FORMATS[:5])
def test_where_exif_and_xmp_differ_exif_counts(make, form: str, exif: int) -> None:
    image = decode_image(with_xmp(make, make.corners(), form, xmp(6), exif), "a")
    assert image.pixels.shape == (32, 48, 3)
    assert image.metadata.xmp == xmp(1)


def test_exif_without_an_orientation_leaves_it_to_xmp(make) -> None:
    data = make.saved(make.corners(), "JPEG", xmp=xmp(6), exif=b"Exif\0\0" + make.exif())
    assert decode_image(data, "a").pixels.shape == (48, 32, 3)
