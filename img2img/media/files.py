"""This module reads and writes whole files, so that nobody ever sees a half-written one."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from img2img.errors import ImageError, WriteError

Bytes: TypeAlias = bytes | bytearray | memoryview

LARGEST_FILE = 1 << 30
"""Bytes of the largest file that `read_file` reads."""
MAX_PIXELS = 100_000_000
"""Pixels of the largest image or frame that is read where the user sets no other limit."""

_PREFIX, _SUFFIX = ".img2img-", ".part"

_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EACCES: "choose another place, or give yourself permission with chmod",
    errno.EPERM: "choose another place, or give yourself permission with chmod",
    errno.EROFS: "choose a place on a disk that can be written to",
    errno.ENOENT: "create its folder first",
    errno.ENOTDIR: "choose a place in a folder",
    errno.EISDIR: "choose the name of a file, not of a folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f) or choose another disk",
}


def printable(path: Path | str) -> str:
    """Return a path as one harmless line: control characters and bytes that are no UTF-8 become escapes.

    A file name then cannot forge log lines or send codes to a terminal.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(path))


def read_file(path: Path) -> bytes:
    """Return the content of a user's file.

    Raises:
        ImageError: The file is missing, forbidden, empty, not a regular file, or larger than 1 GiB.
    """
    try:
        status = path.stat()
        # This check comes before opening, since opening a pipe waits until somebody writes into it.
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{printable(path)}: this is not a regular file; give the path of an image file")
        if status.st_size > LARGEST_FILE:
            raise ImageError(
                f"{printable(path)}: its {status.st_size / LARGEST_FILE:.1f} GiB are more than the 1 GiB that one "
                "image file may have; split it, or compress it better"
            )
        with path.open("rb") as file:
            data = file.read(max(1, status.st_size))  # a larger number would be set aside in memory
    except OSError as error:
        raise ImageError(
            f"{printable(path)}: cannot be read: {_reason(error)}; check the path and its permissions"
        ) from error
    if not data:
        raise ImageError(f"{printable(path)}: the file is empty (0 bytes); copy it again from where it came from")
    return data


def write_file(path: Path, data: Bytes | Iterable[Bytes]) -> None:
    """Write `data` to `path` completely or not at all.

    The bytes go to a temporary file in the folder of `path`, reach the disk, and only then take the name: a crash at
    any moment leaves the old file or the new one. The mode follows the umask; a symbolic link at `path` is replaced,
    not followed.

    Args:
        path: The file to create or to replace. Its folder must exist.
        data: The content, in one piece or as an iterable of pieces that are written one after the other.

    Raises:
        WriteError: The disk is full, the folder is missing or not writable, or `path` is a folder or a device.
    """
    pieces = (data,) if isinstance(data, bytes | bytearray | memoryview) else data
    part = path.parent / f"{_PREFIX}{secrets.token_hex(6)}{_SUFFIX}"
    try:
        _refuse_to_replace_what_is_no_file(path)
        try:
            _write_through(part, pieces)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def publish(part: Path, path: Path) -> None:
    """Give a finished file its final name, once its bytes have reached the disk.

    Args:
        part: The file, on the disk of `path`.
        path: The final name; a file of that name is replaced.

    Raises:
        WriteError: The disk is full, or `path` cannot be written.
    """
    try:
        _refuse_to_replace_what_is_no_file(path)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> WriteError:
    """Return the error that says why `path` could not be written, and what to do."""
    remedy = _REMEDIES.get(error.errno or 0, "check the disk, or choose another place")
    return WriteError(f"{printable(path)}: cannot be written: {_reason(error)}; {remedy}")


def remove_leftovers(folder: Path) -> int:
    """Delete the temporary files that a killed `write_file` left in a folder, and return how many there were.

    Folders below it are left alone. Call this only where nobody else writes to the folder: a file that is just being
    written looks the same.

    Raises:
        WriteError: The folder cannot be listed, or a file cannot be deleted.
    """
    removed = 0
    try:
        for path in folder.iterdir():
            if path.name.startswith(_PREFIX) and path.name.endswith(_SUFFIX):
                path.unlink(missing_ok=True)
                removed += 1
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise WriteError(
            f"{printable(folder)}: cannot be cleaned of {_PREFIX}*{_SUFFIX}: {_reason(error)}; delete them by hand"
        ) from error
    return removed


def _refuse_to_replace_what_is_no_file(path: Path) -> None:
    # As root, the rename would succeed, and /dev/null would become a regular file for every program.
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise WriteError(f"{printable(path)}: this exists and is not a regular file; choose another name")


def _write_through(path: Path, pieces: Iterable[Bytes]) -> None:
    # The module tempfile makes files that only the owner can read, and the umask cannot be read without setting it.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
