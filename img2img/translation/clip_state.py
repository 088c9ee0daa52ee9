"""What a clip that is being translated leaves on the disk, so that a job that was killed goes on and does not begin."""

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

SEGMENT = 120
"""Frames of a segment: what is lost at most when a job is killed."""


class ClipState:
    """The finished segments of one target, in a folder beside it that is gone when the target stands.

    Args:
        target: The target.
        settings: Digest of all that decides what it looks like; segments that were made otherwise are thrown away.

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
            """Whether an earlier job for this very target was not finished."""
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
        self.finished = 0
        while self.segment(self.finished).exists():
            self.finished += 1

    @property
    def part(self) -> Path:
        """Where the target is put together before it takes its name."""
        return self.folder / _PART

    def segment(self, index: int) -> Path:
        return self.folder / f"{index:06}.npz"

    def segments(self) -> list[Path]:
        return [self.segment(index) for index in range(self.finished)]

    def memory(self) -> dict[str, NDArray[Any]] | None:
        """What `remember` was given with the last finished segment; None if nothing was, or it is damaged."""
        path = self._memory(self.finished - 1)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, BadZipFile):
            return None

    def remember(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Note what the next segment depends on, before the current one is written."""
        file = BytesIO()
        np.savez(file, **memory)  # type: ignore[arg-type]
        write_file(self._memory(self.finished), file.getbuffer())

    def start_over(self) -> None:
        """Throw away what is finished."""
        settings = (self.folder / "settings").read_bytes()
        self._forget()
        write_file(self.folder / "settings", settings)
        self.finished = 0

    def finish(self) -> None:
        """The current segment has been written."""
        self._memory(self.finished - 1).unlink(missing_ok=True)
        self.finished += 1

    def about_to_publish(self, target_sha256: str) -> None:
        """Note what the target will be, for the case that nothing comes after it has its name."""
        write_file(self.folder / _PUBLISHED, target_sha256.encode("ascii"))

    def remove(self) -> None:
        """Leave nothing behind."""
        _remove(self.folder)

    def close(self) -> None:
        self._lock.release()

    def _memory(self, index: int) -> Path:
        return self.folder / f"{index:06}.memory.npz"

    def _forget(self) -> None:
        (self.folder / "settings").unlink(missing_ok=True)  # first: without it, the rest counts for nothing
        for path in self.folder.glob("*"):
            if path.name != "lock":
                path.unlink()


def part_of(target: Path) -> Path:
    """Where a target is put together, in the folder of its `ClipState`."""
    return _folder(target) / _PART


def tidy(target: Path) -> None:
    """Remove what is left of a job that was killed after the target had its name and before that was noted."""
    folder = _folder(target)
    try:
        if (folder / _PUBLISHED).read_text("ascii") == digest_file(target):
            _remove(folder)
    except OSError:
        return


def _folder(target: Path) -> Path:
    return target.parent / STATE / "clips" / target.name


def _remove(folder: Path) -> None:
    with suppress(OSError):
        (folder / "settings").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others may be at work there
        folder.parent.rmdir()
        folder.parent.parent.rmdir()
