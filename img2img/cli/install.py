"""This module is the command `img2img install`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import click

from img2img.cli.messages import say, show


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-e", "--editable", is_flag=True, help="Use the folder NAME in place, so that changes to it count.")
@click.option("-U", "--upgrade", is_flag=True, help="Take the newest version where one is installed already.")
def command(names: tuple[str, ...], editable: bool, upgrade: bool) -> None:
    """Install plugins beside the program: each NAME is a package of PyPI, a folder, a wheel or a URL.

    They go into the environment from which the program runs, by pip or uv. The packages that the program itself needs
    (torch, OpenCV, …) stay as they are: a plugin that needs other versions is refused, and nothing is changed. What a
    plugin needs is imported once, so that a package that does not fit torch is named at once.
    """
    from img2img.host.installing import install
    from img2img.host.installing.limits import canonical

    say(f"Installing {', '.join(names)} into {sys.prefix}: a plugin's code runs with all your rights.")
    installed = install(names, say, editable=editable, upgrade=upgrade)
    rows = [row for row in _plugins() if canonical(row["distribution"]) in installed]
    if not rows:
        what = ", ".join(f"{name} {version}" for name, version in installed.items()) or "Nothing new"
        show(f"{what} is installed, and provides no plugin of img2img")
        raise click.exceptions.Exit(1)
    for row in rows:
        show(_line(row))
    failing = [_failing(distribution) for distribution in dict.fromkeys(row["distribution"] for row in rows)]
    if any(failing) or any(row["problem"] for row in rows):
        remove = " ".join(sorted({row["distribution"] for row in rows}))
        say(f"It stays installed; once the reason is mended, it can be used. To remove it: img2img uninstall {remove}")
        raise click.exceptions.Exit(1)


def _failing(distribution: str) -> bool:
    """Say which of the packages that a plugin needs cannot be imported here, and return whether there are any."""
    from img2img.host.installing.needs import failing_needs, remedy

    failing = failing_needs(distribution)
    for name, reason in failing.items():
        say(f"error: {name}, which {distribution} needs, cannot be imported here: {reason}")
    if failing:
        say(remedy(failing))
    return bool(failing)


def _plugins() -> list[dict[str, Any]]:
    """Return what `img2img plugins` prints now, in a new process that sees the installed packages."""
    words = [sys.executable, "-P", "-m", "img2img", "plugins", "--json"]
    rows: list[dict[str, Any]] = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
    return rows


def _line(row: dict[str, Any]) -> str:
    provides = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in row["provides"].items())
    state = f"{row['state']}: {row['problem']}" if row["problem"] else row["state"]
    return f"{row['name']} ({row['distribution']} {row['version']})  {state}  {provides}".rstrip()
