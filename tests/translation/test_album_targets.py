"""Jobs whose targets become one file, such as a zip: it is complete or not there, and what is done is kept."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from img2img import Output, UsageError
from img2img.errors import Stopped, WriteError

from .drawers import DrawerSource, here, png


def entries(path: str) -> dict[str, tuple[int, int]]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {
            name: cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), -1).shape[:2] for name in archive.namelist()
        }


def test_a_zip_as_target_holds_the_targets_of_a_folder_and_nothing_stays_beside_it(job: Any, photos: Path) -> None:
    report = job(photos, "out.zip")
    names = {str(path.relative_to(photos)) for path in photos.rglob("*.*") if path.is_file()}
    assert report.counts["done"] == len(report.items)
    assert len(entries("out.zip")) == len(report.items) <= len(names)
    assert here() == ["out.zip"]
    assert {str(item.target) for item in report.items} == {f"out.zip/{name}" for name in entries("out.zip")}
    with pytest.raises(UsageError, match=r"out.zip exists; replace it by --overwrite"):
        job(photos, "out.zip")
    first = Path("out.zip").read_bytes()
    job(photos, "out.zip", output=Output(overwrite=True))
    assert Path("out.zip").read_bytes() == first


def test_a_zip_is_written_of_what_could_be_translated(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("a.png", png(2, 2)), ("bad.png", b"junk"), ("sub/b.png", png(3, 3))]
    assert job("drawer:x", "out.zip").counts["failed"] == 1
    assert entries("out.zip") == {"a.png": (4, 4), "sub/b.png": (6, 6)}


def test_a_job_that_is_stopped_leaves_no_zip_and_goes_on_from_there(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [(f"{width}.png", png(2, width)) for width in range(1, 61)]
    with pytest.raises(Stopped):
        job("drawer:x", "out.zip", stop=lambda: any(Path(".img2img").rglob("*.png")))
    assert here() == [".img2img"]
    report = job("drawer:x", "out.zip")
    assert report.counts["skipped"] > 0
    assert report.counts["skipped"] + report.counts["done"] == 60
    assert len(entries("out.zip")) == 60
    assert here() == ["out.zip"]


def test_a_zip_that_is_its_own_source_is_refused(job: Any) -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("a.png", png(2, 2))
    before = Path("a.zip").read_bytes()
    with pytest.raises(UsageError, match=r"the target a.zip is a source"):
        job("a.zip", "./a.zip", output=Output(overwrite=True))
    assert Path("a.zip").read_bytes() == before


def test_a_plugin_that_cannot_write_ends_the_job_and_keeps_what_is_done(
    drawer: DrawerSource, job: Any, photos: Path
) -> None:
    with pytest.raises(WriteError, match=r"out.failing: the plugin that writes .failing files failed: RuntimeError"):
        job(photos, "out.failing")
    assert here() == [".img2img"]


def test_a_message_about_a_zip_names_it_and_not_the_folder_of_its_parts(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("a.png", png(2, 2)), ("a.jpg", png(2, 2))]
    with pytest.raises(UsageError, match=r"would both be written to out.zip/a.png"):
        job("drawer:x", "out.zip", output=Output(format="png"))
