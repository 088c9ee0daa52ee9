"""Installs and removes plugins where the program runs, by pip or uv, and lets nothing move that the program runs on."""

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

Tell = Callable[[str], None]
"""Takes what pip or uv say, line by line."""


def install(names: Sequence[str], tell: Tell, *, editable: bool = False, upgrade: bool = False) -> dict[str, str]:
    """Install packages, with what they need, into the environment that the program runs from.

    Args:
        names: Packages of an index, folders, wheels or URLs.
        tell: Takes what is said meanwhile.
        editable: They are folders, and are to be used in place.
        upgrade: Take the newest version where there is one already.

    Returns:
        Name and version of what was installed, and of what was named and is there.

    Raises:
        PluginError: They need something else than what the program runs on, or cannot be installed.
    """
    limits = Limits.of_this_environment()
    named = {distribution_of(name) for name in names}
    if fixed := sorted(named & limits.names):
        raise PluginError(not_to_move(fixed[0], limits))
    before = _versions()
    words = [_word(name) for name in names]
    words = [f"--editable={word}" for word in words] if editable else ["--", *words]
    with limits.options(uv=not _has_pip()) as (options, environment):
        status, said = _run([*_installer("install"), *options, *_upgrade(named, upgrade), *words], environment, tell)
    if status:
        raise PluginError(conflict(said, limits) or f"{', '.join(names)} cannot be installed; the reason is above")
    after = _versions()
    return {name: after[name] for name in after if name in named or before.get(name) != after[name]}


def removable(names: Iterable[str]) -> dict[str, list[Plugin]]:
    """Find what is to be removed, without importing any of it.

    Args:
        names: Of plugins or of their distributions.

    Returns:
        Distributions, with the plugins in them.

    Raises:
        PluginError: A name is that of no plugin, of a built-in, or of several plugins.
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


def uninstall(names: Iterable[str], tell: Tell) -> None:
    """Remove distributions; what they needed stays.

    Raises:
        PluginError: One of them is still there.
    """
    names = [canonical(name) for name in names]
    yes = ["--yes"] if _has_pip() else []  # which uv does not ask
    _run([*_installer("uninstall"), *yes, "--", *names], dict(os.environ), tell)
    if left := sorted(set(names) & set(_versions())):
        raise PluginError(f"{', '.join(left)} cannot be removed from {sys.prefix}; the reason is above")


def _has_pip() -> bool:
    return find_spec("pip") is not None


def _installer(verb: str) -> list[str]:
    """The words before the options of `pip install`, or of `uv pip install` where there is no pip."""
    if _has_pip():
        return [sys.executable, "-P", "-m", "pip", verb]  # -P: no pip.py of the working directory
    if uv := which("uv"):
        return [uv, "pip", verb, "--python", sys.executable]
    raise PluginError(
        f"{sys.prefix} has no pip, and uv is not there either, so that nothing can be installed or removed: run "
        f"{sys.executable} -m ensurepip"
    )


def _upgrade(named: Iterable[str], upgrade: bool) -> list[str]:
    if not upgrade:
        return []
    # uv's --upgrade is for all that is needed, too, which would look for the runtime where it did not come from.
    return ["--upgrade"] if _has_pip() else [f"--upgrade-package={name}" for name in named if name]


def _word(name: str) -> str:
    """What pip is given for a name: a folder or file that is there is that one, also where a package is called so."""
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
    """Name and version of everything that is installed; what comes first on `sys.path` counts."""
    found = [dist for dist in distributions() if "Name" in dist.metadata]
    return {canonical(dist.metadata["Name"]): dist.version for dist in reversed(found)}


def _run(words: Sequence[str], environment: Mapping[str, str], tell: Tell) -> tuple[int, str]:
    """Run a program and return its exit status and all that it said."""
    said = []
    with subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,  # a question would not be seen before its answer
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            said.append(line)
            if not (line.startswith("Requirement already satisfied") and " (from " in line):  # dozens of lines
                tell(line.rstrip("\n"))
    return process.returncode, "".join(said)
