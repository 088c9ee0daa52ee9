"""What the program lists of a model's conditions, and what it takes for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LINE = "label=cyanotype|night|photo|sepia  (label, required)  the class"


@pytest.mark.parametrize("command", ["inspect", "models"])
def test_the_conditions_of_a_model_are_listed(command: str, program: Any) -> None:
    done = program(command, "tones")
    assert (done.status, done.err) == (0, "")
    assert f"  {LINE}" in done.out
    assert json.loads(program(command, "tones", "--json").out)["conditions"][0].startswith(LINE)


@pytest.mark.parametrize("command", ["translate", "live"])
def test_the_help_of_a_command_lists_the_conditions_of_the_model_that_is_given(command: str, program: Any) -> None:
    done = program(command, "tones", "--help")
    assert done.status == 0
    assert "Conditions of tones:\n  -c label=cyanotype|night|photo|sepia  (label, required)" in done.out
    for words in (["tiny"], ["nowhere"], []):
        done = program(command, *words, "--help")
        assert done.status == 0
        assert "Conditions of" not in done.out


def test_a_model_without_conditions_says_so(program: Any) -> None:
    assert program("models", "tiny").out == "conditions of tiny:\n  none\n"


def test_the_single_required_condition_needs_no_name(program: Any, photos: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert program("translate", "tones", photos, tmp_path / "out", "-c", "night", "--report", report).status == 0
    assert json.loads(report.read_text())["options"]["conditions"] == {"label": "night"}
    done = program("translate", "tones", photos, tmp_path / "out", "-c", "label=night")
    assert "3 skipped" in done.err


def test_each_image_has_its_own_label_in_a_table(program: Any, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("name,label\na.png,night\nbelow/c,sepia\n")
    done = program("translate", "tones", photos, tmp_path / "out", "-c", f"label=@{tmp_path / 'labels.csv'}")
    assert done.status == 1
    assert "labels.csv has no row for 'b.png'; it names a.png, below/c" in done.err
    assert "2 done, 1 failed" in done.err


def test_a_label_that_is_missing_is_asked_for_with_the_choices(program: Any, photos: Path, tmp_path: Path) -> None:
    done = program("translate", "tones", photos, tmp_path / "out")
    assert done.status == 2
    assert "give -c label=cyanotype|night|photo|sepia" in done.err
