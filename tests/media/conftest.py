"""Image files to read, made with Pillow, OpenCV and by hand, never with our own encoder."""

from __future__ import annotations

import os
import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

CODES = {1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 7: "B"}
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}


class Make:
    """Files and what goes into them."""

    @staticmethod
    def picture(height: int = 24, width: int = 32, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
        """A smooth picture with a little noise: (H, W, C), which no lossy format finds hard."""
        rng = np.random.default_rng(7)
        coarse = rng.random((4, 5, channels), np.float32)
        smooth = cv2.resize(coarse, (width, height)).reshape(height, width, channels)
        noisy = np.clip(smooth + 0.02 * rng.standard_normal(smooth.shape), 0, 1)
        return np.rint(noisy * np.iinfo(dtype).max).astype(dtype)

    @staticmethod
    def corners(channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
        """Red top left, green top right, blue bottom left, black bottom right; opaque on the left only."""
        picture = np.zeros((32, 48, 4), dtype)
        most = np.iinfo(dtype).max
        picture[:16, :24, 0] = picture[:16, 24:, 1] = picture[16:, :24, 2] = most
        picture[:, :24, 3] = most
        picture[:, 24:, 3] = most // 2
        if channels < 3:
            grey = picture[..., 0] // 2 + picture[..., 1] // 4
            return np.dstack([grey, picture[..., 3]])[..., :channels]
        return picture[..., :channels]

    @staticmethod
    def saved(pixels: np.ndarray, form: str, **options: object) -> bytes:
        """A file by Pillow of an 8-bit picture (H, W, C)."""
        return Make.pillow(Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels), form, **options)

    @staticmethod
    def pillow(image: Image.Image, form: str, **options: object) -> bytes:
        file = BytesIO()
        image.save(file, form, **options)
        return file.getvalue()

    @staticmethod
    def exif(orientation: int | None = None, order: str = "<", **texts: str) -> bytes:
        """An EXIF block (no prefix) with texts as Make, Model, Software or Copyright, exposure time and latitude."""
        names = {"make": 271, "model": 272, "software": 305, "copyright": 33432}
        tags = {names[name]: (2, text.encode() + b"\0") for name, text in texts.items()}
        if orientation is not None:
            tags[274] = 3, [orientation]
        block = Directories(order)
        tags[34665] = 4, [block.add({33434: (5, [1, 50])})]
        tags[34853] = 4, [block.add({1: (2, b"N\0"), 2: (5, [47, 1, 30, 1, 0, 1])})]
        return block.finished(tags)

    @staticmethod
    def tiff(
        pixels: np.ndarray,
        photometric: int = 2,
        extra: int | None = None,
        order: str = "<",
        form: int = 1,
        **more: tuple[int, bytes | list[int]],
    ) -> bytes:
        """An uncompressed TIFF file of (H, W, C); `more` are tags as t274=(3, [6])."""
        height, width, samples = pixels.shape
        file = Directories(order)
        start = file.append(pixels.astype(pixels.dtype.newbyteorder(order)).tobytes())
        tags = {
            256: (4, [width]),
            257: (4, [height]),
            258: (3, [pixels.itemsize * 8] * samples),
            259: (3, [1]),
            262: (3, [photometric]),
            273: (4, [start]),
            277: (3, [samples]),
            278: (4, [height]),
            279: (4, [pixels.nbytes]),
            339: (3, [form] * samples),
        }
        if extra is not None:
            tags[338] = 3, [extra]
        return file.finished({**tags, **{int(name[1:]): value for name, value in more.items()}})

    @staticmethod
    def png(width: int, height: int, depth: int, colour: int, rows: bytes, before: bytes = b"", after: bytes = b""):
        """A PNG file of rows that each begin with a zero byte, with chunks before and after them."""
        header = Make.chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
        body = before + Make.chunk(b"IDAT", zlib.compress(rows)) + after
        return b"\x89PNG\r\n\x1a\n" + header + body + Make.chunk(b"IEND", b"")

    @staticmethod
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    @staticmethod
    def opencv(pixels: np.ndarray, suffix: str, options: tuple[int, ...] = (), **metadata: bytes) -> bytes:
        """A file by OpenCV of (H, W, 1, 3 or 4), RGB order."""
        if pixels.shape[2] > 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
        kinds = {"exif": cv2.IMAGE_METADATA_EXIF, "icc": cv2.IMAGE_METADATA_ICCP, "xmp": cv2.IMAGE_METADATA_XMP}
        values = [np.frombuffer(value, np.uint8) for value in metadata.values()]
        ok, data = cv2.imencodeWithMetadata(suffix, pixels, [kinds[name] for name in metadata], values, options)
        assert ok
        return data.tobytes()

    @staticmethod
    @cache  # since a profile holds the second when it was made
    def icc(space: bytes = b"RGB ") -> bytes:
        """A profile that says it is for pixels of this kind."""
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        return profile[:16] + space + profile[20:]

    @staticmethod
    def cmyk_profile() -> bytes:
        """A printer whose cyan, alone, looks bright orange, so that nobody converts with it by accident.

        ICC.1:2001-04: a table (mft1) of 2 x 2 x 2 x 2 colours in Lab, interpolated.
        """
        lab = []
        for cyan in (0, 1):
            for magenta in (0, 1):
                for yellow in (0, 1):
                    for black in (0, 1):
                        lightness = 0 if black else 255 - 60 * (cyan + magenta + yellow)
                        lab += [lightness, 128 + 60 * cyan * (1 - black), 128 + 70 * cyan * (1 - black)]
        ramp = bytes(range(256))
        identity = struct.pack(">9i", *(0x10000 * (i % 4 == 0) for i in range(9)))
        table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + bytes(lab) + ramp * 3
        white = b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
        text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78)
        tags, body = b"", b""
        for name, value in ((b"A2B0", table), (b"wtpt", white), (b"desc", text), (b"cprt", b"text\0\0\0\0none\0")):
            tags += name + struct.pack(">II", 128 + 4 + 12 * 4 + len(body), len(value))
            body += value + bytes(-len(value) % 4)
        content = struct.pack(">I", 4) + tags + body
        kinds = b"prtr", b"CMYK", b"Lab ", b"acsp"
        head = struct.pack(">I4sI4s4s4s12x4s", 128 + len(content), bytes(4), 0x02400000, *kinds)
        return head.ljust(68, b"\0") + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D).ljust(60, b"\0") + content


