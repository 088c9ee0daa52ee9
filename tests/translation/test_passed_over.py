"""What is passed over is counted at the end of the job, and named in the report with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from img2img.errors import UsageError
from img2img.translation.passed_over import summary
from img2img.translation.plan import make_plan

APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(40)


@pytest.fixture
def folder(tmp_path: Path, make: Any) -> Path:
    make.save(tmp_path / "in" / "a.png", make.picture())
    return tmp_path / "in"


def why(folder: Path) -> dict[str, tuple[str, str]]:
    passed_over = make_plan(folder, folder.with_name("out")).passed_over
    return {passed.path.name: (passed.kind, passed.reason) for passed in passed_over}


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("a.jxl", "JPEG XL", "JPEG XL files are not read; convert it to PNG, JPEG"),
        ("a.JP2", "JPEG 2000", "convert it to"),
        ("a.CR2", "raw", "convert it to"),
        ("a.dng", "raw", "convert it to"),
        ("a.psd", "Photoshop", "convert it to"),
        ("a.txt", ".txt", "neither image nor video by its name"),
        ("README", "no suffix", "neither image nor video by its name"),
        (".DS_Store", "hidden file", "it is hidden"),
    ],
)
def test_a_file_that_is_not_read_is_named_with_what_it_is(name: str, kind: str, reason: str, folder: Path) -> None:
    (folder / name).write_bytes(b"something")
    ((found, text),) = why(folder).values()
    assert found == kind
    assert reason in text


@pytest.mark.parametrize("name", ["photo", "photo.jpg_large", "photo.orig", ".photo"])
def test_an_image_under_a_name_that_does_not_say_so_is_known_by_its_content(name: str, folder: Path, make: Any) -> None:
    (folder / "a.png").rename(folder / name)
    make.save(folder / "b.png", make.picture())
    assert why(folder)[name] == ("wrong suffix", "by its content it is PNG; give its name the suffix .png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".mp4"])
def test_what_macos_keeps_beside_a_file_is_no_image(suffix: str, folder: Path) -> None:
    (folder / f"._a{suffix}").write_bytes(APPLE_DOUBLE)
    assert why(folder)[f"._a{suffix}"][0] == "AppleDouble"


def test_an_image_whose_name_begins_like_that_is_translated(folder: Path, make: Any) -> None:
    make.save(folder / "._b.png", make.picture())
    assert [item.source.name for item in make_plan(folder, folder.with_name("out")).items] == ["._b.png", "a.png"]


def test_the_images_of_a_video_are_no_companions_and_no_clips(folder: Path) -> None:
    (folder / "._a.png").write_bytes(APPLE_DOUBLE)
    (folder / "b.mp4").touch()
    (folder / "c.txt").touch()
    plan = make_plan(folder, folder.with_name("out.mp4"))
    assert plan.items[0].reads.images == (folder / "a.png",)  # type: ignore[attr-defined]
    assert {passed.path.name: passed.kind for passed in plan.passed_over} == {
        "._a.png": "AppleDouble",
        "b.mp4": "clip",
        "c.txt": ".txt",
    }


def test_where_nothing_can_be_translated_the_error_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jxl", "b.jxl", "c.txt"):
        (tmp_path / "in" / name).touch()
    with pytest.raises(UsageError, match=r"passed over: 2 × JPEG XL, 1 × \.txt; a\.jxl: JPEG XL files are not read"):
        make_plan(tmp_path / "in", tmp_path / "out")


def test_the_summary_counts_by_kind_and_the_report_names_each(again: Any, photos: Path, tmp_path: Path) -> None:
    for name in ("a.jxl", "below/b.jxl", "c.txt"):
        (photos / name).touch()
    report = again(report=tmp_path / "report.json")
    assert summary(report.passed_over) == "2 × JPEG XL, 1 × .txt"
    written = json.loads((tmp_path / "report.json").read_text("ascii"))
    assert written["ignored"] == 3
    assert {row["path"] for row in written["passed_over"]} == {
        str(photos / name) for name in ("a.jxl", "below/b.jxl", "c.txt")
    }
