"""Image files that are refused, and how."""

from __future__ import annotations

import itertools
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from img2img.errors import ImageError
from img2img.media import decode_image

BGRA = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is no image"),
        (b"\0", "is no image"),
        (bytes(range(256)) * 16, "is no image"),
        (b"Dear reader,\nthis is a letter.\n", "is no image"),
        (b"GIF89a" + bytes(100), "is no image"),
        (b"\x89PNG\r\n\x1a\n", "cut off or damaged"),
        (b"\xff\xd8\xff\xe0", "JPEG header is damaged"),
        (b"\xff\xd8\xff\xd9", "JPEG header is damaged"),
        (b"RIFF\0\0\0\0WEBP", "WebP header is damaged"),
        (b"II*\0\x08\0\0\0", "TIFF header is damaged"),
        (b"II*\0\xff\xff\xff\xff", "TIFF header is damaged"),
        (b"MM\0*\0\0\0\x08\0\0\0\0\0\0", "TIFF header is damaged"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
        (b"BM", "BMP header is damaged"),
        (b"\0\0\0\x20ftypavif" + bytes(100), "AVIF header is damaged"),
    ],
)
def test_what_is_no_image_is_refused_by_name_and_with_a_remedy(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=rf"holiday\.png: .*{reason}.*; \w+"):
        decode_image(data, "holiday.png")


def test_garbage_behind_each_signature_is_refused() -> None:
    rng = np.random.default_rng(1)
    signatures = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"II*\0", b"BM", b"\0\0\0\x20ftypavif")
    for signature, size in itertools.product(signatures, (1, 10, 1000, 20000)):
        with pytest.raises(ImageError):
            decode_image(signature + rng.bytes(size), "a")


def test_pixels_with_a_wrong_checksum_are_refused(make) -> None:
    data = bytearray(make.saved(make.picture(), "PNG"))
    data[-14] ^= 1
    with pytest.raises(ImageError, match="damaged or cut off; get the file again"):
        decode_image(bytes(data), "a")


def test_the_name_in_an_error_is_printable() -> None:
    with pytest.raises(ImageError, match=r"^a\\nERROR\\x1b.png: "):
        decode_image(b"x", Path("a\nERROR\x1b.png"))


def test_a_header_that_lies_is_refused_without_allocating(tmp_path: Path, make) -> None:
    lie = make.png(2**31 - 1, 2**31 - 1, 8, 6, b"")
    (tmp_path / "lie.png").write_bytes(lie)
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom img2img.errors import ImageError\n"
        "from img2img.media import decode_image, read_file\n"
        "data = read_file(Path(sys.argv[1]))\nbefore = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: decode_image(data, 'lie.png')\nexcept ImageError as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lie.png")]
    child = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600)
    message, grown = child.stdout.splitlines()
    assert message.startswith("lie.png: its 2147483647x2147483647 pixels")
    assert int(grown) < 50_000  # KiB


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "BMP"])
def test_pixels_that_do_not_fit_the_memory_are_a_memory_error_and_no_fault_of_the_file(
    tmp_path: Path, make, form: str
) -> None:
    options = {"compression": "packbits"} if form == "TIFF" else {}
    (tmp_path / "large").write_bytes(make.pillow(PillowImage.new("RGB", (9000, 9000)), form, **options))
    (tmp_path / "small").write_bytes(make.saved(make.picture(), form))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom img2img.media import decode_image\n"
        "data, small = (Path(name).read_bytes() for name in sys.argv[1:])\ndecode_image(small, 'small')\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 150_000_000,) * 2)\n"
        "try: decode_image(data, 'large')\nexcept MemoryError: print('MemoryError')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "large"), str(tmp_path / "small")]
    child = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600)
    assert child.stdout == "MemoryError\n", child.stderr


def test_a_chunk_of_a_png_that_says_it_is_huge_is_refused_at_once(make) -> None:
    data = make.saved(make.picture(), "PNG")
    at = data.index(b"IDAT")
    start = time.process_time()
    with pytest.raises(ImageError, match="cut off or damaged"):
        decode_image(data[: at - 4] + b"\x7f\xff\xff\xff" + data[at:], "a")
    assert time.process_time() - start < 0.5


def test_a_picture_that_is_too_large_is_refused_at_once_and_the_remedy_is_named(make) -> None:
    row = b"\0" + bytes(2500)
    compressor = zlib.compressobj()
    rows = b"".join(compressor.compress(row) for _ in range(20000)) + compressor.flush()
    header = make.chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 1, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + make.chunk(b"IDAT", rows) + make.chunk(b"IEND", b"")
    start = time.process_time()
    with pytest.raises(ImageError, match=r"\(400 million\) are more than the 100 million allowed; .*--max-pixels"):
        decode_image(data, "a")
    assert time.process_time() - start < 0.5


def test_the_limit_is_the_number_of_pixels_that_may_be(make) -> None:
    data = make.saved(make.picture(10, 10), "PNG")
    assert decode_image(data, "a", max_pixels=100).pixels.shape == (10, 10, 3)
    with pytest.raises(ImageError, match="--max-pixels"):
        decode_image(data, "a", max_pixels=99)


def test_the_hint_at_the_limit_is_not_given_where_raising_it_would_not_help(make) -> None:
    with pytest.raises(ImageError, match="allowed; make it smaller"):
        decode_image(make.png(40000, 40000, 8, 6, b""), "a", max_pixels=10**12)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_several_frames_are_refused_and_counted(make, form: str) -> None:
    frames = [PillowImage.fromarray(make.picture() // n) for n in (1, 2, 3)]
    data = make.pillow(frames[0], form, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="it has 3 frames or pages; save"):
        decode_image(data, "a")


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_an_animation_of_one_frame_is_an_image(make, form: str) -> None:
    data = make.pillow(PillowImage.fromarray(make.picture()), form, save_all=True)
    assert decode_image(data, "a").pixels.shape == (24, 32, 3)
