"""This module writes into folders: a file appears whole or not at all, and no link leads out of a folder."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Literal, TypeAlias, cast

from img2img.errors import ItemError, WriteError
from img2img.media.files import unwritable
from img2img.text import printable

Bytes: TypeAlias = bytes | bytearray | memoryview

_PREFIX, _SUFFIX = ".img2img-", ".part"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK  # else opening a pipe would wait until somebody writes into it
_MODES = {
    "rb": os.O_RDONLY,
    "r+b": os.O_RDWR | os.O_CREAT,
    "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "wb": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}
_UNSUPPORTED = {errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What file systems answer that cannot synchronise a folder, as those of network drives."""
_NO_HARD_LINKS = _UNSUPPORTED | {errno.EPERM, errno.EMLINK}


def write_file(path: Path, data: Bytes | Iterable[Bytes], *, replaces: bool = True) -> None:
    """Write a file that the user has named, as `Folder.write` does; its folder may be a link."""
    Folder(path.parent).write(path, data, replaces=replaces)


@dataclass(frozen=True)
class Folder:
    """A folder that the program writes into, so that nothing outside of it is ever changed or deleted.

    Its own path may lead through links, since the user named it. Below it no link is followed, even if somebody plants
    it at the last moment: each name is opened relative to the folder that it stands in. Every path that a method takes
    begins with `path`.

    Attributes:
        path: The folder, as the user named it.
    """

    path: Path

    @contextmanager
    def opened(self, path: Path, *, make: bool = False) -> Iterator[int]:
        """Open a folder, this one or one below it, and give its descriptor.

        Args:
            path: The folder to open.
            make: Whether it is made, with those above it, where it is missing.

        Raises:
            OSError: There is no such folder, or a link in its place.
        """
        names = path.relative_to(self.path).parts
        if ".." in names:
            raise OSError(errno.ELOOP, f"{printable(path)} leads out of {printable(self.path)}", os.fspath(path))
        if make:
            self.path.mkdir(parents=True, exist_ok=True)
        here = os.open(self.path, _FOLDER)
        try:
            for depth, name in enumerate(names, 1):
                below = _enter(here, name, self.path.joinpath(*names[:depth]), make=make)
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)

    def make(self, path: Path) -> None:
        """Make a folder, with those above it, where it is missing.

        Raises:
            OSError: It cannot be made, or a link stands in its place.
        """
        with self.opened(path, make=True):
            return

    def open(self, path: Path, mode: Literal["rb", "r+b", "ab", "wb"]) -> BufferedIOBase:
        """Open a file; `wb` makes a new one in place of what stands there, and `r+b` makes one where none is.

        Raises:
            OSError: It cannot be opened, or it is a link or another thing that is no regular file.
        """
        with self.opened(path.parent) as at:
            if mode == "wb":
                with suppress(FileNotFoundError):
                    os.unlink(path.name, dir_fd=at)
            try:
                descriptor = os.open(path.name, _MODES[mode] | _FILE, 0o666, dir_fd=at)
            except OSError as error:
                raise _explained(error, at, path) from error
        file = cast(BufferedIOBase, os.fdopen(descriptor, mode))
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            file.close()
            raise OSError(errno.EINVAL, f"{printable(path)} is not a regular file", os.fspath(path))
        if mode == "ab" and about.st_nlink > 1:  # the file may have another name outside of the folder
            file.close()
            self.write(path, self.read(path))
            return self.open(path, mode)
        return file

    def read(self, path: Path) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: It cannot be read, or it is a link.
        """
        with self.open(path, "rb") as file:
            return file.read()

    def write(self, path: Path, data: Bytes | Iterable[Bytes], *, replaces: bool = True) -> None:
        """Write `data` to `path` completely or not at all.

        The bytes go to a temporary file in the folder of `path`, reach the disk, and only then take the name: a crash
        at any moment leaves the old file or the new one. The mode follows the umask; a symbolic link at `path` is
        replaced, not followed.

        Args:
            path: The file to create or to replace. Its folder must exist.
            data: The content, in one piece or as an iterable of pieces that are written one after the other.
            replaces: Whether a file of that name is replaced.

        Raises:
            WriteError: The disk is full, the folder is missing or not writable, or `path` is a folder or a device.
            ItemError: There is a file of that name, and it must not be replaced.
        """
        pieces = (data,) if isinstance(data, bytes | bytearray | memoryview) else data
        part = f"{_PREFIX}{secrets.token_hex(6)}{_SUFFIX}"
        try:
            with self.opened(path.parent) as at:
                if replaces:
                    _refuse_to_replace_what_is_no_file(at, path)
                try:
                    _write_through(at, part, pieces)
                    _rename(at, part, at, path, replaces=replaces)
                except BaseException:
                    with suppress(FileNotFoundError):
                        os.unlink(part, dir_fd=at)
                    raise
                _sync(at)
        except OSError as error:
            raise unwritable(path, error) from error

    def publish(self, part: Path, path: Path, *, replaces: bool = True) -> None:
        """Give the finished file `part` its final name, once its bytes have reached the disk.

        Raises:
            WriteError, ItemError: As `write` raises them.
        """
        try:
            with self.opened(part.parent) as source, self.opened(path.parent) as at:
                if replaces:
                    _refuse_to_replace_what_is_no_file(at, path)
                with self.open(part, "rb") as file:
                    os.fsync(file.fileno())
                _rename(source, part.name, at, path, replaces=replaces)
                _sync(at)
        except OSError as error:
            raise unwritable(path, error) from error

    def remove(self, path: Path) -> None:
        """Delete a file, a link, or a folder with all in it; nothing is deleted through links.

        Raises:
            OSError: There is no such thing, or it cannot be deleted.
        """
        with self.opened(path.parent) as at:
            if stat.S_ISDIR(os.stat(path.name, dir_fd=at, follow_symlinks=False).st_mode):
                shutil.rmtree(path.name, dir_fd=at)
            else:
                os.unlink(path.name, dir_fd=at)

    def rename(self, path: Path, new: Path) -> None:
        """Rename a folder within its own folder, so that the new name reaches the disk.

        Raises:
            OSError: It cannot be renamed.
        """
        with self.opened(path.parent) as at:
            os.rename(path.name, new.name, src_dir_fd=at, dst_dir_fd=at)
            _sync(at)

    def remove_leftovers(self, path: Path) -> int:
        """Delete the temporary files that a killed `write` left in a folder, and return how many there were.

        Folders below it are left alone. Call this only where nobody else writes to the folder: a file that is just
        being written looks the same.

        Raises:
            WriteError: The folder cannot be listed, or a file cannot be deleted.
        """
        removed = 0
        try:
            with self.opened(path) as at:
                for name in os.listdir(at):  # noqa: PTH208 - a path would not be the folder that is open
                    if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
                        with suppress(FileNotFoundError):
                            os.unlink(name, dir_fd=at)
                        removed += 1
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise WriteError(
                f"{path}: cannot be cleaned of {_PREFIX}*{_SUFFIX}: {error.strerror}; delete them by hand"
            ) from error
        return removed


def _enter(at: int, name: str, path: Path, *, make: bool) -> int:
    """Open the folder `name` of an open folder, unless it is a link."""
    try:
        try:
            return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
        except FileNotFoundError:
            if not make:
                raise
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=at)
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
    except OSError as error:
        raise _explained(error, at, path) from error


def _explained(error: OSError, at: int, path: Path) -> OSError:
    """Return an error that names the whole path, and says if a link stands there, for which systems differ."""
    number, text = error.errno or 0, error.strerror
    with suppress(OSError):
        if stat.S_ISLNK(os.stat(path.name, dir_fd=at, follow_symlinks=False).st_mode):
            number, text = errno.ELOOP, f"{printable(path)} is a link, and none is followed in a target folder"
    return OSError(number, text, os.fspath(path))


def _refuse_to_replace_what_is_no_file(at: int, path: Path) -> None:
    # As root, the rename would succeed, and /dev/null would become a regular file for every program.
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path.name, dir_fd=at).st_mode):
            raise WriteError(f"{path}: this exists and is not a regular file; choose another name")


def _write_through(at: int, name: str, pieces: Iterable[Bytes]) -> None:
    # The module tempfile makes files that only the owner can read, and the umask cannot be read without setting it.
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=at)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(descriptor)


def _rename(source: int, part: str, at: int, path: Path, *, replaces: bool) -> None:
    """Give a file its final name; where that is taken and must not be replaced, nothing changes."""
    if replaces:
        os.replace(part, path.name, src_dir_fd=source, dst_dir_fd=at)
        return
    try:
        os.link(part, path.name, src_dir_fd=source, dst_dir_fd=at, follow_symlinks=False)
        os.unlink(part, dir_fd=source)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        with suppress(FileNotFoundError):
            os.stat(path.name, dir_fd=at, follow_symlinks=False)
            raise _taken(path) from error
        os.rename(part, path.name, src_dir_fd=source, dst_dir_fd=at)


def _taken(path: Path) -> ItemError:
    return ItemError(
        f"{path}: another program made this file in the meantime, and it is kept; remove it, or name another target"
    )


def _sync(descriptor: int) -> None:
    """Let the names in an open folder reach the disk, where the file system can do that."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
