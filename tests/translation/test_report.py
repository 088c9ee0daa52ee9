"""The report of a job as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from img2img.errors import WriteError
from img2img.translation.passed_over import PassedOver
from img2img.translation.report import Item, Report


@pytest.fixture
def report() -> Report:
    items = [
        Item(Path("in/a.png"), Path("out/a.png"), "done", notes=("CMYK converted",), seconds=0.25),
        Item(Path("in/b.png"), Path("out/b.png"), "failed", reason="in/b.png: empty"),
        Item(Path("in/c.png"), Path("out/c.png"), "skipped", reason="done already"),
        Item(Path("in/d.png"), Path("out/d.png")),
    ]
    passed_over = [PassedOver(Path(f"in/{name}"), ".txt", "no image") for name in ("a.txt", "b.txt")]
    return Report(items, "model.safetensors", "abc", {"quality": 90}, passed_over, seconds=1.5, stopped="stopped")


def test_the_counts_add_up_to_what_was_planned(report: Report) -> None:
    assert report.counts == {"done": 1, "damaged": 0, "skipped": 1, "failed": 1, "planned": 1}
    assert sum(report.counts.values()) == len(report.items)


def test_a_report_says_all_of_it(report: Report, tmp_path: Path) -> None:
    report.write(tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text("ascii"))
    assert {name: read[name] for name in ("schema", "model", "sha256", "options", "ignored", "seconds", "stopped")} == {
        "schema": "img2img.report/1",
        "model": "model.safetensors",
        "sha256": "abc",
        "options": {"quality": 90},
        "ignored": 2,
        "seconds": 1.5,
        "stopped": "stopped",
    }
    assert read["passed_over"][1] == {"path": "in/b.txt", "kind": ".txt", "reason": "no image"}
    assert read["planned"] == sum(read["counts"].values()) == 4
    assert read["counts"] == {"done": 1, "damaged": 0, "skipped": 1, "failed": 1, "not_reached": 1}
    assert [item["status"] for item in read["items"]] == ["done", "failed", "skipped", "not_reached"]
    assert read["items"][0] == {
        "source": "in/a.png",
        "target": "out/a.png",
        "status": "done",
        "reason": "",
        "notes": ["CMYK converted"],
        "seconds": 0.25,
    }


@pytest.mark.parametrize("name", [b"line\nbreak.png", b"bad\xff.png", "日本.png".encode(), b'a"b\\c.png'])
def test_any_name_comes_back_from_the_report(name: bytes, tmp_path: Path) -> None:
    path = Path(os.fsdecode(name))
    Report([Item(path, path, "done")], "m", "").write(tmp_path / "report.json")
    (item,) = json.loads((tmp_path / "report.json").read_text("ascii"))["items"]
    assert os.fsencode(item["source"]) == os.fsencode(item["target"]) == name


def test_a_report_replaces_the_one_before_whole_or_not_at_all(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    report.write(path)
    report.items = report.items[:1]
    report.write(path)
    assert json.loads(path.read_text("ascii"))["planned"] == 1
    assert [child.name for child in tmp_path.iterdir()] == ["report.json"]
    with pytest.raises(WriteError):
        report.write(tmp_path / "missing" / "report.json")
