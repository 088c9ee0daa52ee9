"""Folders and files that are closed to the program."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def place(public: Path, photos: Path, model: Callable[..., Path]) -> Path:
    """A folder with `in` and `model.safetensors`, which the program enters as nobody if we are root."""
    shutil.copytree(photos, public / "in")
    for folder in (public / "in", public / "in" / "b", public / "in" / "b" / "c"):
        folder.chmod(0o755)
    shutil.copy(model(delay=0), public / "model.safetensors")
    return public


@pytest.fixture
def translate(program: Any, place: Path) -> Callable[..., Any]:
    def translate(source: str, target: str, *words: str) -> Any:
        return program("translate", "model.safetensors", source, target, *words, cwd=place, as_nobody=True)

    return translate


def test_a_target_folder_that_is_read_only_ends_with_2(translate: Any, place: Path) -> None:
    (place / "out").mkdir()
    (place / "out").chmod(0o555)
    for source, target in (
        ("in", "out"),
        ("in", "out/new"),
        ("in/00.png", "out/00.png"),
        ("in/00.png", "out/new/0.png"),
    ):
        done = translate(source, target)
        assert (done.status, done.out) == (2, "")
        assert "cannot" in done.err
        assert "Traceback" not in done.err
    assert list((place / "out").iterdir()) == []


def test_a_folder_below_the_target_that_is_read_only_ends_with_2_before_anything_is_written(
    translate: Any, place: Path, tree: Any
) -> None:
    (place / "out" / "b").mkdir(parents=True)
    (place / "out").chmod(0o777)
    (place / "out" / "b").chmod(0o555)
    done = translate("in", "out")
    assert done.status == 2
    assert "cannot write to the folder out/b: no permission" in done.err
    assert tree(place / "out") == {}


def test_a_folder_that_cannot_be_read_is_named_and_not_passed_over(translate: Any, place: Path, tree: Any) -> None:
    (place / "in" / "b").chmod(0o000)
    done = translate("in", "out")
    assert (done.status, done.out) == (2, "")
    assert "cannot read the folder in/b: Permission denied" in done.err
    assert not (place / "out").exists()


def test_a_file_that_cannot_be_read_is_lost_alone(translate: Any, place: Path, tree: Any) -> None:
    (place / "in" / "00.png").chmod(0o000)
    done = translate("in", "out", "--report", "report.json")
    assert done.status == 1
    assert "in/00.png: cannot be read: Permission denied" in done.err
    assert len(tree(place / "out")) == 23
    assert json.loads((place / "report.json").read_text("ascii"))["counts"]["failed"] == 1


@pytest.mark.parametrize("closed", ["model.safetensors", "in"])
def test_a_model_or_a_source_that_is_closed_ends_with_2(closed: str, translate: Any, place: Path) -> None:
    (place / closed).chmod(0o000)
    done = translate("in", "out")
    assert (done.status, done.out) == (2, "")
    assert f"cannot read the {'model file' if closed != 'in' else 'folder'} {closed}: Permission denied" in done.err


def test_an_image_in_a_folder_that_is_closed_is_not_said_to_be_missing(translate: Any, place: Path) -> None:
    (place / "in").chmod(0o000)
    done = translate("in/00.png", "out.png")
    assert done.status == 2
    assert "in/00.png: Permission denied" in done.err


def test_a_report_that_cannot_be_written_is_refused_before_the_work(translate: Any, place: Path) -> None:
    (place / "logs").mkdir()
    (place / "logs").chmod(0o555)
    done = translate("in", "out", "--report", "logs/report.json")
    assert (done.status, done.out) == (2, "")
    assert "cannot write to the folder logs" in done.err
    assert not (place / "out").exists()
