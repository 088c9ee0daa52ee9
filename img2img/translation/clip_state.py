"""The state of a clip's translation lies on the disk, so that a job that was killed can resume."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from img2img.errors import FatalError, UsageError
from img2img.media import Folder, unwritable
from img2img.media.lock import FileLock
from img2img.translation.journal import STATE, digest, digest_below, digest_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PUBLISHED = "published"
"""Name of the file with the SHA-256 of the target that is about to be renamed into place."""

_PART = "target.part"

_DIGESTS = "digests"
"""Name of the file with a line for each finished segment: the SHA-256 of the segment, and that of the memory."""

SEGMENT = 120
"""Frames of a segment; no more than these are lost when a job is killed."""


class ClipState:
    """The finished segments of one target, in a folder beside it that is removed once the target stands.

    Args:
        root: The folder that the user named, below which no link is followed.
        target: The path of the target.
        settings: Digest of all that decides what the target looks like; segments of other settings are thrown away.

    Raises:
        FatalError: Another job is writing to that target.
        UsageError: The folder cannot be made or written to.
    """

    def __init__(self, root: Folder, target: Path, settings: str) -> None:
        self.root, self.folder = root, _folder(target)
        about, settings = self.folder / "settings", f"{settings} {SEGMENT}"
        try:
            root.make(self.folder)
            self._lock = FileLock(root, self.folder / "lock")
            self.is_resumed = self._read("settings") == settings.encode("ascii")
            """Whether an earlier job for this target, with the same settings, was not finished."""
            if not self.is_resumed:
                self._forget()
                root.write(about, settings.encode("ascii"))
        except BlockingIOError as error:
            raise FatalError(f"another job is writing to {target}; wait for it, or name another target") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise unwritable(self.folder, error) from error
            raise UsageError(f"cannot write to the folder {target.parent}: {error.strerror}; name another") from error
        self._digests = self._intact()

    @property
    def finished(self) -> int:
        """Return how many segments are finished."""
        return len(self._digests)

    @property
    def part(self) -> Path:
        """Return the path where the target is put together before it gets its name."""
        return self.folder / _PART

    def segment(self, index: int) -> Path:
        """Return the path of a segment."""
        return self.folder / f"{index:06}.npz"

    def segments(self) -> list[Path]:
        """Return the paths of the finished segments, in order."""
        return [self.segment(index) for index in range(self.finished)]

    def memory(self) -> dict[str, NDArray[Any]] | None:
        """Return what `remember` stored with the last finished segment; None if that is missing or damaged."""
        path = self._memory(self.finished - 1)
        try:
            data = self.root.read(path)
            if digest(data) != self._digests[-1][1]:
                return None
            with np.load(BytesIO(data), allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, BadZipFile, IndexError):
            return None

    def remember(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Store what the next segment depends on, before the current one is written."""
        file = BytesIO()
        np.savez(file, **memory)  # type: ignore[arg-type]
        self.root.write(self._memory(self.finished), file.getbuffer())

    def start_over(self) -> None:
        """Throw the finished segments away."""
        settings = self._read("settings")
        self._forget()
        self.root.write(self.folder / "settings", settings)
        self._digests = []

    def finish(self) -> None:
        """Count the current segment, which has been written, as finished."""
        before = self._memory(self.finished - 1)
        self._digests.append((self._digest(self.segment(self.finished)), self._digest(self._memory(self.finished))))
        lines = "".join(" ".join(line) + "\n" for line in self._digests)
        self.root.write(self.folder / _DIGESTS, lines.encode("ascii"))
        with suppress(FileNotFoundError):
            self.root.remove(before)

    def about_to_publish(self, target_sha256: str) -> None:
        """Note the target's digest just before the target gets its name, in case the job is killed right after that."""
        self.root.write(self.folder / _PUBLISHED, target_sha256.encode("ascii"))

    def remove(self) -> None:
        """Remove the folder and all in it."""
        _remove(self.root, self.folder)

    def close(self) -> None:
        """Release the lock of the folder."""
        self._lock.close()

    def _memory(self, index: int) -> Path:
        return self.folder / f"{index:06}.memory.npz"

    def _intact(self) -> list[tuple[str, str]]:
        """Return the digests of the finished segments up to the first that was damaged since; remove those from it on.

        A segment is damaged where a disk lost it, or where somebody put another file in its place.
        """
        found: list[tuple[str, str]] = []
        for line in self._read(_DIGESTS).decode("ascii", "replace").splitlines():
            segment, _, memory = line.partition(" ")
            if segment in ("-", "") or self._digest(self.segment(len(found))) != segment:
                break
            found.append((segment, memory))
        kept = {self.segment(index) for index in range(len(found))} | {self._memory(len(found) - 1)}
        for path in [*self.folder.glob("*.npz"), *self.folder.glob(_PART)]:
            if path not in kept:
                self.root.remove(path)
        return found

    def _digest(self, path: Path) -> str:
        """Return the SHA-256 of a file in the folder; `-` where there is no regular file that can be read."""
        try:
            return digest_below(self.root, path)
        except OSError:
            return "-"

    def _read(self, name: str) -> bytes:
        """Return the content of a file in the folder; nothing where it cannot be read."""
        with suppress(OSError):
            return self.root.read(self.folder / name)
        return b""

    def _forget(self) -> None:
        with suppress(FileNotFoundError):
            self.root.remove(self.folder / "settings")  # first, since segments without it are ignored
        for path in self.folder.iterdir():
            if path.name != "lock":
                self.root.remove(path)


def part_of(target: Path) -> Path:
    """Return the path where a target is put together, in the folder of its `ClipState`."""
    return _folder(target) / _PART


def tidy(root: Folder, target: Path) -> None:
    """Remove what a job left that was killed after its target got its name."""
    folder = _folder(target)
    with suppress(OSError):
        if root.read(folder / _PUBLISHED) == digest_file(target).encode():
            _remove(root, folder)


def _folder(target: Path) -> Path:
    return target.parent / STATE / "clips" / target.name


def _remove(root: Folder, folder: Path) -> None:
    with suppress(OSError):
        root.remove(folder / "settings")
    with suppress(OSError):
        root.remove(folder)
    with suppress(OSError):  # other jobs may have their folders there
        for parent in (folder.parent, folder.parent.parent):
            with root.opened(parent.parent) as at:
                os.rmdir(parent.name, dir_fd=at)
