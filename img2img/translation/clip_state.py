"""The state of a clip's translation lies on the disk, so that a job that was killed can resume."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock, Timeout

from img2img.errors import FatalError, UsageError
from img2img.media import printable, unwritable, write_file
from img2img.translation.journal import STATE, digest_file

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
        target: The path of the target.
        settings: Digest of all that decides what the target looks like; segments of other settings are thrown away.

    Raises:
        FatalError: Another job is writing to that target.
        UsageError: The folder cannot be made or written to.
    """

    def __init__(self, target: Path, settings: str) -> None:
        self.folder = _folder(target)
        about, settings = self.folder / "settings", f"{settings} {SEGMENT}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / "lock", timeout=0)
            self._lock.acquire()
            self.is_resumed = about.exists() and about.read_text("ascii", "replace") == settings
            """Whether an earlier job for this target, with the same settings, was not finished."""
            if not self.is_resumed:
                self._forget()
                write_file(about, settings.encode("ascii"))
        except Timeout as error:
            raise FatalError(
                f"another job is writing to {printable(target)}; wait for it, or name another target"
            ) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise unwritable(self.folder, error) from error
            raise UsageError(
                f"cannot write to the folder {printable(target.parent)}: {error.strerror}; name another"
            ) from error
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
            if digest_file(path) != self._digests[-1][1]:
                return None
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, BadZipFile, IndexError):
            return None

    def remember(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Store what the next segment depends on, before the current one is written."""
        file = BytesIO()
        np.savez(file, **memory)  # type: ignore[arg-type]
        write_file(self._memory(self.finished), file.getbuffer())

    def start_over(self) -> None:
        """Throw the finished segments away."""
        settings = (self.folder / "settings").read_bytes()
        self._forget()
        write_file(self.folder / "settings", settings)
        self._digests = []

    def finish(self) -> None:
        """Count the current segment, which has been written, as finished."""
        before = self._memory(self.finished - 1)
        self._digests.append((_digest(self.segment(self.finished)), _digest(self._memory(self.finished))))
        write_file(self.folder / _DIGESTS, "".join(" ".join(line) + "\n" for line in self._digests).encode("ascii"))
        before.unlink(missing_ok=True)

    def about_to_publish(self, target_sha256: str) -> None:
        """Note the target's digest just before the target gets its name, in case the job is killed right after that."""
        write_file(self.folder / _PUBLISHED, target_sha256.encode("ascii"))

    def remove(self) -> None:
        """Remove the folder and all in it."""
        _remove(self.folder)

    def close(self) -> None:
        """Release the lock of the folder."""
        self._lock.release()

    def _memory(self, index: int) -> Path:
        return self.folder / f"{index:06}.memory.npz"

    def _intact(self) -> list[tuple[str, str]]:
        """Return the digests of the finished segments up to the first that was damaged since; remove those from it on.

        A segment is damaged where a disk lost it, or where somebody put another file in its place.
        """
        found: list[tuple[str, str]] = []
        noted = self.folder / _DIGESTS
        for line in noted.read_text("ascii", "replace").splitlines() if noted.is_file() else ():
            segment, _, memory = line.partition(" ")
            if segment in ("-", "") or _digest(self.segment(len(found))) != segment:
                break
            found.append((segment, memory))
        kept = {self.segment(index) for index in range(len(found))} | {self._memory(len(found) - 1)}
        for path in [*self.folder.glob("*.npz"), *self.folder.glob(_PART)]:
            if path not in kept:
                _clear(path)
        return found

    def _forget(self) -> None:
        (self.folder / "settings").unlink(missing_ok=True)  # first, since segments without it are ignored
        for path in self.folder.glob("*"):
            if path.name != "lock":
                _clear(path)


def part_of(target: Path) -> Path:
    """Return the path where a target is put together, in the folder of its `ClipState`."""
    return _folder(target) / _PART


def tidy(target: Path) -> None:
    """Remove what a job left that was killed after its target got its name."""
    folder = _folder(target)
    try:
        if (folder / _PUBLISHED).read_text("ascii") == digest_file(target):
            _remove(folder)
    except OSError:
        return


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; `-` where there is no regular file that can be read."""
    try:
        return digest_file(path) if path.is_file() else "-"
    except OSError:
        return "-"


def _clear(path: Path) -> None:
    """Remove a file, or a folder that stands in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _folder(target: Path) -> Path:
    return target.parent / STATE / "clips" / target.name


def _remove(folder: Path) -> None:
    with suppress(OSError):
        (folder / "settings").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # other jobs may have their folders there
        folder.parent.rmdir()
        folder.parent.parent.rmdir()
