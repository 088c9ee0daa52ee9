"""This module is the command `img2img check-plugin`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import show, show_json

if TYPE_CHECKING:
    from img2img.testing import Outcome


@click.command()
@click.argument("plugin", metavar="NAME|PATH")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of training data. [default: drawn pictures, in the usual layout that the family reads]",
)
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the families, which overrides that of their `small` options.",
)
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest time for one promise, which is broken if its check takes longer.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(
    plugins: HostOptions, plugin: str, data: Path | None, options: tuple[str, ...], seconds: float, as_json: bool
) -> None:
    """Check whether a plugin keeps each promise of the contract, and print the outcome of each check.

    NAME is the name of an installed plugin, or of a package with plugins; PATH is the folder of a project that is not
    installed. Installing or checking a plugin runs its code. Each promise is checked in a process of its own: a plugin
    that ends it, or never ends, has broken the promise.

    Exit status: 0 no promise is broken, 1 some are, 2 the plugin cannot be loaded.
    """
    from img2img.config import parse_assignments
    from img2img.testing import check_plugin
    from img2img.testing.project import installed_as, name_of_project

    known = plugins.discover().plugins
    variables, limit = None, plugins.limit
    with ExitStack() as stack:
        if plugin not in {name for one in known for name in (one.name, one.distribution)} and Path(plugin).is_dir():
            variables = stack.enter_context(installed_as(Path(plugin)))
            plugin, limit = name_of_project(Path(plugin)), None
        outcomes = check_plugin(
            plugin, options=parse_assignments(options), data=data, limit=limit, seconds=seconds, variables=variables
        )
        stack.enter_context(closing(outcomes))
        counts = _show_json([*outcomes]) if as_json else _show(outcomes)
    if counts["broken"]:
        raise click.exceptions.Exit(1)


def _show_json(outcomes: list[Outcome]) -> Counter[str]:
    show_json([asdict(outcome) for outcome in outcomes])
    return Counter(outcome.state for outcome in outcomes)


def _show(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Print a line for each promise as soon as its outcome is known, and count the outcomes of each state."""
    counts: Counter[str] = Counter()
    subject = ""
    for outcome in outcomes:
        if outcome.subject != subject:
            subject = outcome.subject
            show(subject)
        counts[outcome.state] += 1
        word = "BROKEN" if outcome.state == "broken" else outcome.state
        show(f"  {word:8} {outcome.group:11} {outcome.promise}")
        if outcome.detail:
            show(*(" " * 23 + line for line in outcome.detail.split("\n")))
        if outcome.state == "broken" and outcome.options:
            show(f"{'':23}with {outcome.options}")
    show(f"{counts['ok']} kept, {counts['broken']} broken, {counts['skipped']} skipped")
    return counts
