"""`img2img new-plugin`: what it writes is installed beside the runtime, trained, applied, and held to the contract."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from img2img.host.declarations import CONTRACT

LONG = "a_very_long_name_of_a_plugin_1"
FILES = {
    "README.md",
    "pyproject.toml",
    ".github/workflows/test.yml",
    "img2img_my_look/__init__.py",
    "img2img_my_look/config.py",
    "img2img_my_look/data.py",
    "img2img_my_look/family.py",
    "img2img_my_look/networks.py",
    "img2img_my_look/trainer.py",
    "tests/test_my_look.py",
}


@pytest.mark.slow
def test_the_commands_that_it_prints_lead_to_a_translated_folder(beside: Any, photos: Path) -> None:
    """But for -e, for which hatchling needs a package of its own."""
    written = beside.program("new-plugin", "my_look")
    assert written.status == 0
    words = [line.split()[1:] for line in written.out.splitlines() if line.startswith("  img2img ")]
    install, train, translate, check = [[photos if word == "PHOTOS" else word for word in line] for line in words]
    install.remove("-e")
    small = ["-o", "steps=10", "-o", "width=4", "-o", "resize=16", "-o", "crop=16", "-o", "batch_size=2"]
    done = beside.program(*install)
    assert (done.status, done.out) == (0, "my_look (img2img-my-look 0.1.0)  ok  families: my_look\n")
    assert beside.program(*train, *small).status == 0
    assert beside.program(*translate).status == 0
    assert {path.name for path in (beside.folder / "out" / "my_look").rglob("*.png")} == {"a.png", "b.png", "c.png"}
    assert check == ["check-plugin", "my_look"]


@pytest.mark.slow
def test_its_own_tests_pass_and_hold_it_to_the_contract(beside: Any) -> None:
    beside.program("new-plugin", "my_look")
    assert beside.program("install", "img2img-my-look").status == 0
    tested = beside.run("-m", "pytest", "-v", cwd="img2img-my-look")
    assert tested.status == 0, tested.out
    assert "test_a_short_training_draws_a_picture_that_it_never_saw PASSED" in tested.out
    assert "a stopped run goes on to the same bits PASSED" in tested.out


def test_it_writes_a_project_and_leaves_no_trace_of_what_it_was_copied_from(program: Any, tmp_path: Path) -> None:
    done = program("new-plugin", "my_look", "--into", tmp_path / "projects")
    project = tmp_path / "projects" / "img2img-my-look"
    assert str(project) in done.out
    assert {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()} == FILES
    text = "".join((project / name).read_text("utf-8") for name in FILES)
    assert "template" not in text.lower()
    assert f'[project.entry-points."img2img.contract"]\n{CONTRACT} = "img2img_my_look"\n' in text


@pytest.mark.parametrize("name", ["a", LONG])
def test_ruff_finds_nothing_in_it_whatever_its_name(name: str, program: Any, tmp_path: Path) -> None:
    program("new-plugin", name, "--into", tmp_path)
    (project,) = tmp_path.glob("img2img-*")
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."]):
        done = subprocess.run([sys.executable, "-m", *words], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("srgan", "that of a built-in"),
        ("class", "a keyword of Python"),
        ("My-Look", "such as my_look"),
        ("img2img-look", "such as look"),
        ("look_", "such as look"),
        ("9", "is no name for a plugin"),
        (f"{LONG}2", "at most 30 characters"),
        ("runtime", "img2img-runtime, which is installed already"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, reason: str, program: Any, tmp_path: Path) -> None:
    done = program("new-plugin", name, "--into", tmp_path / "projects")
    assert done.status == 2
    assert reason in done.err
    assert not (tmp_path / "projects").exists()


def test_the_name_of_an_installed_plugin_is_refused(install: Any, program: Any, tmp_path: Path) -> None:
    install("img2img-foo", families="foo bar")
    for name in ("foo", "bar"):
        done = program("new-plugin", name, "--into", tmp_path / "projects")
        assert (done.status, "foo (img2img-foo 1.0), which is installed" in done.err) == (2, True)


def test_a_folder_that_is_there_is_left_as_it_is(program: Any, tmp_path: Path) -> None:
    (tmp_path / "img2img-look").mkdir()
    done = program("new-plugin", "look", "--into", tmp_path)
    assert done.status == 2
    assert "exists already" in done.err
    assert not list((tmp_path / "img2img-look").iterdir())


def test_a_full_disk_is_an_error_that_names_the_project(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "img2img", "new-plugin", "hello"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        timeout=600,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    assert done.returncode == 3
    assert done.stderr.startswith("error: img2img-hello: cannot be written: File too large; raise the limit")
