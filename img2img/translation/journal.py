"""The journal of a target folder records what each file in it was made of, so that a job can resume."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from img2img.errors import FatalError, ItemError, UsageError
from img2img.media import Folder, unwritable
from img2img.media.lock import FileLock
from img2img.translation.report import Item

STATE = ".img2img"
"""Folder in a target folder where a job keeps its journal and its lock."""
JOURNAL = "journal.jsonl"
"""Name of the journal in that folder."""


@dataclass(frozen=True)
class Entry:
    """The record of one target: what it was made of, and what was written."""

    target: str
    """The target's path, relative to the target folder."""
    source_sha256: str
    """The source's; of an item with conditions of its own, a digest of both."""
    settings: str
    target_sha256: str
    damage: str = ""
    """A message that names what of the source was lost; empty where nothing was."""


class Journal:
    """The entries of a target folder. Only one job at a time may hold it.

    An entry reaches the disk just before its file is renamed into place: a kill between the two leaves an entry whose
    target is missing or an earlier one of ours, which counts as not done.

    Args:
        folder: The target folder; made if it is not there.
        settings: Digest of all that decides what the targets look like.
        overwrite: Replace targets that this job, with these settings, has not made.

    Raises:
        FatalError: Another job is writing there.
        UsageError: The folder cannot be made or written to.
    """

    def __init__(self, folder: Path, settings: str, *, overwrite: bool = False) -> None:
        self.folder, self.settings, self.overwrite = Folder(folder), settings, overwrite
        self._path = folder / STATE / JOURNAL
        try:
            self.folder.make(self._path.parent)
            self._lock = FileLock(self.folder, folder / STATE / "lock")
        except BlockingIOError as error:
            raise FatalError(f"another job is writing to {folder}; wait for it, or name another folder") from error
        except OSError as error:
            raise _unusable(folder, error) from error
        self._writing = Lock()
        self._entries: dict[str, Entry] = {}
        self._made: dict[str, set[str]] = {}
        """For each target, the digests of all that was ever written there."""
        try:
            self._read()
        except OSError as error:
            self.close()
            raise _unusable(folder, error) from error

    def close(self) -> None:
        """Close the journal's file and release its lock."""
        self._lock.close()

    def check_existing(self, items: Sequence[Item]) -> None:
        """Refuse to begin where a target exists that this job, with these settings, has not made.

        Raises:
            UsageError: There are such targets; the message has their count and the first names.
        """
        foreign = [item for item in items if os.path.lexists(item.target) and self._own(item) is None]
        if foreign and not self.overwrite:
            names = ", ".join(str(item.target) for item in foreign[:5]) + (", …" if len(foreign) > 5 else "")
            raise UsageError(
                f"{len(foreign)} of {len(items)} targets exist and were not made with this model and these settings: "
                f"{names}; name another folder, or replace them by --overwrite"
            )

    def done(self, item: Item, source_sha256: str) -> Entry | None:
        """Return the entry of a target that is as this job would make it, judged by the content of both files, or None.

        Raises:
            ItemError: The target exists, but somebody has changed it since.
        """
        entry = self._own(item)
        if entry is None:
            return None
        try:
            found = digest_below(self.folder, item.target)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ItemError(f"cannot read the target {item.target}: {error.strerror}") from error
        if found not in self._made[entry.target] and not self.overwrite:
            raise ItemError(f"{item.target} was changed after it was made; replace it by --overwrite")
        same = found == entry.target_sha256 and entry.source_sha256 == source_sha256
        return entry if same else None

    def record(self, item: Item, source_sha256: str, target_sha256: str, damage: str = "") -> None:
        """Note a target that is about to be renamed into place."""
        entry = Entry(self._key(item), source_sha256, self.settings, target_sha256, damage)
        line = "\n" + json.dumps(asdict(entry))  # begin a new line, in case the last one is torn
        try:
            with self._writing, self.folder.open(self._path, "ab") as file:
                file.write(line.encode("ascii"))
                file.flush()
                os.fsync(file.fileno())  # the target must not reach the disk before its entry
        except OSError as error:
            raise unwritable(self._path, error) from error

    def may_replace(self, item: Item) -> bool:
        """Return whether a file under a target's name may be replaced: with `overwrite`, or because a job made it."""
        if self.overwrite:
            return True
        with suppress(OSError):
            return digest_below(self.folder, item.target) in self._made.get(self._key(item), ())
        return False

    def clean(self, items: Sequence[Item]) -> None:
        """Remove half-written files of an earlier job that was killed; the lock shows that no job is at work."""
        for folder in {item.target.parent for item in items}:
            self.folder.remove_leftovers(folder)

    def _own(self, item: Item) -> Entry | None:
        entry = self._entries.get(self._key(item))
        return entry if entry is not None and entry.settings == self.settings else None

    def _key(self, item: Item) -> str:
        return os.fspath(item.target.relative_to(self.folder.path))

    def _read(self) -> None:
        for entry in _entries(self.folder, self._path):
            self._entries[entry.target] = entry
            self._made.setdefault(entry.target, set()).add(entry.target_sha256)


def _entry(line: bytes) -> Entry | None:
    """Return the entry of a line; None where it is empty, torn by a kill or a full disk, or no entry of a job."""
    try:
        entry = Entry(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if all(isinstance(value, str) for value in asdict(entry).values()) else None


def _unusable(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write to the folder {folder}: {error.strerror}; name another folder")


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a regular file of any size, in hexadecimal.

    Raises:
        OSError: It cannot be read, or is a folder, a pipe or a device.
    """
    if path.exists() and not path.is_file():  # opening a pipe would wait until somebody writes into it
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_below(folder: Folder, path: Path) -> str:
    """Return the SHA-256 of a file below a folder that the program writes into; no link is followed.

    Raises:
        OSError: It cannot be read, or is no regular file.
    """
    with folder.open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp(path: Path) -> object:
    """Return a value that stays equal until somebody changes, replaces or removes a file; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def made_in(folder: Path) -> set[str]:
    """Return the names, relative to a target folder, of all files that its journal says jobs made there."""
    try:
        return {entry.target for entry in _entries(Folder(folder), folder / STATE / JOURNAL)}
    except OSError:
        return set()


def _entries(folder: Folder, path: Path) -> Iterator[Entry]:
    with suppress(FileNotFoundError):
        yield from filter(None, map(_entry, folder.read(path).splitlines()))
