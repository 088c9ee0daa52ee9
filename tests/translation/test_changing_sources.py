"""Sources that change, grow, shrink, vanish or become folders while a job runs are never done without a word."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from img2img import Model, PluginHost, VideoOptions, hookimpl, translate
from img2img.media import read_file
from img2img.translation import reading
from img2img.translation.report import Report

from ..video import clips

Change = Callable[[Path], object]


def replace(path: Path) -> None:
    shutil.copy(path.with_name("spare"), path.with_name("new"))
    path.with_name("new").replace(path)


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


CHANGES: list[Change] = [
    lambda path: path.unlink(),
    lambda path: os.truncate(path, path.stat().st_size // 2),
    append,
    replace,
    become_a_folder,
    become_a_pipe,
]
NAMES = ["vanish", "truncate", "append", "replace", "folder", "pipe"]


@pytest.fixture
def job(make: Any, tmp_path: Path) -> Callable[[Change], Report]:
    """Translate three images, of which the network changes the source of one before it returns."""

    def job(change: Change) -> Report:
        folder = make.folder(tmp_path / "in", 2)
        make.save(folder / "victim.png", make.picture(20, 24))
        make.save(folder.parent / "spare.png", make.picture(20, 24, seed=9)).rename(folder / "spare")

        def network(images: Tensor) -> Tensor:
            if images.shape[2] == 20:
                change(folder / "victim.png")
            return images

        return translate(folder, tmp_path / "out", model=make.model(make.translator(network)))

    return job


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
def test_an_image_that_changes_after_it_was_read_is_named(change: Change, job: Any, make: Any, tmp_path: Path) -> None:
    before = make.picture(20, 24)
    report: Report = job(change)
    (item,) = [item for item in report.items if item.status != "done"]
    assert item.status == "damaged"
    assert item.reason.startswith(f"{tmp_path / 'in' / 'victim.png'}: it was changed, replaced or removed while")
    assert (make.load(tmp_path / "out" / "victim.png") == before).all(), "the target shows what was read"


def test_an_image_that_was_only_touched_is_done(job: Any) -> None:
    assert job(lambda path: os.utime(path)).counts["done"] == 3


def test_an_image_that_is_replaced_by_its_copy_is_done(job: Any) -> None:
    assert job(lambda path: (shutil.copy(path, path.with_name("new")), path.with_name("new").replace(path)))


def test_an_image_that_grows_while_it_is_read_fails(
    photos: Path, tmp_path: Path, enlarger: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def growing(path: Path) -> bytes:
        data = read_file(path)
        if path.name == "0.png":
            append(path)
        return data

    monkeypatch.setattr(reading, "read_file", growing)
    report = translate(photos, tmp_path / "out", model=enlarger)
    assert [item.reason for item in report.items if item.status == "failed"] == [
        f"{photos / '0.png'}: it was changed while it was read; run again"
    ]


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
def test_an_image_that_changes_before_it_is_read_costs_itself(
    change: Change, photos: Path, tmp_path: Path, enlarger: Model, host: PluginHost
) -> None:
    shutil.copy(photos / "1.png", photos / "spare")

    class Watcher:
        @hookimpl
        def translation_started(self) -> None:
            change(photos / "0.png")

    host.add_observer(Watcher())
    report = translate(photos, tmp_path / "out", model=enlarger, host=host)
    assert report.counts["failed"] == (0 if change in (append, replace) else 1)
    assert report.counts["done"] == 7 - report.counts["failed"]


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
def test_a_clip_that_changes_while_it_is_translated_fails_and_the_others_are_done(
    change: Change, tmp_path: Path, make: Any
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    clips.write(folder / "a.mkv", frames=5, size=(32, 24))
    clips.write(folder / "spare.mkv", frames=5, size=(48, 40), first=7).rename(folder / "spare")
    clips.write(folder / "victim.mkv", frames=5, size=(48, 40))
    done: list[Path] = []

    def network(images: Tensor) -> Tensor:
        if images.shape[2] == 40 and not done:
            done.append(folder)
            change(folder / "victim.mkv")
        return images

    report = translate(folder, tmp_path / "out", model=make.model(make.translator(network)))
    assert [item.status for item in report.items] == ["done", "failed"]
    assert str(folder / "victim.mkv") in report.items[1].reason
    assert list(make.tree(tmp_path / "out")) == ["a.mkv"]


def test_an_image_of_a_video_that_changes_meanwhile_fails_the_video(tmp_path: Path, make: Any) -> None:
    folder = make.folder(tmp_path / "in", 6)
    done: list[Path] = []

    def network(images: Tensor) -> Tensor:
        if not done:
            done.append(folder)
            make.save(folder / "0.png", make.picture(seed=99))
        return images

    model = make.model(make.translator(network))
    (item,) = translate(folder, tmp_path / "out.mkv", model=model, video=VideoOptions(fps=Fraction(25))).items
    assert item.status == "failed"
    assert "it was changed or replaced while it was translated" in item.reason
