"""This module writes the messages that say why a package is not installed or removed, and what to do instead."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from img2img.host.declarations import DISTRIBUTION, Plugin
from img2img.host.installing.limits import OPENCV_WHEELS, Limits, canonical

_NEED = re.compile(r"([\w.-]+?)(?:(?: |==)(\d[\w.+!]*))? depends? on ([\w.-]+)([^\s,;]*(?:,[<>=!~][^\s,;]*)*)")
"""Lines of pip and uv about dependencies: `foo 1.0 depends on torch<2`, `all versions of foo depend on torch<2 …`."""


def conflict(output: str, limits: Limits) -> str:
    """Return a message about the conflict in the output of pip or uv; empty where the output names none.

    Args:
        output: The output of pip or uv.
        limits: The limits of the installation.
    """
    needs: dict[str, list[str]] = {}
    for who, version, needed, bound in _NEED.findall(" ".join(output.split())):
        name = canonical(needed)
        is_kept = canonical(who) in limits.kept or bound == f"=={limits.kept.get(name)}"
        if name in limits.names and not is_kept:
            what = f"{name}, a package" if name in limits.barred else f"{name}{bound},"
            needs.setdefault(name, []).append(f"{who} {version}".strip() + f" needs {what}")
    for name, words in needs.items():
        wanted = " and ".join(dict.fromkeys(words))
        return f"{wanted} {_obstacle(name, limits)}. Nothing was changed.\n{_advice(name, limits)}"
    return ""


def not_to_move(name: str, limits: Limits) -> str:
    """Return why a package that the user names is not installed."""
    if name in limits.barred:
        return f"{name} is a package {_obstacle(name, limits)}; nothing was installed"
    return (
        f"the program runs on {name} {limits.kept[name]}, which stays as it is when plugins are installed; to change "
        f"it all the same, use pip itself: {sys.executable} -m pip install …"
    )


def not_removable(name: str, meant: Sequence[Plugin], plugins: Sequence[Plugin]) -> str:
    """Return why a name does not identify a plugin, or why the plugin cannot be removed."""
    strangers = sorted({plugin.distribution for plugin in plugins if not plugin.built_in})
    if not meant:
        return (
            f"{name!r} is no installed plugin; there are: {', '.join(strangers) or 'none but the built-ins'}. Use pip "
            f"itself to remove other packages: {sys.executable} -m pip uninstall …"
        )
    if all(plugin.built_in for plugin in meant):
        return f"{name!r} is built in: it is a part of {DISTRIBUTION}, and is removed only with that"
    owners = sorted({plugin.distribution for plugin in meant if not plugin.built_in})
    return f"{name!r} is the name of several plugins; write the package: {', '.join(owners)}"


def _obstacle(name: str, limits: Limits) -> str:
    if name in limits.kept:
        return f"but {name} {limits.kept[name]} stays as it is, since the program runs on it"
    if name in OPENCV_WHEELS:
        return f"whose files would overwrite those of {limits.opencv}, which is installed"
    return f"of somebody else that has the program's name by chance; ours is {DISTRIBUTION}"


def _advice(name: str, limits: Limits) -> str:
    if name in limits.kept:
        return "Ask for a version that goes with it, or install it with a program of its own: python -m venv, then pip."
    return f"Its author has to correct that: a plugin needs only {DISTRIBUTION}, which brings OpenCV and torch."
