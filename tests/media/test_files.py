"""Whole files, or none."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from img2img.errors import ImageError, WriteError
from img2img.media import Folder, printable, read_file, write_file

REPOSITORY = Path(__file__).parents[2]


def run_child(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `code` after the imports that each of these children needs."""
    imports = (
        "import os, resource, signal, sys\nfrom pathlib import Path\n"
        "from img2img.errors import ImageError, WriteError\nfrom img2img.media import read_file, write_file\n"
    )
    command = [sys.executable, "-c", imports + code, *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def as_nobody() -> str:
    """Code that gives up root's right to write anywhere."""
    return "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody can reach, which pytest's own are not."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_file(tmp_path / "a.bin", b"content")
    assert read_file(tmp_path / "a.bin") == b"content"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("data", [bytearray(b"one two"), memoryview(b"one two"), [b"one ", memoryview(b"two")]])
def test_any_kind_of_buffer_and_pieces_of_them_can_be_written(tmp_path: Path, data: object) -> None:
    write_file(tmp_path / "a.bin", data)
    assert (tmp_path / "a.bin").read_bytes() == b"one two"


def test_a_file_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"something much longer than what follows")
    write_file(target, b"new")
    assert target.read_bytes() == b"new"


def test_a_symbolic_link_is_replaced_and_what_it_points_to_is_untouched(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "out.png").symlink_to(tmp_path / "precious")
    write_file(tmp_path / "out.png", b"new")
    assert not (tmp_path / "out.png").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "a.bin", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == mode


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half of the"
        raise KeyboardInterrupt

    (tmp_path / "a.bin").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "a.bin", pieces())
    assert names(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"old"


def test_a_kill_before_the_rename_leaves_no_final_file_and_the_leftover_can_be_removed(tmp_path: Path) -> None:
    child = run_child(
        "def pieces():\n    yield bytes(1 << 20)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_file(Path(sys.argv[1]), pieces())",
        tmp_path / "a.bin",
    )
    assert child.returncode == -signal.SIGKILL
    (leftover,) = names(tmp_path)
    assert leftover.startswith(".img2img-")
    assert Folder(tmp_path).remove_leftovers(tmp_path) == 1
    assert names(tmp_path) == []


def test_only_our_own_leftovers_are_removed(tmp_path: Path) -> None:
    for name in (".img2img-abc.part", "img2img-abc.part", ".img2img-abc", "film.part"):
        (tmp_path / name).touch()
    assert Folder(tmp_path).remove_leftovers(tmp_path) == 1
    assert names(tmp_path) == [".img2img-abc", "film.part", "img2img-abc.part"]


def test_a_folder_that_is_missing_has_no_leftovers(tmp_path: Path) -> None:
    assert Folder(tmp_path).remove_leftovers(tmp_path / "missing") == 0


def test_a_file_that_outgrows_the_limit_of_the_system_is_a_write_error_and_leaves_nothing(tmp_path: Path) -> None:
    child = run_child(
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_file(Path(sys.argv[1]), bytes(5000))\nexcept WriteError as error: print(error)",
        tmp_path / "a.bin",
    )
    assert "a.bin: cannot be written: File too large" in child.stdout, child.stderr
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs unshare and tmpfs")
def test_a_full_disk_is_named_as_such_and_leaves_nothing(tmp_path: Path) -> None:
    script = (
        'mount -t tmpfs -o size=64k none "$1" && cd "$2" && "$3" -c "'
        "from pathlib import Path; from img2img.media import write_file; from img2img.errors import WriteError\n"
        "try: write_file(Path('$1/a.bin'), bytes(200_000))\n"
        'except WriteError as error: print(error)" && ls -A "$1"'
    )
    command = ["unshare", "-Urm", "sh", "-c", script, "sh", str(tmp_path), str(REPOSITORY), sys.executable]
    child = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if "unshare" in child.stderr or "mount" in child.stderr:
        pytest.skip(child.stderr)
    assert child.stdout.strip().endswith("the disk is full: free some space and run again"), child.stderr


def test_a_folder_without_write_permission_is_a_write_error(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    child = run_child(
        as_nobody() + "try: write_file(Path(sys.argv[1]), b'x')\nexcept WriteError as error: print(error)",
        open_folder / "a.bin",
    )
    assert "Permission denied; choose another place" in child.stdout, child.stderr


def test_a_file_without_read_permission_is_an_image_error(open_folder: Path) -> None:
    (open_folder / "a.png").write_bytes(b"x")
    (open_folder / "a.png").chmod(0)
    child = run_child(
        as_nobody() + "try: read_file(Path(sys.argv[1]))\nexcept ImageError as error: print(error)",
        open_folder / "a.png",
    )
    assert "a.png: cannot be read: Permission denied" in child.stdout, child.stderr


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing/a.bin", "create its folder first"), ("n" * 300, "shorter name"), ("folder", "not a regular file")],
)
def test_a_target_that_cannot_be_is_a_write_error_with_a_remedy(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(WriteError, match=reason):
        write_file(tmp_path / name, b"x")
    assert names(tmp_path) == ["folder"]


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    with pytest.raises(WriteError, match="not a regular file"):
        write_file(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()


def make_folder(path: Path) -> None:
    path.mkdir()


def make_huge(path: Path) -> None:
    path.touch()
    os.truncate(path, (1 << 30) + 1)


@pytest.mark.parametrize(
    ("create", "reason"),
    [
        (lambda path: None, "No such file"),
        (Path.touch, "empty"),
        (make_folder, "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (make_huge, "more than the 1 GiB"),
    ],
    ids=["missing", "empty", "folder", "pipe", "huge"],
)
def test_what_cannot_be_read_is_an_image_error_that_says_why(
    tmp_path: Path, create: Callable[[Path], object], reason: str
) -> None:
    create(tmp_path / "a.png")
    with pytest.raises(ImageError, match=rf"a\.png: .*{reason}.*; "):
        read_file(tmp_path / "a.png")


def test_a_file_whose_name_is_no_utf8_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.png")
    write_file(path, b"x")
    assert read_file(path) == b"x"
    assert names(tmp_path) == [os.fsdecode(b"bad\xff.png")]


def test_a_name_cannot_forge_lines_or_send_codes_to_the_terminal() -> None:
    name = printable(Path(os.fsdecode(b"a\nb\x1b[31m\x7f\xff\xe2\x80\xae c\xc3\xa9.png")))
    assert name == r"a\nb\x1b[31m\x7f\udcff\u202e cé.png"
    assert name.encode()


def test_writing_a_file_needs_no_opencv() -> None:
    child = run_child("import sys; print('cv2' in sys.modules, 'torch' in sys.modules)")
    assert child.stdout.split() == ["False", "False"], child.stderr


def test_reading_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"a" * 1000)
    tracemalloc.start()
    try:
        read_file(tmp_path / "small")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
