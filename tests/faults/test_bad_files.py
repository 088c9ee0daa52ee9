"""Damaged, hostile and odd files between good ones: they are lost alone, and the report adds up."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from img2img.media import READABLE_IMAGES

SUFFIXES = [".jpg", ".png", ".webp", ".tif", ".bmp", ".avif"]


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    checksum = zlib.crc32(b"IHDR" + header)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", checksum)


@pytest.fixture
def mixed(tmp_path: Path, picture: Any) -> tuple[Path, list[str], list[str]]:
    """A folder, the names in it that are good, and those that are bad."""
    folder = tmp_path / "in"
    folder.mkdir()
    bad = {
        "empty.png": b"",
        "garbage.jpg": bytes(range(256)) * 4,
        "text.png": b"this is no image",
        "page.webp": b"<!doctype html>",
        "only-the-signature.png": b"\x89PNG\r\n\x1a\n",
        "zeros.bmp": bytes(1000),
        "huge.png": png_that_claims(2**31 - 1, 2**31 - 1),
        "without-pixels.png": png_that_claims(0, 0),
        "nothing-behind.png": png_that_claims(10, 10),
    }
    for suffix in SUFFIXES:
        whole = picture(5, 24, 32, suffix)
        for part in (0.2, 0.5, 0.9):
            bad[f"cut-{part}{suffix}"] = whole[: int(len(whole) * part)]
    for name, data in bad.items():
        (folder / name).write_bytes(data)
    good = [f"good{suffix}" for suffix in SUFFIXES]
    for name, suffix in zip(good, SUFFIXES, strict=True):
        (folder / name).write_bytes(picture(6, 24, 32, suffix))
    (folder / "lies.png").write_bytes(picture(7, suffix=".jpg"))  # the first bytes count, not the name
    os.mkfifo(folder / "pipe.png")
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "folder.png").mkdir()
    return folder, [*good, "lies.png"], [*bad, "pipe.png", "gone.png", "self.png"]


def test_bad_files_are_lost_alone_and_named_and_once_they_are_mended_only_they_are_done(
    mixed: tuple[Path, list[str], list[str]],
    program: Any,
    model: Callable[..., Path],
    tmp_path: Path,
    tree: Any,
    picture: Any,
) -> None:
    folder, good, bad = mixed
    command = ("translate", model(delay=0), folder, tmp_path / "out", "--report", tmp_path / "report.json")
    done = program(*command)
    assert (done.status, done.out) == (1, "")
    assert "Traceback" not in done.err
    assert sorted(tree(tmp_path / "out")) == sorted(good)

    report = json.loads((tmp_path / "report.json").read_text("ascii"))
    assert report["counts"] == {"done": len(good), "damaged": 0, "failed": len(bad), "skipped": 0, "not_reached": 0}
    assert report["planned"] == len(report["items"]) == len(good) + len(bad)
    for row in report["items"]:
        name = Path(row["source"]).name
        assert row["status"] == ("done" if name in good else "failed")
        assert row["reason"] == "" or name in row["reason"]
        assert row["reason"] or name in good
    assert all(any(name in line for line in done.err.splitlines() if line.startswith("failed: ")) for name in bad)

    for name in bad:
        (folder / name).unlink()
        suffix = Path(name).suffix
        (folder / name).write_bytes(picture(8, suffix=suffix if suffix in READABLE_IMAGES else ".png"))
    done = program(*command)
    assert done.status == 0
    counts = json.loads((tmp_path / "report.json").read_text("ascii"))["counts"]
    assert counts == {"done": len(bad), "damaged": 0, "failed": 0, "skipped": len(good), "not_reached": 0}


def test_a_file_that_is_named_and_is_no_image_leaves_nothing_behind(
    program: Any, model: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_text("milk, bread")
    done = program("translate", model(delay=0), tmp_path / "notes.png", tmp_path / "out" / "big.png")
    assert done.status == 1
    assert "notes.png" in done.err
    assert list((tmp_path / "out").iterdir()) == []


def test_names_that_would_write_to_the_terminal_or_break_lines_are_escaped_wherever_they_are_said(
    program: Any, model: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (b"line\nfailed: good.png.png", b"\x1b[31mred.png", b"bad\xff.png", b"tab\t.png", b"-rf.png"):
        (folder / os.fsdecode(name)).write_bytes(b"no image")
    done = program("translate", model(delay=0), folder, tmp_path / "out\n\x1b[31m", "--report", tmp_path / "r.json")
    assert done.status == 1
    assert len(done.err.splitlines()) == 5 + 1
    assert "\x1b" not in done.err
    items = json.loads((tmp_path / "r.json").read_text("ascii"))["items"]
    assert {os.fsencode(item["source"]) for item in items} == {os.fsencode(path) for path in folder.iterdir()}


def test_good_images_of_odd_names_are_done_and_done_only_once(
    program: Any, model: Callable[..., Path], tmp_path: Path, tree: Any, picture: Any
) -> None:
    names = [b"line\nbreak.png", b"\x1b[31m.png", b"bad\xff.png", b"-rf.png", b"%08d.png", "日本 🎈.png".encode()]
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / os.fsdecode(name)).write_bytes(picture(number))
    command = ("translate", model(delay=0), folder, tmp_path / "out")
    assert program(*command).err.startswith("6 done")
    assert program(*command).err.startswith("6 skipped")
    assert sorted(map(os.fsencode, tree(tmp_path / "out"))) == sorted(names)
