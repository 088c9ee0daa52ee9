"""Zip files as source and as target: honest ones, strange ones, and those that somebody made to do harm."""

from __future__ import annotations

import struct
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from img2img_albums.archive import ZipSource

import img2img
from img2img.errors import ImageError

from .conftest import failures, png, sizes

GOOD = ("good.png", png(2, 2))


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile("photos.zip", "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return Path("photos.zip")


def changed(path: Path, name: bytes, change: Any) -> None:
    """Change the two records of an entry, given as offsets of its flags: that before it, and that in the directory."""
    data = bytearray(path.read_bytes())
    at = data.index(name, data.index(b"PK\1\2")) - 46
    (local,) = struct.unpack_from("<I", data, at + 42)
    change(data, local + 6, at + 8)
    path.write_bytes(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_pictures_of_every_method_keep_their_names_and_sizes(method: int, job: Any) -> None:
    zipped(("a.png", png(2, 3)), ("sub/b.png", png(4, 5)), ("sub/empty/", b""), method=method)
    assert job("photos.zip", "out").counts["done"] == 2
    assert sizes(Path("out")) == {"a.png": (4, 6), "sub/b.png": (8, 10)}
    assert job("photos.zip", "out").counts["skipped"] == 2


def test_a_large_zip_file_with_64_bit_records_is_read(job: Any) -> None:
    with zipfile.ZipFile("photos.zip", "w") as archive, archive.open("a.png", "w", force_zip64=True) as file:
        file.write(png(2, 2))
    assert job("photos.zip", "out").counts["done"] == 1


def test_what_is_no_picture_is_passed_over_by_its_name(job: Any) -> None:
    names = ["inner.zip", "__MACOSX/._good.png", "._x.png", "film.mp4", "notes.txt", "raw.cr2", "README"]
    zipped(GOOD, *[(name, b"\0\5\x16\7") for name in names])
    report = job("photos.zip", "out")
    assert [item.status for item in report.items] == ["done"]
    assert {str(passed.path): passed.kind for passed in report.passed_over} == {
        "photos.zip/inner.zip": "archive",
        "photos.zip/__MACOSX/._good.png": "AppleDouble",
        "photos.zip/._x.png": "AppleDouble",
        "photos.zip/film.mp4": "clip",
        "photos.zip/notes.txt": ".txt",
        "photos.zip/raw.cr2": "raw",
        "photos.zip/README": "no suffix",
    }


def encrypted(data: bytearray, local: int, central: int) -> None:
    data[local] |= 1
    data[central] |= 1


def smaller(data: bytearray, local: int, central: int) -> None:
    struct.pack_into("<I", data, central + 16, 20)


def huge(data: bytearray, local: int, central: int) -> None:
    struct.pack_into("<I", data, central + 16, 0xFFFFFFFE)


def unknown_method(data: bytearray, local: int, central: int) -> None:
    struct.pack_into("<H", data, central + 2, 77)


def torn(data: bytearray, local: int, central: int) -> None:
    data[local + 50 : local + 60] = bytes(10)


def moved(data: bytearray, local: int, central: int) -> None:
    struct.pack_into("<I", data, central + 34, 7)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (encrypted, "it is encrypted; unpack the zip file with its password"),
        (smaller, "it cannot be unpacked (Bad CRC-32"),
        (huge, "its 4.0 GiB are more than the 1 GiB"),
        (unknown_method, "it cannot be unpacked (That compression method is not supported"),
        (torn, "it cannot be unpacked ("),
        (moved, "it cannot be unpacked (Bad magic number"),
    ],
)
def test_a_bad_entry_costs_itself_alone(change: Any, reason: str, job: Any) -> None:
    path = zipped(GOOD, ("bad.png", png(30, 50)))
    changed(path, b"bad.png", change)
    report = job("photos.zip", "out")
    assert list(sizes(Path("out"))) == ["good.png"]
    assert failures(report)["photos.zip/bad.png"].startswith(f"photos.zip/bad.png: {reason}")


def test_a_link_in_a_zip_file_is_not_followed(job: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(9, 9))
    link = zipfile.ZipInfo("link.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    zipped(GOOD, (link, str(tmp_path / "secret.png").encode()))
    report = job("photos.zip", "out")
    assert "it is a link or a device, which is not followed" in failures(report)["photos.zip/link.png"]
    assert list(sizes(Path("out"))) == ["good.png"]


def test_a_name_that_is_said_to_be_utf_8_and_is_not_costs_no_other_entry(job: Any) -> None:
    def break_name(data: bytearray, local: int, central: int) -> None:
        for flags, name in ((local, local + 24), (central, central + 38)):
            data[flags + 1] |= 8
            data[name : name + 2] = b"\xff\xfe"

    path = zipped(GOOD, ("bad.png", png(3, 3)))
    changed(path, b"bad.png", break_name)
    report = job("photos.zip", "out")
    assert [item.status for item in report.items] == ["done", "failed"]


def test_names_in_the_code_page_of_dos_are_read(job: Any) -> None:
    path = zipped(("b_r.png", png(3, 3)))
    path.write_bytes(path.read_bytes().replace(b"b_r.png", b"b\x84r.png"))
    job("photos.zip", "out")
    assert list(sizes(Path("out"))) == ["b\N{LATIN SMALL LETTER A WITH DIAERESIS}r.png"]


@pytest.mark.parametrize("length", [0, 1, 30, -30])
def test_a_zip_file_that_is_cut_off_is_refused(length: int, job: Any) -> None:
    path = zipped(GOOD, ("b.png", png(9, 9)))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(img2img.UsageError, match=r"photos.zip cannot be read as a zip file"):
        job("photos.zip", "out")
    assert not Path("out").exists()


def test_threads_read_one_zip_file_at_once(job: Any) -> None:
    zipped(*[(f"{width}.png", png(40, width)) for width in range(1, 30)])
    album = ZipSource().open("photos.zip")
    expected = {f"{width}.png": png(40, width) for width in range(1, 30)}
    wrong: list[str] = []

    def read_all() -> None:
        wrong.extend(picture.name for picture in album.pictures if picture.read() != expected[picture.name])

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    album.close()
    assert wrong == []
    with pytest.raises(ImageError):
        album.pictures[0].read()


def test_a_name_that_a_zip_file_cannot_hold_costs_itself_alone(job: Any) -> None:
    Path("photos").mkdir()
    Path("photos/good.png").write_bytes(png(2, 2))
    Path("photos/b\udcffd.png").write_bytes(png(3, 3))
    report = job("photos", "out.zip")
    assert [item.status for item in report.items] == ["failed", "done"]
    assert "its name is no text, which a zip file needs" in report.items[0].reason
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.namelist() == ["good.png"]
