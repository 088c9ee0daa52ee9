"""What is declared in more than one place is the same in all of them, and what is installed is complete."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from img2img.contract import hookspecs
from img2img.host.declarations import CONTRACT, GROUP
from img2img.host.kinds import KINDS, Kind

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/pyproject.toml"))


def declaration(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("name", PLUGINS)
def test_a_built_in_declares_by_itself_what_the_root_declares_of_it(name: str) -> None:
    root, own = declaration(ROOT / "pyproject.toml"), declaration(ROOT / "plugins" / name / "pyproject.toml")
    packages = root["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for group, points in own["project"]["entry-points"].items():
        for entry, module in points.items() if group != "img2img.contract" else ():
            assert root["project"]["entry-points"][group][entry] == module
            assert f"plugins/{name}/{module.split(':')[0]}" in packages
    assert list(own["project"]["entry-points"]["img2img.contract"]) == [str(CONTRACT)]
    wanted = dict(re.findall(r"^([a-z0-9-]+)(.*)$", "\n".join(root["project"]["dependencies"]), re.MULTILINE))
    for dependency in own["project"]["dependencies"]:
        package, bound = re.fullmatch(r"([a-z0-9-]+)(.*)", dependency).groups()
        assert package == root["project"]["name"] or wanted[package] == bound
    assert own["project"]["version"] == root["project"]["version"]


def test_the_root_declares_of_the_built_ins_what_they_declare_by_themselves() -> None:
    own = [declaration(ROOT / "plugins" / name / "pyproject.toml")["project"]["entry-points"] for name in PLUGINS]
    for group, points in declaration(ROOT / "pyproject.toml")["project"]["entry-points"].items():
        if group.startswith("img2img"):
            assert points == {entry: module for groups in own for entry, module in groups.get(group, {}).items()}


def test_every_folder_with_a_plugin_is_installed_by_the_root() -> None:
    entries = declaration(ROOT / "pyproject.toml")["project"]["entry-points"]["img2img"]
    assert sorted(entries) == PLUGINS


def test_the_hook_table_of_the_plugin_page_is_what_the_code_has() -> None:
    page = (ROOT / "plugins" / "README.md").read_text("utf-8")
    table = set(re.findall(r"^\| `(\w+)\(([\w, ]*)\)`", page[page.index("## Hooks") :], re.MULTILINE))
    specs = {
        (name, ", ".join(function.__code__.co_varnames[: function.__code__.co_argcount]))
        for name, function in vars(hookspecs).items()
        if hasattr(function, "img2img_spec")
    }
    assert table == specs


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.hook], ids=lambda kind: kind.plural)
def test_the_plugin_page_says_of_each_kind_what_the_code_says(kind: Kind[Any]) -> None:
    page = (ROOT / "plugins" / "README.md").read_text("utf-8")
    ((takes, group),) = re.findall(rf"^\| `{kind.hook}\(register\)` \|[^|]*\| (.*) \| `(.*)` \|$", page, re.MULTILINE)
    assert (takes.replace("`", ""), group) == (kind.takes, f"{GROUP}.{kind.plural}")


def test_the_plugin_page_names_no_group_of_entry_points_that_there_is_not() -> None:
    page = (ROOT / "plugins" / "README.md").read_text("utf-8")
    named = set(re.findall(r"group `img2img\.(\w+)`", page)) | set(
        re.findall(r"\| `img2img\.(\w+)` \|$", page, re.MULTILINE)
    )
    assert named == {kind.plural for kind in KINDS} | {"contract"}


def test_a_wheel_holds_the_plugins_and_finds_its_bundled_models_by_name(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"img2img/py.typed", "img2img_srgan/family.py"} <= names
    assert "img2img/scaffold/template/.github/workflows/test.yml" in names
    bundled = {f"img2img/bundled/{path.name}" for path in (ROOT / "samples" / "models").glob("*.safetensors")}
    assert bundled
    assert bundled <= names
    assert not [name for name in names if name.startswith(("tests/", "samples/"))]
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    command = [sys.executable, "-m", "img2img", "models", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    listed = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout
    assert json.loads(listed)["models"]["photo-x4"]["path"].startswith(str(tmp_path / "site"))
