"""`img2img check-plugin`: by name and by path, what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Project = Callable[..., Path]

ENTRY = '[project.entry-points.img2img]\nrefused = "img2img_refused"'

FILTER_PROJECT = """
[project]
name = "img2img-shown"
dependencies = ["img2img-runtime"]

[project.entry-points.img2img]
shown = "shown"
"""
FILTER = """
import img2img
from img2img import Filter

class Same(Filter):
    name, summary = "same", "leaves everything as it is"

@img2img.hookimpl
def register_filters(register):
    register(Same)
"""

UNUSABLE = {
    "it has no name": ("pyproject.toml", 'name = "img2img-refused"', "", "has no project.name"),
    "it is no plugin": (
        "pyproject.toml",
        ENTRY,
        '[project.entry-points.other]\na = "b"',
        "no entry point of the group",
    ),
    "its module is elsewhere": ("pyproject.toml", ENTRY, ENTRY.replace("img2img_", ""), "a module that is neither in"),
    "its contract is a later one": ("pyproject.toml", "1 = ", "7 = ", "needs contract 7"),
    "it declares another family": (
        "pyproject.toml",
        'families"]\nrefused',
        'families"]\nother',
        "its metadata declare families ['other'], and it registers ['refused']",
    ),
    "it cannot be imported": ("__init__.py", "import img2img\n", "import no_such_module\n", "'no_such_module'"),
}


def check(*words: object) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "img2img", "check-plugin", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_folder_that_is_not_installed_is_checked_and_each_promise_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(FILTER_PROJECT)
    (tmp_path / "src" / "shown").mkdir(parents=True)
    (tmp_path / "src" / "shown" / "__init__.py").write_text(FILTER)
    status, out, _ = check(tmp_path)
    assert status == 0, out
    assert "plugin shown\n  ok       package     it provides something\n" in out
    assert f"{'':23}its metadata do not declare what: give entry points of img2img.filters" in out
    assert "filter same\n  ok       filters     it has a name and a summary of one line\n" in out
    assert out.splitlines()[-1] == "23 kept, 0 broken, 0 skipped"


@pytest.mark.slow
def test_what_is_broken_is_shown_with_what_was_measured_and_the_status_is_1(project: Project) -> None:
    halo = ("translator.py", "halo=5", "halo=4")
    dependency = ("pyproject.toml", "img2img-runtime>=0.1", "img2img>=0.1")
    status, out, _ = check(project("short", halo, dependency), "-o", "width=5")
    assert status == 1
    lines = out.splitlines()
    first = lines.index("  BROKEN   reach       the halo is as wide as the network looks")
    assert lines[first + 1].strip() == "halo=4 is declared, and a pixel that lies 5 away changed the result"
    assert lines[first + 2].strip().startswith("with -o width=5 -o crop=32")
    first = lines.index("  BROKEN   package     it depends on the runtime by its name")
    assert "somebody else's; write img2img-runtime" in lines[first + 1]
    assert " 2 broken, " in lines[-1]


def test_an_installed_plugin_is_checked_by_its_name_and_reported_as_json() -> None:
    status, out, _ = check("filters", "--json")
    outcomes = json.loads(out)
    assert status == 0
    assert {"subject", "group", "promise", "state", "detail", "options", "seconds"} == outcomes[0].keys()
    assert {"plugin filters", "filter grain"} <= {outcome["subject"] for outcome in outcomes}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_loaded_is_refused_with_the_reason(case: str, project: Project) -> None:
    *change, reason = UNUSABLE[case]
    status, out, err = check(project("refused", tuple(change)))
    assert (status, out) == (2, "")
    assert reason in err


def test_a_name_that_nobody_has_is_refused_with_those_that_there_are() -> None:
    status, _, err = check("no-such-plugin")
    assert status == 2
    assert "no plugin 'no-such-plugin' is installed; installed are:" in err
    assert "srgan" in err
