"""This module lets another process use a plugin's project that is not installed, with its metadata."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from img2img.errors import PluginError
from img2img.host.declarations import GROUP


def name_of_project(project: Path) -> str:
    """Return the name of a project's distribution.

    Raises:
        PluginError: The folder holds no project of a plugin.
    """
    return str(_read(project)["name"])


@contextmanager
def installed_as(project: Path) -> Iterator[dict[str, str]]:
    """Return environment variables with which a process imports a project, with its metadata, as if installed.

    Raises:
        PluginError: The folder holds no project of a plugin.
    """
    about = _read(project)
    roots = _roots(project, about)
    with tempfile.TemporaryDirectory() as site:
        _write_metadata(Path(site), about)
        paths = [site, *map(str, roots), os.environ.get("PYTHONPATH", "")]
        variables = {name: value for name, value in os.environ.items() if name != "IMG2IMG_PLUGINS"}
        yield {**variables, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _read(project: Path) -> dict[str, Any]:
    path = project / "pyproject.toml"
    try:
        about = tomllib.loads(path.read_text("utf-8")).get("project", {})
    except OSError as error:
        raise PluginError(f"{project} holds no project of a plugin: cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise PluginError(f"{path} is not a TOML file: {error}") from error
    for key, example in (("name", 'name = "img2img-example"'), ("entry-points", "[project.entry-points.img2img]")):
        if not about.get(key):
            raise PluginError(f"{path} has no project.{key}; write, for example, {example}")
    if not about["entry-points"].get(GROUP):
        groups = ", ".join(about["entry-points"])
        raise PluginError(f"{path} has no entry point of the group {GROUP!r}, which makes a plugin; it has {groups}")
    return dict(about)


def _roots(project: Path, about: Mapping[str, Any]) -> list[Path]:
    """Return the folder of the project's modules: the project itself, or its `src`."""
    roots = [path.resolve() for path in (project, project / "src") if path.is_dir()]
    for name, value in about["entry-points"][GROUP].items():
        module = value.partition(":")[0].strip().replace(".", "/")
        if not any((root / module).is_dir() or (root / f"{module}.py").is_file() for root in roots):
            raise PluginError(
                f"the entry point {name} = {value!r} names a module that is neither in {project} nor in its src; "
                "correct the one or the other, or install the project and give the plugin's name"
            )
    return roots


def _write_metadata(site: Path, about: Mapping[str, Any]) -> None:
    name, version = about["name"], about.get("version", "0")
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in about.get("dependencies", ())]
    (folder / "METADATA").write_text("\n".join(lines) + "\n", "utf-8")
    points = [
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in entries.items())
        for group, entries in about["entry-points"].items()
    ]
    (folder / "entry_points.txt").write_text("\n\n".join(points) + "\n", "utf-8")
