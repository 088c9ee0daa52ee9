"""This module writes albums of known pictures, by which album sources and targets are checked."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from img2img.contract.albums import AlbumTarget

CONTENTS = {
    "a.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "folder/b.png": b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1)),
    "folder/deep/\N{LATIN SMALL LETTER E WITH ACUTE} b.jpg": b"\xff\xd8\xff no picture, but these very bytes",
}
"""Names of pictures, and their bytes."""


def write_album(target: AlbumTarget, path: Path) -> None:
    """Write an album of all `CONTENTS`."""
    writer = target.create(path)
    try:
        for name, content in CONTENTS.items():
            writer.add(name, BytesIO(content))
        writer.finish()
    finally:
        writer.close()
