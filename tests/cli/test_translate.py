"""`img2img translate`: what it is given, what it says, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest


def test_a_folder_is_translated_and_the_summary_goes_to_stderr(program: Any, photos: Path, tmp_path: Path) -> None:
    done = program("translate", "tiny", photos, tmp_path / "out")
    assert (done.status, done.out) == (0, "")
    assert done.err.startswith("3 done in ")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.png")) == ["a.png", "b.png", "c.png"]
    assert cv2.imread(str(tmp_path / "out" / "below" / "c.png")).shape == (16, 20, 3)


def test_the_same_command_again_skips_what_is_done(program: Any, photos: Path, tmp_path: Path) -> None:
    program("translate", "tiny", photos, tmp_path / "out")
    done = program("translate", "tiny", photos, tmp_path / "out")
    assert done.status == 0
    assert done.err.startswith("3 skipped in ")


def test_a_single_image_and_a_pattern(
    program: Any, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert program("translate", "tiny", "photos/a.png", "one.jpg").status == 0
    assert program("translate", "tiny", "photos/**/*.png", "many", "--format", "webp").status == 0
    assert Path("one.jpg").exists()
    assert sorted(map(str, Path("many").rglob("*.webp"))) == ["many/a.webp", "many/b.webp", "many/below/c.webp"]


def test_names_that_begin_with_a_dash_come_after_two(
    program: Any, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    Path("a.png").rename("-rf.png")
    assert program("translate", "tiny", "--", "-rf.png", "-o.png").status == 0
    assert Path("-o.png").exists()


def test_damaged_files_end_with_1_and_are_named_and_the_rest_is_done(
    program: Any, photos: Path, tmp_path: Path
) -> None:
    (photos / "bad\n.png").write_bytes(b"")
    done = program("translate", "tiny", photos, tmp_path / "out", "--report", tmp_path / "report.json")
    assert (done.status, done.out) == (1, "")
    failed, summary = done.err.splitlines()
    assert failed.startswith("failed: ")
    assert "bad\\n.png: the file is empty" in failed
    assert summary.startswith("3 done, 1 failed in ")
    report = json.loads((tmp_path / "report.json").read_text("ascii"))
    assert report["counts"] == {"done": 3, "damaged": 0, "failed": 1, "skipped": 0, "not_reached": 0}


def test_what_the_format_cannot_hold_is_noted(program: Any, photos: Path, tmp_path: Path) -> None:
    deep = cv2.imread(str(photos / "a.png")).astype("uint16") * 257
    (photos / "a.png").write_bytes(cv2.imencode(".png", deep)[1])
    done = program("translate", "tiny", photos / "a.png", tmp_path / "a.jpg")
    assert done.status == 0
    assert "note: 'a.jpg': 16 bits reduced to 8" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tini", "photos", "out"], "did you mean 'tiny'?"),
        (["tiny", "nowhere", "out"], "nowhere does not exist"),
        (["tiny", "photos", "photos"], "the target folder is the source folder"),
        (["tiny", "empty", "out"], "no images or videos found in empty"),
        (["tiny", "", "out"], "must not be empty"),
        (["tiny", "photos", "out", "--format", "gif"], "an image cannot be written as '.gif'"),
        (["tiny", "photos", "out", "--tile", "8"], "auto, off, or a number of pixels from 16 up, not '8'"),
        (["tiny", "photos", "out", "--tile", "-1"], "not '-1'"),
        (["tiny", "photos", "out", "--tile", "large"], "not 'large'"),
        (["tiny", "photos", "out", "--tile", "²²"], "not '²²'"),
        (["tiny", "photos", "out", "--quality", "0"], "quality 0 is out of range; give 1 to 100"),
        (["tiny", "photos", "out", "--batch-size", "-1"], "-1 is not in the range x>=0"),
        (["tiny", "photos", "out", "--precision", "fp8"], "'fp8' is not one of"),
        (["tiny", "photos", "out", "--device", "nonesuch"], "the device 'nonesuch' cannot be used"),
        (["tiny", "photos", "out", "-c", "label=winter"], "the model takes no condition 'label'; it takes none"),
        (["tiny", "photos", "out", "-c", "winter"], "'winter' is given for a condition of the model"),
        (["tiny", "photos", "out", "-c", "a=1", "-c", "a=2"], "the condition a is given twice: '1', '2'"),
        (["tiny", "photos", "out", "-f", "sharpn"], "no plugin provides the filter 'sharpn'; did you mean 'sharpen'?"),
        (["tiny", "photos", "out", "-f", "grain:sead=1"], "filter 'grain:sead=1': unknown option 'sead'; did you mean"),
        (["tiny", "photos", "out", "--report", "photos"], "is a directory"),
        (["tiny", "photos", "out", "--report", "photos/a.png"], "the report photos/a.png is an image of this job"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_ends_with_2_and_writes_nothing(
    words: list[str], message: str, program: Any, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    before = {path: path.read_bytes() for path in photos.rglob("*.png")}
    done = program("translate", *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not list(tmp_path.glob("out/**/*.*"))
    assert {path: path.read_bytes() for path in photos.rglob("*.png")} == before


def test_targets_made_otherwise_need_overwrite(program: Any, photos: Path, tmp_path: Path) -> None:
    words = ("translate", "tiny", photos, tmp_path / "out", "--format", "jpg")
    assert program(*words).status == 0
    done = program(*words, "--quality", 50)
    assert done.status == 2
    assert "3 of 3 targets exist and were not made with this model and these settings" in done.err
    assert program(*words, "--quality", 50, "--overwrite").status == 0


def test_images_larger_than_the_limit_fail_and_the_limit_can_be_raised(
    program: Any, photos: Path, tmp_path: Path
) -> None:
    done = program("translate", "tiny", photos, tmp_path / "out", "--max-pixels", 79)
    assert done.status == 1
    assert "raise the limit with --max-pixels" in done.err
    assert program("translate", "tiny", photos, tmp_path / "out", "--max-pixels", 80).status == 0


@pytest.mark.parametrize(
    "options", [["--tile", "16"], ["--tile", "off"], ["--batch-size", "2"], ["--precision", "fp32"]]
)
def test_how_it_is_computed_changes_no_pixel_by_more_than_a_level(
    options: list[str], program: Any, photos: Path, tmp_path: Path
) -> None:
    (photos / "a.png").write_bytes(cv2.imencode(".png", cv2.resize(cv2.imread(str(photos / "a.png")), (41, 37)))[1])
    assert program("translate", "tiny", photos, tmp_path / "plain").status == 0
    assert program("translate", "tiny", photos, tmp_path / "other", *options).status == 0
    for path in (tmp_path / "plain").rglob("*.png"):
        plain, other = (
            cv2.imread(str(tmp_path / name / path.relative_to(tmp_path / "plain"))) for name in ("plain", "other")
        )
        assert cv2.absdiff(plain, other).max() <= 1


def test_filters_work_in_their_order_and_steady_before_all_others(program: Any, photos: Path, tmp_path: Path) -> None:
    def filters(*words: str) -> list[str]:
        report = tmp_path / "report.json"
        done = program("translate", "tiny", photos / "a.png", tmp_path / "a.png", "--report", report, *words)
        assert done.status == 0
        (tmp_path / "a.png").unlink()
        return [
            f"{one['name']} {one['options']}" for one in json.loads(report.read_text("ascii"))["options"]["filters"]
        ]

    assert filters() == []
    sharpen = "sharpen {'amount': 2.0, 'radius': 1.0}"
    assert filters("-f", "sharpen:amount=2", "--filter", "steady:strength=0.5", "--steady") == [
        "steady {'strength': 0.8}",
        sharpen,
        "steady {'strength': 0.5}",
    ]


def test_steady_without_the_plugin_that_has_it_says_what_is_missing(program: Any, photos: Path, tmp_path: Path) -> None:
    done = program("--plugins", "srgan", "translate", "tiny", photos, tmp_path / "out", "--steady")
    assert (done.status, done.out) == (2, "")
    assert "no plugin provides the filter 'steady'; installed filters: none" in done.err
    assert "Only the plugins 'srgan' are used" in done.err


def test_a_second_job_on_a_folder_ends_with_3(program: Any, photos: Path, tmp_path: Path) -> None:
    from img2img.translation.journal import Journal

    first = Journal(tmp_path / "out", "S")
    done = program("translate", "tiny", photos, tmp_path / "out")
    first.close()
    assert (done.status, done.out) == (3, "")
    assert "another job is writing to" in done.err
