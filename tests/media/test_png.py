"""PNG files with large texts and profiles, and damaged ones."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from img2img.errors import ImageError
from img2img.media import decode_image

MIB = 1 << 20


def file(make, pixels: np.ndarray, before: bytes = b"") -> bytes:
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return make.png(*pixels.shape[1::-1], 8, 2, rows, before=before)


def profile(make, size: int) -> bytes:
    icc = make.icc()
    return (struct.pack(">I", size) + icc[4:]).ljust(size, b"\0")


@pytest.mark.parametrize("size", [MIB, 9 * MIB])
@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"tEXt"])
def test_a_large_text_is_no_damage_and_writes_nothing_to_stderr(
    make, kind: bytes, size: int, capfd: pytest.CaptureFixture[str]
) -> None:
    text = b"a" * size
    body = {
        b"zTXt": b"Comment\0\0" + zlib.compress(text),
        b"iTXt": b"Comment\0\1\0\0\0" + zlib.compress(text),
        b"tEXt": b"Comment\0" + text,
    }
    pixels = make.picture()
    assert np.array_equal(decode_image(file(make, pixels, make.chunk(kind, body[kind])), "a").pixels, pixels)
    assert capfd.readouterr().err == ""


def test_a_large_profile_is_kept(make) -> None:
    icc = profile(make, 3 * MIB)
    data = file(make, make.picture(), make.chunk(b"iCCP", b"large\0\0" + zlib.compress(icc)))
    assert decode_image(data, "a").metadata.icc == icc


@pytest.mark.parametrize("stream", [b"nonsense", zlib.compress(bytes(100 * MIB))])
def test_a_profile_that_cannot_be_read_is_dropped_with_a_note(make, stream: bytes) -> None:
    pixels = make.picture()
    image = decode_image(file(make, pixels, make.chunk(b"iCCP", b"broken\0\0" + stream)), "a")
    assert np.array_equal(image.pixels, pixels)
    assert image.metadata.icc is None
    assert image.notes == ("unreadable ICC profile dropped",)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_xmp_is_read_compressed_or_not(make, is_compressed: bool) -> None:
    packet = b"<x:xmpmeta>" + b" " * MIB + b"</x:xmpmeta>"
    body = b"XML:com.adobe.xmp\0" + bytes((is_compressed, 0)) + b"en\0\0"
    body += zlib.compress(packet) if is_compressed else packet
    assert decode_image(file(make, make.picture(), make.chunk(b"iTXt", body)), "a").metadata.xmp == packet


def test_damage_outside_of_the_picture_does_no_harm(make) -> None:
    pixels = make.picture()
    chunk = make.chunk(b"tEXt", b"Comment\0hello")
    assert np.array_equal(decode_image(file(make, pixels, chunk[:-1] + b"x"), "a").pixels, pixels)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_ends_in_zeros_is_refused_without_a_line_on_stderr(
    make, kept: float, capfd: pytest.CaptureFixture[str]
) -> None:
    data = file(make, make.picture(100, 100))
    cut = int(len(data) * kept)
    for rest in (bytes(len(data) - cut), bytes(len(data) - cut - 12) + data[-12:]):
        with pytest.raises(ImageError, match=r"cut off.*; get the file again"):
            decode_image(data[:cut] + rest, "a")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("part", ["rows", "stream"])
def test_a_file_that_lacks_half_of_its_rows_is_refused(make, part: str) -> None:
    pixels = make.picture(100, 100)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    stream = zlib.compress(rows[: len(rows) // 2]) if part == "rows" else zlib.compress(rows)[:9000]
    start = b"\x89PNG\r\n\x1a\n" + make.chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0))
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(start + make.chunk(b"IDAT", stream) + make.chunk(b"IEND", b""), "a")
