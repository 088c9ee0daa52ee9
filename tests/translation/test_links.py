"""Links in a target folder: whatever they point to, nothing outside of the folder is changed or deleted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from img2img import Model, PluginHost, UsageError, hookimpl, translate
from img2img.errors import WriteError
from img2img.translation.options import Output
from img2img.translation.report import Report

Again = Callable[..., Report]


def everything(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Name, content, mode and time of each file, and the folders."""
    found = {}
    for path in folder.rglob("*"):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (content, about.st_mode, about.st_mtime_ns if path.is_file() else 0)
    return found


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with things of the user's that jobs also have names for."""
    folder = tmp_path / "outside"
    for name in ("journal.jsonl", "lock", "settings", "0.png", ".img2img-aaa.part", "clips/precious", "sub/precious"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"precious")
    return folder


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("link", "to"),
    [
        (".img2img", ""),
        (".img2img", "nothing"),
        (".img2img/journal.jsonl", "journal.jsonl"),
        (".img2img/journal.jsonl", "nothing"),
        (".img2img/lock", "lock"),
        (".img2img/lock", "nothing"),
        ("below", ""),
        ("below", "nothing"),
    ],
)
def test_a_link_in_the_way_is_refused_before_anything_is_done(
    link: str, to: str, overwrite: bool, again: Again, outside: Path, tmp_path: Path
) -> None:
    before = everything(outside)
    path = tmp_path / "out" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(outside / to)
    with pytest.raises(UsageError, match=f"out/{link} is a link"):
        again(overwrite=overwrite)
    assert everything(outside) == before
    assert not (tmp_path / "out" / "0.png").exists()
    assert path.is_symlink()


def test_a_link_under_a_targets_name_is_replaced_and_not_followed(again: Again, outside: Path, tmp_path: Path) -> None:
    before = everything(outside)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "0.png").symlink_to(outside / "0.png")
    with pytest.raises(UsageError, match="targets exist"):
        again()
    assert again(overwrite=True).counts["done"] == 7
    assert everything(outside) == before
    assert not (tmp_path / "out" / "0.png").is_symlink()


@pytest.mark.parametrize("name", ["journal.jsonl", "lock"])
def test_a_hard_link_to_a_file_outside_changes_nothing_there(
    name: str, again: Again, outside: Path, tmp_path: Path
) -> None:
    before = everything(outside)
    (tmp_path / "out" / ".img2img").mkdir(parents=True)
    os.link(outside / name, tmp_path / "out" / ".img2img" / name)
    assert again().counts["done"] == 7
    assert again().counts["skipped"] == 7
    assert everything(outside) == before


@pytest.mark.parametrize("kind", [os.mkfifo, Path.mkdir])
@pytest.mark.parametrize("name", ["journal.jsonl", "lock"])
def test_what_is_no_file_in_the_place_of_one_is_refused_and_does_not_hang(
    name: str, kind: Callable[[Path], object], again: Again, tmp_path: Path
) -> None:
    (tmp_path / "out" / ".img2img").mkdir(parents=True)
    kind(tmp_path / "out" / ".img2img" / name)
    with pytest.raises(UsageError, match="cannot write to the folder"):
        again()


def test_the_target_that_the_user_names_may_be_a_link(again: Again, tmp_path: Path, make: Any) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    assert again().counts["done"] == 7
    assert again().counts["skipped"] == 7
    assert len(make.tree(tmp_path / "elsewhere")) == 7


def test_a_single_target_may_lie_in_a_linked_folder(
    photos: Path, tmp_path: Path, enlarger: Model, host: PluginHost
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    translate(photos / "0.png", tmp_path / "out" / "a.png", model=enlarger, host=host)
    assert (tmp_path / "elsewhere" / "a.png").is_file()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("link", ["below", ".img2img"])
def test_a_link_that_is_planted_while_the_job_runs_leads_nowhere(
    link: str, overwrite: bool, again: Again, outside: Path, tmp_path: Path, host: PluginHost
) -> None:
    class Planter:
        @hookimpl
        def translation_started(self) -> None:
            (tmp_path / "out" / link).rename(tmp_path / "moved")
            (tmp_path / "out" / link).symlink_to(outside)

    before = everything(outside)
    host.add_observer(Planter())
    with pytest.raises(WriteError, match=f"out/{link} is a link"):
        again(overwrite=overwrite)
    assert everything(outside) == before


def test_a_pattern_that_goes_up_writes_nothing_beside_the_target_folder(
    tmp_path: Path, enlarger: Model, host: PluginHost, make: Any
) -> None:
    make.save(tmp_path / "in" / "a" / "b" / "1.png", make.picture())
    make.save(tmp_path / "in" / "2.png", make.picture())
    with pytest.raises(UsageError, match="leads out of"):
        translate(f"{tmp_path}/in/a/*/../../*.png", tmp_path / "made" / "out", model=enlarger, host=host)
    assert make.tree(tmp_path / "made") == {}


def test_a_file_that_appears_under_a_targets_name_while_the_job_runs_is_kept(
    again: Again, tmp_path: Path, host: PluginHost
) -> None:
    class Other:
        @hookimpl
        def translation_started(self) -> None:
            (tmp_path / "out" / "0.png").write_bytes(b"mine")

    host.add_observer(Other())
    report = again()
    assert report.counts["done"] == 6
    (lost,) = [item for item in report.items if item.status == "failed"]
    assert "0.png: another program made this file in the meantime, and it is kept" in lost.reason
    assert (tmp_path / "out" / "0.png").read_bytes() == b"mine"


def test_of_two_jobs_that_make_one_image_the_second_says_so(
    photos: Path, tmp_path: Path, enlarger: Model, host: PluginHost
) -> None:
    class Other:
        begun = False

        @hookimpl
        def translation_started(self) -> None:
            if not self.begun:
                self.begun = True
                assert job().counts["done"] == 1

    def job() -> Report:
        return translate(photos / "0.png", tmp_path / "a.png", model=enlarger, host=host)

    host.add_observer(Other())
    (item,) = job().items
    assert "another program made this file" in item.reason


def test_leftovers_behind_a_link_stay(
    photos: Path, tmp_path: Path, outside: Path, enlarger: Model, host: PluginHost
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "below").symlink_to(outside)
    with pytest.raises(UsageError):
        translate(photos, tmp_path / "out", model=enlarger, host=host, output=Output(overwrite=True))
    assert (outside / ".img2img-aaa.part").exists()


def test_a_folder_that_appears_under_a_targets_name_while_the_job_runs_costs_only_that_item(
    again: Again, tmp_path: Path, host: PluginHost
) -> None:
    class Other:
        @hookimpl
        def translation_started(self) -> None:
            (tmp_path / "out" / "0.png").mkdir()

    host.add_observer(Other())
    report = again()
    assert report.counts["done"] == 6
    assert "0.png: another program made this file" in next(item.reason for item in report.items if item.reason)


@pytest.mark.parametrize("create", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(os.devnull)])
def test_what_is_no_file_under_a_targets_name_is_refused_before_the_job_begins(
    again: Again, tmp_path: Path, create: Any
) -> None:
    (tmp_path / "out").mkdir()
    create(tmp_path / "out" / "0.png")
    with pytest.raises(UsageError, match=r"0\.png is a folder, a pipe or a device, and nothing replaces it"):
        again(overwrite=True)
