"""This module reads pictures in zip files, and writes zip files, which may be larger than the memory."""

from __future__ import annotations

import shutil
import stat
import struct
from functools import partial
from io import BufferedIOBase, FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import img2img
from img2img.errors import ImageError, ItemError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

LARGEST = 1 << 30
"""Bytes of the largest entry that is read."""
PIECE = 1 << 20
ENCRYPTED, UTF8 = 1, 1 << 11
"""Bits of an entry's flags."""
UNIX = 3
RECORD = b"PK\x01\x02"
"""The beginning of each record in the directory of a zip file."""


class ZipSource(img2img.AlbumSource):
    """Reads the entries of a zip file; folders are passed over, and nothing is unpacked to the disk."""

    name = "zip"
    summary = "the pictures in a zip file: photos.zip"
    holds_others = True

    def open(self, address: str) -> img2img.Album:
        from zipfile import BadZipFile

        path = Path(address)
        try:
            archive = _opened(path)
        except OSError as error:
            raise img2img.UsageError(
                f"{address} cannot be read: {error.strerror or error}; name another file"
            ) from error
        except (BadZipFile, NotImplementedError, ValueError) as error:
            raise img2img.UsageError(
                f"{address} cannot be read as a zip file ({error}); if it is cut off, get it again from where it came"
            ) from error
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        pictures = [img2img.NamedPicture(entry.filename, partial(_read, archive, entry), path) for entry in entries]
        return img2img.Album(pictures, partial(_close, archive))


class ZipTarget(img2img.AlbumTarget):
    """Writes entries as they are, since pictures are compressed already; the same pictures give the same bytes."""

    name = "zip"
    summary = "a zip file with all targets"

    def create(self, path: Path) -> ZipWriter:
        return ZipWriter(path)


class ZipWriter:
    """Writes a zip file entry by entry."""

    def __init__(self, path: Path) -> None:
        from zipfile import ZipFile

        self._file = path.open("xb")
        self._archive = ZipFile(self._file, "w")

    def add(self, name: str, content: BufferedIOBase) -> None:
        from zipfile import ZipInfo

        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise ItemError(
                "its name is no text, which a zip file needs; rename it, or name a folder as target"
            ) from error
        entry = ZipInfo(name)
        entry.external_attr = (stat.S_IFREG | 0o644) << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            shutil.copyfileobj(content, file, PIECE)

    def finish(self) -> None:
        self._archive.close()
        self._file.flush()

    def close(self) -> None:
        self._archive.fp = None  # else it writes what is missing when it is deleted
        self._file.close()


class _Forgiving(FileIO):
    """A zip file whose directory may hold names that are said to be UTF-8 and are not; these are then read as cp437."""

    forgives = True

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size) or b""
        return _with_readable_names(data) if self.forgives and data.startswith(RECORD) else data


def _opened(path: Path) -> ZipFile:
    from zipfile import ZipFile

    file = _Forgiving(path)
    try:
        archive = ZipFile(file)
    except BaseException:
        file.close()
        raise
    file.forgives = False
    return archive


def _close(archive: ZipFile) -> None:
    file = archive.fp
    archive.close()
    if file is not None:
        file.close()  # which the archive does not do for a file that it was given


def _with_readable_names(directory: bytes) -> bytes:
    """Return the directory of a zip file, in which only names that are UTF-8 are said to be."""
    data, at = bytearray(directory), 0
    while data[at : at + 4] == RECORD and at + 46 <= len(data):
        flags, (name, extra, comment) = data[at + 8 : at + 10], struct.unpack_from("<3H", data, at + 28)
        try:
            data[at + 46 : at + 46 + name].decode()
        except UnicodeDecodeError:
            struct.pack_into("<H", data, at + 8, int.from_bytes(flags, "little") & ~UTF8)
        at += 46 + name + extra + comment
    return bytes(data)


def _read(archive: ZipFile, entry: ZipInfo) -> bytes:
    """Return the bytes of an entry; several threads may do so at once.

    Raises:
        ImageError: It is encrypted, no file, too large or damaged.
    """
    if entry.flag_bits & ENCRYPTED:
        raise ImageError("it is encrypted; unpack the zip file with its password, and translate the folder")
    if entry.create_system == UNIX and stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise ImageError("it is a link or a device, which is not followed; put the picture itself into the zip file")
    if entry.file_size > LARGEST:
        raise ImageError(f"its {entry.file_size / LARGEST:.1f} GiB are more than the 1 GiB that one image may have")
    data = bytearray()
    try:
        with archive.open(entry) as file:
            while piece := file.read(PIECE):
                data += piece
                if len(data) > entry.file_size:
                    raise ImageError(f"it is larger than the {entry.file_size} bytes that the zip file says")
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # damaged entries provoke many kinds
        raise ImageError(f"it cannot be unpacked ({error}); get the zip file again from where it came from") from error
    if len(data) < entry.file_size:
        raise ImageError("it is cut off; get the zip file again from where it came from")
    return bytes(data)
