"""This module locks files, so that two jobs do not write to one folder."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from pathlib import Path
from weakref import WeakSet

from img2img.media.folder import Folder

log = logging.getLogger(__name__)

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
"""What file systems answer that have no locks, as those of some network drives."""


_LOCKS: WeakSet[FileLock] = WeakSet()
"""The locks of this process."""


class FileLock:
    """A locked file in a folder, made where it is missing; `close`, or the end of the process, unlocks it.

    Where the file system has no locks, nothing is locked.

    Args:
        folder: The folder below which no link is followed.
        path: The file.

    Raises:
        BlockingIOError: Another process has locked it.
        OSError: It cannot be opened, or it is a link.
    """

    def __init__(self, folder: Folder, path: Path) -> None:
        _LOCKS.add(self)
        self._file = folder.open(path, "r+b")
        while not self._lock(path):
            self.close()
            self._file = folder.open(path, "r+b")

    def close(self) -> None:
        """Unlock the file."""
        if hasattr(self, "_file"):  # else it could not be opened
            self._file.close()

    def __del__(self) -> None:
        self.close()

    def _lock(self, path: Path) -> bool:
        """Lock the open file; return False where another job has deleted it meanwhile, so that it locks nothing."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                self.close()
                raise
            log.info("%s cannot be locked on this drive; start no second job there", path)
            return True
        return os.fstat(self._file.fileno()).st_nlink > 0


def _close_all() -> None:
    """Close the locks in a forked process, which would otherwise hold them for longer than the one that took them."""
    for lock in _LOCKS:
        lock.close()


os.register_at_fork(after_in_child=_close_all)