class Directories:
    """A TIFF file in the making."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.data = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))

    def append(self, value: bytes) -> int:
        self.data += bytes(len(self.data) % 2) + value
        return len(self.data) - len(value)

    def add(self, tags: dict[int, tuple[int, bytes | list[int]]], following: int = 0) -> int:
        entries = b""
        for tag, (kind, values) in sorted(tags.items()):
            form = f"{self.order}{len(values)}{CODES[kind]}"
            raw = values if isinstance(values, bytes) else struct.pack(form, *values)
            place = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(self.order + "I", self.append(raw))
            entries += struct.pack(self.order + "HHI", tag, kind, len(raw) // SIZES[kind]) + place
        count = struct.pack(self.order + "H", len(tags))
        return self.append(count + entries + struct.pack(self.order + "I", following))

    def finished(self, tags: dict[int, tuple[int, bytes | list[int]]], following: int = 0) -> bytes:
        self.data[4:8] = struct.pack(self.order + "I", self.add(tags, following))
        return bytes(self.data)


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make


@pytest.fixture(scope="session")
def photos() -> Path:
    """Real files that are no part of the repository."""
    folder = Path(os.environ.get("IMG2IMG_TEST_DATA") or Path(__file__).parents[2].parent / "shared/data")
    if not (folder / "odd").is_dir():
        pytest.skip("no real photographs here: set IMG2IMG_TEST_DATA")
    return folder
