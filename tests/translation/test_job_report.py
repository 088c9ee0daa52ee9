"""What a job tells: its observers and its report, whatever becomes of it."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from img2img import PluginHost, hookimpl, translate
from img2img.errors import FatalError, Stopped, UsageError
from img2img.translation.job import Job
from img2img.translation.place import Place
from img2img.translation.report import Item, Report

Again = Callable[..., Report]


class Watcher:
    def __init__(self) -> None:
        self.events: list[str] = []
        self.ended: list[Item] = []

    @hookimpl
    def translation_started(self, job: Job) -> None:
        self.events.append(f"started {len(job.items)}")

    @hookimpl
    def batch_translated(self, job: Job, items: Sequence[Item]) -> None:
        self.ended += items

    @hookimpl
    def translation_finished(self, job: Job, report: Report) -> None:
        self.events.append(f"finished {report.counts['done']} {report.stopped}")


def test_observers_hear_of_the_job_and_of_each_item_whatever_becomes_of_it(
    again: Again, host: PluginHost, photos: Path
) -> None:
    watcher = Watcher()
    host.add_observer(watcher)
    (photos / "bad.png").write_bytes(b"")
    again()
    (photos / "0.png").unlink()
    again()
    assert watcher.events == ["started 8", "finished 7 ", "started 7", "finished 0 "]
    assert sorted(item.status for item in watcher.ended) == ["done"] * 7 + ["failed"] * 2 + ["skipped"] * 6


def test_an_observer_that_raises_stops_the_job_where_plugins_are_strict_and_only_there(
    again: Again, host: PluginHost, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        @hookimpl
        def batch_translated(self) -> None:
            raise ZeroDivisionError

    host.strict = False
    host.add_observer(Failing())
    with caplog.at_level(logging.WARNING):
        assert again().counts["done"] == 7
    assert "is switched off" in caplog.text
    host.strict = True
    host.add_observer(Failing())
    with pytest.raises(ZeroDivisionError):
        again()


@pytest.mark.parametrize("emptied", ["items", "report"])
def test_an_observer_takes_no_item_from_a_job_and_none_from_its_report(
    emptied: str, again: Again, host: PluginHost, photos: Path, tmp_path: Path
) -> None:
    class Thief:
        @hookimpl
        def translation_started(self, job: Any) -> None:
            if emptied == "items":
                job.items.clear()

        @hookimpl
        def translation_finished(self, report: Any) -> None:
            report.items = ()

    class Setter:
        @hookimpl
        def translation_started(self, job: Any) -> None:
            job.items = []

    host.strict = False
    host.add_observer(Thief())
    host.add_observer(Setter())
    (photos / "bad.png").write_bytes(b"")
    report = again(report=tmp_path / "report.json")
    assert report.counts["done"] == 7
    assert report.counts["failed"] == 1
    assert read(tmp_path / "report.json")["counts"]["failed"] == 1


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("ascii"))


def test_the_report_is_written_into_a_folder_that_is_made_for_it(again: Again, tmp_path: Path) -> None:
    again(report=tmp_path / "new" / "folder" / "report.json")
    report = read(tmp_path / "new" / "folder" / "report.json")
    assert report["planned"] == report["counts"]["done"] == 7
    assert report["stopped"] == ""


def test_a_job_that_is_stopped_reports_what_it_has_done(again: Again, tmp_path: Path) -> None:
    asked: list[int] = []
    with pytest.raises(Stopped):
        again(report=tmp_path / "report.json", stop=lambda: asked.append(1) or len(asked) > 5, batch_size=1)
    report = read(tmp_path / "report.json")
    assert sum(report["counts"].values()) == report["planned"] == 7
    assert report["counts"]["failed"] == 0
    assert report["counts"]["not_reached"] > 0
    assert "the same command goes on from there" in report["stopped"]
    assert again(report=tmp_path / "report.json").counts["failed"] == 0
    assert read(tmp_path / "report.json")["counts"]["not_reached"] == 0


@pytest.mark.parametrize("place", ["in/0.png", "out/0.png", "in", "/dev/null", "in/0.png/report.json"])
def test_a_report_that_would_cost_an_image_or_cannot_be_is_refused_at_once(
    place: str, again: Again, photos: Path, tmp_path: Path, make: Any
) -> None:
    before = make.tree(photos)
    with pytest.raises(UsageError):
        again(report=tmp_path / place)
    assert make.tree(photos) == before
    assert make.tree(tmp_path / "out") == {}


def test_a_report_that_cannot_be_written_does_not_hide_why_the_job_stopped(
    again: Again, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(place: Place, data: bytes) -> None:
        shutil.rmtree(tmp_path / "reports", ignore_errors=True)  # several images may come here at once
        raise FatalError("the disk is full")

    monkeypatch.setattr(Place, "write", full)
    with pytest.raises(FatalError, match="the disk is full"):
        again(report=tmp_path / "reports" / "report.json", batch_size=7)
    assert "report.json: cannot be written" in caplog.text


@pytest.mark.parametrize("option", [{"quality": 0}, {"quality": 101}, {"format": "gif"}, {"batch_size": -2}], ids=str)
def test_options_that_cannot_be_are_refused_before_anything_is_written(
    option: dict[str, Any], again: Again, tmp_path: Path, make: Any
) -> None:
    with pytest.raises(UsageError):
        again(**option)
    assert make.tree(tmp_path / "out") == {}


def test_a_network_that_returns_the_wrong_size_fails_each_item_and_writes_nothing(
    photos: Path, tmp_path: Path, host: PluginHost, make: Any
) -> None:
    model = make.model(make.translator(nn.Upsample(scale_factor=4), scale=2))
    report = translate(photos, tmp_path / "out", model=model, host=host)
    assert report.counts["failed"] == 7
    assert "the network returned (1, 3, 48, 64)" in report.items[0].reason
    assert make.tree(tmp_path / "out") == {}
