"""What files say beside the pixels, from any format to any other."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from img2img.media import Image, Metadata, decode_image, encode_image

FORMATS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".avif": "AVIF", ".tif": "TIFF"}
PACKET = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="w"?>'
TEXTS = {"make": "Kamera", "copyright": "somebody"}


def source(make, suffix: str) -> bytes:
    """A file with EXIF, a profile and XMP, by another hand than ours."""
    exif, icc = make.exif(1, ">", **TEXTS), make.icc()
    if suffix == ".tif":
        described = PillowImage.Exif()
        described.load(exif)
        described[700] = PACKET
        return make.saved(make.picture(), "TIFF", exif=described, icc_profile=icc)
    options = {"exif": b"Exif\0\0" + exif, "icc_profile": icc}
    if suffix == ".png":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", PACKET.decode())
        return make.saved(make.picture(), "PNG", pnginfo=text, **options)
    return make.saved(make.picture(), FORMATS[suffix], xmp=PACKET, **options)


def read_by_pillow(data: bytes) -> tuple[PillowImage.Exif, bytes | None, bytes | None]:
    with PillowImage.open(BytesIO(data)) as image:
        image.load()
        xmp = image.tag_v2.get(700) if image.format == "TIFF" else image.info.get("xmp")  # type: ignore[attr-defined]
        exif = image.getexif()
        exif.get_ifd(34665), exif.get_ifd(34853)
        return exif, image.info.get("icc_profile"), xmp


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("origin", FORMATS)
def test_exif_profile_and_xmp_survive(make, origin: str, target: str) -> None:
    image = decode_image(source(make, origin), origin)
    encoded = encode_image(image, target)
    exif, icc, xmp = read_by_pillow(encoded.data)
    assert image.notes == encoded.notes == ()
    assert (exif[271], exif[33432]) == ("Kamera", "somebody")
    assert exif.get(274, 1) == 1
    assert exif.get_ifd(34665)[33434] == pytest.approx(1 / 50)
    assert exif.get_ifd(34853)[1] == "N"
    assert [float(number) for number in exif.get_ifd(34853)[2]] == [47, 30, 0]
    assert icc == make.icc()
    assert xmp == PACKET


@pytest.mark.parametrize("suffix", FORMATS)
def test_our_own_files_give_back_the_metadata_to_the_byte(make, suffix: str) -> None:
    metadata = Metadata(make.exif(1, **TEXTS) if suffix != ".tif" else None, make.icc(), PACKET)
    encoded = encode_image(Image(make.picture(), metadata), suffix)
    assert decode_image(encoded.data, suffix).metadata == metadata


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_image_without_metadata_has_none_afterwards(make, suffix: str) -> None:
    encoded = encode_image(Image(make.picture()), suffix)
    assert decode_image(encoded.data, suffix).metadata == Metadata()


@pytest.mark.parametrize("suffix", FORMATS)
def test_pixels_are_untouched_by_metadata(make, suffix: str) -> None:
    metadata = Metadata(make.exif(1, **TEXTS), make.icc(), PACKET)
    plain, rich = (encode_image(Image(make.picture(), kept), suffix).data for kept in (Metadata(), metadata))
    assert np.array_equal(decode_image(plain, "a").pixels, decode_image(rich, "a").pixels)


def test_a_16_bit_tiff_with_metadata_is_read_by_others_as_ours(make) -> None:
    import cv2

    pixels = make.picture(dtype=np.uint16)
    data = encode_image(Image(pixels, Metadata(make.exif(1), make.icc(), PACKET)), ".tif").data
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(decoded[..., ::-1], pixels)
    assert read_by_pillow(data)[1:] == (make.icc(), PACKET)


def test_metadata_behind_the_pixels_of_a_png_is_found(make) -> None:
    after = make.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET) + make.chunk(b"eXIf", make.exif(1))
    metadata = decode_image(make.png(1, 1, 8, 0, b"\0\0", after=after), "a").metadata
    assert metadata == Metadata(make.exif(1), None, PACKET)


def test_a_profile_of_many_segments_survives_in_jpeg(make) -> None:
    icc = make.icc() + bytes(range(256)) * 1000
    data = encode_image(Image(make.picture(), Metadata(icc=icc)), ".jpg").data
    assert decode_image(data, "a").metadata.icc == icc
    assert read_by_pillow(data)[1] == icc


def test_metadata_that_is_too_long_for_jpeg_is_left_out_with_a_note(make) -> None:
    image = Image(make.picture(), Metadata(make.exif(1) + bytes(70_000), None, PACKET + b" " * 70_000))
    encoded = encode_image(image, ".jpg")
    assert [note.split(":")[0] for note in encoded.notes] == ["EXIF left out", "XMP left out"]
    assert decode_image(encoded.data, "a").metadata == Metadata()
    assert encode_image(image, ".png").notes == ()


def test_the_longest_metadata_that_jpeg_can_hold_is_kept(make) -> None:
    exif = make.exif(1).ljust(65_504, b"\0")
    encoded = encode_image(Image(make.picture(), Metadata(exif, None, PACKET.ljust(65_504))), ".jpg")
    assert encoded.notes == ()
    assert decode_image(encoded.data, "a").metadata.exif == exif


def test_bmp_says_what_it_cannot_hold(make) -> None:
    encoded = encode_image(Image(make.picture(), Metadata(make.exif(1), make.icc(), PACKET)), ".bmp")
    assert [note.split(" left out: BMP")[0] for note in encoded.notes] == ["EXIF", "ICC profile", "XMP"]


@pytest.mark.parametrize(
    ("channels", "space", "suffix", "kept"),
    [
        (3, b"RGB ", ".png", True),
        (1, b"GRAY", ".png", True),
        (2, b"GRAY", ".png", True),
        (1, b"RGB ", ".png", False),
        (3, b"GRAY", ".jpg", False),
        (1, b"GRAY", ".webp", False),  # stores grey as RGB
        (3, b"CMYK", ".tif", False),
    ],
)
def test_a_profile_is_kept_where_it_is_for_the_pixels_that_are_stored(
    make, channels: int, space: bytes, suffix: str, kept: bool
) -> None:
    encoded = encode_image(Image(make.picture(channels=channels), Metadata(icc=make.icc(space))), suffix)
    assert (decode_image(encoded.data, "a").metadata.icc is not None) == kept
    assert kept or f"it is for {space.decode().strip()} pixels" in encoded.notes[0]


def test_what_is_no_profile_and_no_exif_is_dropped_with_a_note(make) -> None:
    data = make.saved(make.picture(), "JPEG", icc_profile=b"nonsense" * 20, exif=b"Exif\0\0nonsense")
    image = decode_image(data, "a")
    assert image.metadata == Metadata()
    assert image.notes == ("unreadable EXIF dropped", "unreadable ICC profile dropped")


def test_a_thumbnail_of_the_source_is_not_kept(make) -> None:
    exif = make.exif(3)
    (first,) = struct.unpack_from("<I", exif, 4)
    (count,) = struct.unpack_from("<H", exif, first)
    last = first + 2 + 12 * count
    thumbnail = exif[:last] + struct.pack("<I", len(exif)) + exif[last + 4 :] + struct.pack("<HI", 0, 0)
    image = decode_image(make.saved(make.picture(), "JPEG", exif=b"Exif\0\0" + thumbnail), "a")
    assert image.metadata.exif == make.exif(1) + struct.pack("<HI", 0, 0)


@pytest.mark.parametrize("form", [b'tiff:Orientation="%d"', b"<tiff:Orientation>%d</tiff:Orientation>"])
def test_the_copy_of_the_orientation_in_xmp_is_reset(make, form: bytes) -> None:
    data = make.saved(make.corners(), "JPEG", exif=b"Exif\0\0" + make.exif(6), xmp=form % 6)
    assert decode_image(data, "a").metadata.xmp == form % 1


def test_an_exif_block_without_its_last_pointer_is_read(make) -> None:
    block = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 274, 3, 1, 6)
    image = decode_image(make.saved(make.corners(), "PNG", exif=b"Exif\0\0" + block), "a")
    assert image.pixels.shape == (48, 32, 3)
