"""Which plugin is asked for a source or target: by its scheme to the letter, and by suffixes that are its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from img2img import Frame, Model, Output, PluginHost, UsageError, translate
from img2img.errors import PluginError
from img2img.media.video import VideoOptions
from img2img.media.video.reader import VideoReader
from img2img.translation.kinds import ClipKinds
from img2img.translation.report import Report

from . import foreign
from .foreign import Told, ToldSource, ToldTarget


@pytest.fixture
def source(host: PluginHost) -> ToldSource:
    foreign.install(host, source := ToldSource())
    return source


@pytest.fixture
def job(enlarger: Model, host: PluginHost) -> Callable[..., Report]:
    def job(source: Any, target: Path, **options: Any) -> Report:
        return translate(source, target, model=enlarger, host=host, **options)

    return job


@pytest.mark.parametrize("address", ["http://h//p/../x/", "x" * 5000, "photo.png", "", ".", "told:x"], ids=len)
def test_an_address_arrives_as_it_was_typed(
    address: str, source: ToldSource, job: Callable[..., Report], tmp_path: Path
) -> None:
    report = job(f"told:{address}", tmp_path / "out.mkv", output=Output(report=tmp_path / "report.json"))
    assert (source.addresses, report.counts["done"]) == ([address], 1)
    assert json.loads((tmp_path / "report.json").read_text())["items"][0]["source"] == f"told:{address}"


def test_an_image_s_suffix_in_an_address_makes_no_image_of_it(
    source: ToldSource, job: Callable[..., Report], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    job("told:photo.png", tmp_path / "out", output=Output(format="mkv"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["told:photo.mkv"]


def test_the_end_cuts_a_picture_that_is_shown_long(
    source: ToldSource, job: Callable[..., Report], tmp_path: Path
) -> None:
    source.clip = Told([Frame(0, 2500, foreign.grey(9))])
    job("told:x", tmp_path / "out.mkv", video=VideoOptions(fps=Fraction(25), end=Fraction(1)))
    reader = VideoReader(tmp_path / "out.mkv")
    assert len(list(reader.frames())) == 25
    reader.close()


@pytest.mark.parametrize("name", ["jpg", "png", "mp4", "gif"])
@pytest.mark.parametrize("thing", [ToldSource(), ToldTarget({})])
def test_a_source_or_target_cannot_take_what_the_core_knows(
    thing: Any, name: str, host: PluginHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(thing), "name", name)
    with pytest.raises(PluginError, match=f"'{name}' is no name for a (source|target): img2img itself knows"):
        foreign.install(host, thing)


def test_what_is_only_declared_takes_nothing_of_the_core_either() -> None:
    kinds = ClipKinds.of(["jpg", "told", "a/mp4"], ["png", "told"], lambda name: None)
    assert (kinds.sources, kinds.targets) == ({"told"}, {"told"})
    assert kinds.scheme_of("jpg:x") == ""


def test_a_source_that_two_plugins_have_is_refused_and_named_in_full(
    source: ToldSource, job: Callable[..., Report], host: PluginHost, tmp_path: Path
) -> None:
    foreign.install(host, other := ToldSource(), name="other")
    (tmp_path / "film.told").touch()
    for what in ("told:x", tmp_path / "film.told"):
        with pytest.raises(UsageError, match="img2img-told/told or img2img-other/told"):
            job(what, tmp_path / "out.mkv")
    assert job("img2img-other/told:x", tmp_path / "out.mkv").counts["done"] == 1
    assert (source.addresses, other.addresses) == ([], ["x"])


def test_a_target_that_two_plugins_have_is_refused(
    source: ToldSource, job: Callable[..., Report], host: PluginHost, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        foreign.install(host, ToldTarget({}), name=name)
    with pytest.raises(UsageError, match=r"the target 'told' is provided by .*one.* and .*two"):
        job("told:x", tmp_path / "out.told")


def test_files_are_not_taken_for_what_only_has_a_scheme(
    source: ToldSource, job: Callable[..., Report], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToldSource, "reads_files", False)
    (photos / "film.told").touch()
    report = job(photos, tmp_path / "out")
    assert (len(report.passed_over), source.addresses) == (1, [])
    assert all(item.source.suffix != ".told" for item in report.items)


@pytest.mark.parametrize("fps", [None, Fraction(25)])
def test_files_that_need_a_rate_are_passed_over_in_a_folder_without_one(
    fps: Fraction | None,
    source: ToldSource,
    job: Callable[..., Report],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ToldSource, "needs_fps", True)
    (photos / "film.told").touch()
    report = job(photos, tmp_path / "out", video=VideoOptions(fps=fps))
    assert (len(report.passed_over), len(source.addresses)) == ((1, 0) if fps is None else (0, 1))


def test_where_all_files_need_a_rate_each_says_so_once(job: Callable[..., Report], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        np.save(tmp_path / "in" / f"{name}.npy", np.zeros((2, 8, 8), np.uint8))
    report = job(tmp_path / "in", tmp_path / "out")
    assert report.counts["failed"] == 2
    assert report.items[0].reason.count("a.npy") == 1
