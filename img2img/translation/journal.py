"""The memory of a target folder: what each file in it was made of, so that a job can go on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from filelock import FileLock, Timeout

from img2img.errors import FatalError, ItemError, UsageError, WriteError
from img2img.media import printable, remove_leftovers
from img2img.translation.plan import STATE
from img2img.translation.report import Item


@dataclass(frozen=True)
class Entry:
    """One target: what it was made of, and what was written."""

    target: str
    """Relative to the target folder."""
    source_sha256: str
    settings: str
    target_sha256: str


class Journal:
    """The entries of a target folder. Only one job at a time may hold it.

    An entry is appended just before its file is renamed into place: a kill between the two leaves an entry whose target
    is missing or another, which counts as not done.

    Args:
        folder: The target folder; made if it is not there.
        settings: Digest of all that decides what the targets look like.
        overwrite: Replace targets that this job, with these settings, has not made.

    Raises:
        FatalError: Another job is writing there.
        UsageError: The folder cannot be made or written to.
    """

    def __init__(self, folder: Path, settings: str, *, overwrite: bool = False) -> None:
        self.folder, self.settings, self.overwrite = folder, settings, overwrite
        self._path = folder / STATE / "journal.jsonl"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / STATE / "lock", timeout=0)
            self._lock.acquire()
        except Timeout as error:
            raise FatalError(f"another job is writing to {folder}; wait for it, or name another folder") from error
        except OSError as error:
            raise UsageError(f"cannot write to the folder {folder}: {error.strerror}; name another folder") from error
        self._entries = self._read()
        self._writing = Lock()

    def close(self) -> None:
        self._lock.release()

    def check_existing(self, items: Sequence[Item]) -> None:
        """Refuse to begin where a target stands that this job, with these settings, has not made.

        Raises:
            UsageError: With the count, and the first names.
        """
        foreign = [item for item in items if item.target.exists() and self._own(item) is None]
        if foreign and not self.overwrite:
            names = ", ".join(printable(item.target) for item in foreign[:5]) + (", …" if len(foreign) > 5 else "")
            raise UsageError(
                f"{len(foreign)} of {len(items)} targets exist and were not made with this model and these settings: "
                f"{names}; name another folder, or replace them by --overwrite"
            )

    def is_done(self, item: Item, source: bytes) -> bool:
        """Tell whether the target stands as this job would make it, by the content of both files.

        Raises:
            ItemError: It stands there, but somebody has changed it since.
        """
        entry = self._own(item)
        if entry is None or not item.target.exists():
            return False
        try:
            unchanged = digest(item.target.read_bytes()) == entry.target_sha256
        except OSError as error:
            raise ItemError(f"cannot read the target {printable(item.target)}: {error.strerror}") from error
        if not unchanged and not self.overwrite:
            raise ItemError(f"{printable(item.target)} was changed after it was made; replace it by --overwrite")
        return unchanged and entry.source_sha256 == digest(source)

    def record(self, item: Item, source_sha256: str, target: bytes) -> None:
        """Note what is about to be renamed into place."""
        entry = Entry(self._key(item), source_sha256, self.settings, digest(target))
        line = json.dumps(asdict(entry)) + "\n"
        try:
            with self._writing, self._path.open("a", encoding="ascii") as file:
                file.write(line)
        except OSError as error:
            raise WriteError(f"cannot write {self._path}: {error.strerror}") from error

    def clean(self, items: Sequence[Item]) -> None:
        """Remove what an earlier job that was killed left half-written; the lock tells that none is at work."""
        for folder in {item.target.parent for item in items}:
            remove_leftovers(folder)

    def _own(self, item: Item) -> Entry | None:
        entry = self._entries.get(self._key(item))
        return entry if entry is not None and entry.settings == self.settings else None

    def _key(self, item: Item) -> str:
        return os.fspath(item.target.relative_to(self.folder))

    def _read(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        if not self._path.exists():
            return entries
        for line in self._path.read_text("ascii", errors="replace").splitlines():
            try:
                entry = Entry(**json.loads(line))
            except (ValueError, TypeError):  # the last line of a job that was killed may be torn
                continue
            entries[entry.target] = entry
        return entries


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
