"""This package installs and removes plugins with pip or uv, and never changes the packages that the program needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from img2img.errors import PluginError
from img2img.host.declarations import Plugin, find_plugins
from img2img.host.installing.limits import Limits, canonical, distribution_of
from img2img.host.installing.refusals import conflict, not_removable, not_to_move

OnLine = Callable[[str], None]
"""A function that gets the output of pip or uv, line by line."""


def install(names: Sequence[str], on_line: OnLine, *, editable: bool = False, upgrade: bool = False) -> dict[str, str]:
    """Install packages, with their dependencies, into the environment from which the program runs.

    Args:
        names: Packages of an index, folders, wheels or URLs.
        on_line: Gets the output of pip or uv, line by line.
        editable: Whether the names are folders that are used in place.
        upgrade: Whether to install the newest version where a package is installed already.

    Returns:
        Name and version of each package that was installed, and of each named package that was there already.

    Raises:
        PluginError: A package needs other versions than the program does, or cannot be installed.
    """
    limits = Limits.of_this_environment()
    named = {distribution_of(name) for name in names}
    if fixed := sorted(named & limits.names):
        raise PluginError(not_to_move(fixed[0], limits))
    before = _versions()
    words = [_word(name) for name in names]
    words = [f"--editable={word}" for word in words] if editable else ["--", *words]
    with limits.options(uv=not _has_pip()) as (options, environment):
        command = [*_installer("install"), *options, *_upgrade(named, upgrade), *words]
        status, output = _run(command, environment, on_line)
    if status:
        reason = conflict(output, limits) or f"{', '.join(names)} cannot be installed; the reason is above"
        raise PluginError(*reason.splitlines())
    after = _versions()
    return {name: after[name] for name in after if name in named or before.get(name) != after[name]}


def removable(names: Iterable[str]) -> dict[str, list[Plugin]]:
    """Find the distributions to remove, without importing a plugin.

    Args:
        names: Names of plugins or of their distributions.

    Returns:
        Name of each distribution to its plugins.

    Raises:
        PluginError: A name belongs to no plugin, to a built-in, or to several plugins.
    """
    plugins = find_plugins()
    found: dict[str, list[Plugin]] = {}
    for name in names:
        meant = [plugin for plugin in plugins if canonical(plugin.distribution) == canonical(name)]
        meant = meant or [plugin for plugin in plugins if plugin.name == name]
        owners = sorted({plugin.distribution for plugin in meant if not plugin.built_in})
        if len(owners) != 1:
            raise PluginError(not_removable(name, meant, plugins))
        found[owners[0]] = [plugin for plugin in plugins if plugin.distribution == owners[0]]
    return found


def uninstall(names: Iterable[str], on_line: OnLine) -> None:
    """Remove distributions; their dependencies stay.

    Args:
        names: Names of the distributions.
        on_line: Gets the output of pip or uv, line by line.

    Raises:
        PluginError: A distribution could not be removed.
    """
    names = [canonical(name) for name in names]
    yes = ["--yes"] if _has_pip() else []  # uv asks nothing
    _run([*_installer("uninstall"), *yes, "--", *names], dict(os.environ), on_line)
    if left := sorted(set(names) & set(_versions())):
        raise PluginError(f"{', '.join(left)} cannot be removed from {sys.prefix}; the reason is above")


def _has_pip() -> bool:
    return find_spec("pip") is not None


def _installer(verb: str) -> list[str]:
    """Return the words before the options of `pip install`, or of `uv pip install` where there is no pip."""
    if _has_pip():
        return [sys.executable, "-P", "-m", "pip", verb]  # -P ignores a pip.py in the working directory
    if uv := which("uv"):
        return [uv, "pip", verb, "--python", sys.executable]
    raise PluginError(
        f"{sys.prefix} has no pip, and uv is not there either, so that nothing can be installed or removed: run "
        f"{sys.executable} -m ensurepip"
    )


def _upgrade(named: Iterable[str], upgrade: bool) -> list[str]:
    if not upgrade:
        return []
    # uv's --upgrade includes dependencies, so that it would look for the runtime in an index it did not come from.
    return ["--upgrade"] if _has_pip() else [f"--upgrade-package={name}" for name in named if name]


def _word(name: str) -> str:
    """Return the word for pip: an existing project folder or archive is meant even if a package has the same name."""
    path, bracket, extras = name.partition("[")
    is_project = Path(path, "pyproject.toml").is_file() or Path(path, "setup.py").is_file()
    is_archive = path.endswith((".whl", ".tar.gz", ".zip")) and Path(path).is_file()
    if Path(path).is_dir() and not is_project:
        raise PluginError(
            f"{path} is a folder without a pyproject.toml, and so no project to install; if you mean the package of "
            f"that name, write {path}>=0"
        )
    return f"{Path(path).absolute()}{bracket}{extras}" if is_project or is_archive else name


def _versions() -> dict[str, str]:
    """Return name and version of each installed distribution; the first on `sys.path` counts."""
    found = [dist for dist in distributions() if "Name" in dist.metadata]
    return {canonical(dist.metadata["Name"]): dist.version for dist in reversed(found)}


def _run(words: Sequence[str], environment: Mapping[str, str], on_line: OnLine) -> tuple[int, str]:
    """Run a program, and return its exit status and its output."""
    lines = []
    with subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,  # the user would not see a question before the answer is due
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if not (line.startswith("Requirement already satisfied") and " (from " in line):  # dozens of lines
                on_line(line.rstrip("\n"))
    return process.returncode, "".join(lines)
