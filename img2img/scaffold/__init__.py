"""This package writes the project of a new plugin: a copy of the working plugin in `template`, under another name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from img2img.errors import PluginError
from img2img.host.declarations import find_plugins
from img2img.host.kinds import FAMILIES
from img2img.media import unwritable

TEMPLATE = Path(__file__).parent / "template"
LONGEST_NAME = 30
"""Most characters of a name; a longer one would make lines of the project too long."""


def write_plugin(name: str, into: Path) -> Path:
    """Write the project `img2img-NAME`, with a family that trains and translates without changes.

    Args:
        name: Name of the plugin and of its family.
        into: Folder in which the project's folder is made.

    Returns:
        The project's folder.

    Raises:
        PluginError: The name cannot be used, or the folder exists already.
        WriteError: The project cannot be written to the disk.
    """
    _check(name)
    project = into / distribution_of(name)
    try:
        project.mkdir(parents=True)
        for path in _files():
            target = project / _renamed(path.relative_to(TEMPLATE).as_posix(), name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_renamed(path.read_text("utf-8"), name), "utf-8", newline="\n")
    except FileExistsError as error:
        raise PluginError(
            f"{error.filename} exists already; choose another name, or another folder by --into"
        ) from error
    except OSError as error:
        raise unwritable(Path(error.filename or project), error) from error  # a full disk names no file
    return project


def distribution_of(name: str) -> str:
    """Return the name of the package of a plugin."""
    return f"img2img-{name.replace('_', '-')}"


def _files() -> Iterator[Path]:
    return (path for path in sorted(TEMPLATE.rglob("*")) if path.suffix in (".md", ".py", ".toml", ".yml"))


def _renamed(text: str, name: str) -> str:
    return text.replace("img2img-template", distribution_of(name)).replace("template", name)


def _check(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > LONGEST_NAME:
        near = re.sub(r"[^a-z0-9]+", "_", name.lower().removeprefix("img2img-")).strip("_0123456789")[:LONGEST_NAME]
        raise PluginError(
            f"{name!r} is no name for a plugin: write a word of lower-case letters, digits and _, with a letter first, "
            f"of at most {LONGEST_NAME} characters" + (f", such as {near}" if near else "")
        )
    if keyword.iskeyword(name):
        raise PluginError(f"{name!r} is a keyword of Python; choose another name")
    for plugin in find_plugins():
        if name == plugin.name or name in plugin.names(FAMILIES):
            whose = "that of a built-in" if plugin.built_in else f"taken by the plugin {plugin}, which is installed"
            raise PluginError(f"the name {name!r} is {whose}; choose another")
    with suppress(PackageNotFoundError):
        installed = distribution(distribution_of(name)).metadata["Name"]
        raise PluginError(
            f"the plugin {name!r} would be the package {installed}, which is installed already; choose another name"
        )
