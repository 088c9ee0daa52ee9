"""Drives that cannot synchronise folders or lock files, as some network drives: no reason to stop."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from img2img.media import Folder, folder
from img2img.media.lock import FileLock

ROOT = Path(__file__).parents[2]
PRELOADED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

int fsync(int descriptor) {
    struct stat about;
    if (!fstat(descriptor, &about) && S_ISDIR(about.st_mode)) { errno = atoi(getenv("FAKE_FSYNC")); return -1; }
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(descriptor);
}
int flock(int descriptor, int operation) { errno = atoi(getenv("FAKE_FLOCK")); return -1; }
int linkat(int from, const char *a, int to, const char *b, int flags) { errno = atoi(getenv("FAKE_LINK")); return -1; }
"""
PROGRAM = """
import sys
from pathlib import Path
from img2img.media import Folder
from img2img.media.lock import FileLock
from img2img.translation.journal import Journal
place = Path(sys.argv[1])
lock = FileLock(Folder(place), place / "lock")
Journal(place, "S").close()
Folder(place).write(place / "a", b"a")
Folder(place).write(place / "b", b"b", replaces=False)
(place / "part").write_bytes(b"c")
Folder(place).publish(place / "part", place / "c", replaces=False)
try:
    Folder(place).write(place / "c", b"other", replaces=False)
except Exception as error:
    print(type(error).__name__)
"""


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes the file system one that can do little."""
    compiler = shutil.which("cc")
    if not compiler or sys.platform != "linux":
        pytest.skip("needs a C compiler, and Linux")
    folder = tmp_path_factory.mktemp("drive")
    (folder / "drive.c").write_text(PRELOADED)
    command = [compiler, "-shared", "-fPIC", "-o", folder / "drive.so", folder / "drive.c", "-ldl"]
    subprocess.run(command, check=True)
    return folder / "drive.so"


@pytest.mark.parametrize(
    ("fsync", "flock", "link"),
    [
        ("EINVAL", "ENOLCK", "EPERM"),
        ("EBADF", "EOPNOTSUPP", "EOPNOTSUPP"),
        ("EOPNOTSUPP", "ENOSYS", "ENOSYS"),
    ],
)
def test_files_are_written_to_a_drive_that_can_do_little(
    fsync: str, flock: str, link: str, drive: Path, tmp_path: Path
) -> None:
    numbers = {"FAKE_FSYNC": fsync, "FAKE_FLOCK": flock, "FAKE_LINK": link}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        env={**os.environ, "LD_PRELOAD": str(drive), **{name: str(getattr(errno, of)) for name, of in numbers.items()}},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stdout) == (0, "ItemError\n"), done.stderr
    assert {name: (tmp_path / name).read_bytes() for name in "abc"} == {"a": b"a", "b": b"b", "c": b"c"}


def test_a_disk_that_fails_to_synchronise_a_folder_still_ends_the_job(drive: Path, tmp_path: Path) -> None:
    numbers = {"FAKE_FSYNC": errno.EIO, "FAKE_FLOCK": errno.ENOLCK, "FAKE_LINK": errno.EPERM}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        env={**os.environ, "LD_PRELOAD": str(drive), **{name: str(number) for name, number in numbers.items()}},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "cannot be written: Input/output error" in done.stderr


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that cannot synchronise folders")
def test_a_folder_of_a_file_system_that_cannot_synchronise_it_is_left_as_it_is() -> None:
    descriptor = os.open("/proc/self", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="Invalid argument"):
            os.fsync(descriptor)
        folder._sync(descriptor)
    finally:
        os.close(descriptor)


def test_a_file_is_locked_by_one_at_a_time(tmp_path: Path) -> None:
    first = FileLock(Folder(tmp_path), tmp_path / "lock")
    with pytest.raises(BlockingIOError):
        FileLock(Folder(tmp_path), tmp_path / "lock")
    first.close()
    FileLock(Folder(tmp_path), tmp_path / "lock").close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_does_not_hold_a_lock_for_longer_than_the_one_that_took_it(tmp_path: Path) -> None:
    lock = FileLock(Folder(tmp_path), tmp_path / "lock")
    context = multiprocessing.get_context("fork")
    ready, done = context.Event(), context.Event()
    child = context.Process(target=lambda: (ready.set(), done.wait(60)))
    child.start()
    try:
        assert ready.wait(60)
        lock.close()
        FileLock(Folder(tmp_path), tmp_path / "lock").close()
    finally:
        done.set()
        child.join()
