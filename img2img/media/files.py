"""This module reads whole files, and says why a file cannot be read or written."""

from __future__ import annotations

import errno
import stat
from mmap import ACCESS_READ, mmap
from pathlib import Path

from img2img.errors import ImageError, UsageError, WriteError

LARGEST_FILE = 1 << 30
"""Bytes of the largest file that `read_file` reads."""
MAX_PIXELS = 100_000_000
"""Pixels of the largest image or frame that is read where the user sets no other limit."""

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
    errno.ELOOP: "remove it, or name another target",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f) or choose another disk",
}


def read_file(path: Path) -> bytes:
    """Return the content of a user's file.

    Raises:
        ImageError: The file is missing, forbidden, empty, not a regular file, or larger than 1 GiB.
    """
    try:
        status = path.stat()
        # This check comes before opening, since opening a pipe waits until somebody writes into it.
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{path}: this is not a regular file; give the path of an image file")
        if status.st_size > LARGEST_FILE:
            raise ImageError(
                f"{path}: its {status.st_size / LARGEST_FILE:.1f} GiB are more than the 1 GiB that one "
                "image file may have; split it, or compress it better"
            )
        with path.open("rb") as file:
            data = file.read(max(1, status.st_size))  # a larger number would be set aside in memory
    except OSError as error:
        raise ImageError(f"{path}: cannot be read: {_reason(error)}; check the path and its permissions") from error
    if not data:
        raise ImageError(f"{path}: the file is empty (0 bytes); copy it again from where it came from")
    return data


def head_of(path: Path, size: int) -> bytes:
    """Return the first bytes of a regular file; none of anything else, or of a file that cannot be read."""
    try:
        if not path.is_file():  # opening a pipe would wait until somebody writes into it
            return b""
        with path.open("rb") as file:
            return file.read(size)
    except OSError:  # whoever reads the whole file says why
        return b""


def is_ours(path: Path, mark: bytes) -> bool:
    """Return whether a file may be replaced: there is none, it is empty, or it holds a mark of this program.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        if not path.is_file():
            return not path.exists()
        if not path.stat().st_size:
            return True
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return content.find(mark) >= 0
    except OSError as error:
        raise UsageError(f"cannot look at {path}: {_reason(error)}; name another file") from error


def check_ours(path: Path, mark: bytes, what: str) -> None:
    """Refuse a path where a file of the user's stands, before any work.

    Args:
        path: The path that will be written.
        mark: Bytes that are in each file of that kind.
        what: The kind of file, such as `report`.

    Raises:
        UsageError: There is another file.
    """
    if not is_ours(path, mark):
        raise UsageError(f"{path} exists and is no {what} of this program; name another file, or remove it")


def unwritable(path: Path, error: OSError) -> WriteError:
    """Return the error that says why `path` could not be written, and what to do."""
    remedy = _REMEDIES.get(error.errno or 0, "check the disk, or choose another place")
    return WriteError(f"{path}: cannot be written: {_reason(error)}; {remedy}")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
