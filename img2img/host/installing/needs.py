"""This module imports the packages that a plugin needs, in processes of their own, right after they were installed.

A plugin often imports such a package only when it is used, and a package with compiled parts may not fit the torch that
is here: the user is to know that before the first use.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version

from img2img.host.installing.limits import Limits, canonical
from img2img.text import printable

LONGEST_IMPORT = 120.0
"""Seconds before an import counts as failed."""


def failing_needs(plugin: str, seen: frozenset[str] = frozenset()) -> dict[str, str]:
    """Import each package that a distribution declares as needed, apart from this process.

    Args:
        plugin: The name of the plugin's distribution.
        seen: Packages that are not imported again.

    Returns:
        The name of each package that cannot be imported to the reason. Where a package fails because of one that it
        needs itself, that one is named.
    """
    kept = Limits.of_this_environment().names | seen
    modules = packages_distributions()
    failing: dict[str, str] = {}
    for name in _needs(plugin):
        own = sorted(module for module, owners in modules.items() if name in map(canonical, owners))
        first = name.replace("-", "_")
        for module in [first] if first in own else own:
            if name not in kept and module.isidentifier() and (reason := _failure(module)):
                failing |= failing_needs(name, seen | {name}) or {name: reason}
    return failing


def remedy(names: Iterable[str]) -> str:
    """Say what to do about packages that cannot be imported beside the torch that is here.

    Args:
        names: The names of the packages.
    """
    torch = version("torch")
    text = (
        f"A package with compiled parts has to fit the torch {torch} that is here: install a build of it for this "
        "torch, or use an environment of its own with a torch that fits: python -m venv, then pip."
    )
    beside = [f"{name}=={version(name).partition('+')[0]}" for name in names if "torch" in _needs(name)]
    _, plus, build = torch.partition("+")
    if beside and plus:
        index = f"https://download.pytorch.org/whl/{build}"
        text += f" If it is of PyTorch's own: pip install --force-reinstall --no-deps --index-url {index} "
        text += " ".join(beside)
    return text


def _needs(plugin: str) -> Iterator[str]:
    """Yield the names of the installed packages that a distribution needs without any extra."""
    try:
        needs = distribution(plugin).requires or []
    except PackageNotFoundError:
        return
    for need in needs:
        requirement, _, marker = need.partition(";")
        if "extra" not in marker:
            yield canonical(re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0])


def _failure(module: str) -> str:
    """Return why a module cannot be imported; empty if it can."""
    words = [sys.executable, "-P", "-c", f"import {module}"]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LONGEST_IMPORT
        )
    except subprocess.TimeoutExpired:
        return f"its import takes longer than {LONGEST_IMPORT:g} s"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    reason = lines[-1] if lines and done.returncode == 1 else f"its import ends the process, with {done.returncode}"
    return printable(reason[:500]) if done.returncode else ""
