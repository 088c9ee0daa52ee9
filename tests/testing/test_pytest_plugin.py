"""pytest in a process of its own, on the project of a tiny plugin that names itself in one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from img2img.testing.project import installed_as

Project = Callable[..., Path]


def run_pytest(root: Path, *words: str) -> tuple[int, str]:
    with installed_as(root) as variables:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", *words]
        done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_one_line_makes_each_promise_a_test_beside_the_authors_own(project: Project) -> None:
    root = project()
    (root / "tests").mkdir()
    (root / "tests" / "test_own.py").write_text("def test_own(): pass\n")
    with (root / "pyproject.toml").open("a") as file:
        file.write('testpaths = ["tests"]\n')
    status, text = run_pytest(root, "-v", "-k", "own or tiny and not file and not stopped and not calls")
    assert status == 0, text
    assert "tests/test_own.py::test_own PASSED" in text
    assert "pyproject.toml::family tiny::the halo is as wide as the network looks PASSED" in text
    assert int(re.search(r"(\d+) passed", text).group(1)) > 30


def test_a_failure_says_what_was_measured_and_shows_no_traceback(project: Project) -> None:
    root = project("narrow", ("translator.py", "halo=5", "halo=4"))
    status, text = run_pytest(root, "pyproject.toml", "-k", "halo or seed")
    assert status == 1
    assert "halo=4 is declared, and a pixel that lies 5 away changed the result\nwith -o width=4 -o crop=32" in text
    assert "Traceback" not in text
    assert "reach.py" not in text
    assert "1 failed, 2 passed" in text


def test_a_plugin_that_ends_its_process_fails_at_its_line_and_pytest_goes_on(project: Project) -> None:
    build = "        return Generator(config.width)"
    root = project("quits", ("family.py", build, f"        import os\n\n        os._exit(0)\n{build}"))
    status, text = run_pytest(root, "pyproject.toml", "-k", "builds or summary")
    assert status == 1
    assert re.search(r"it ends the process, with status 0 \(family.py, line \d+: os._exit\(0\)\)", text)
    assert "the same seed builds the same generator" in text
    assert " passed" in text


def test_a_plugin_that_cannot_be_loaded_is_an_error_with_its_reason(project: Project) -> None:
    status, text = run_pytest(project("torn", ("__init__.py", "import img2img\n", "import no_such_module\n")))
    assert status == 2
    assert "No module named 'no_such_module'" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("module", ["img2img.testing", "img2img.testing.pytest_plugin"])
def test_what_every_pytest_imports_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{'torch', 'numpy', 'cv2', 'pydantic'}} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == ""
