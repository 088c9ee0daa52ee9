"""`img2img plugins`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.media.files import printable

if TYPE_CHECKING:
    from img2img.host.declarations import Plugin
    from img2img.host.host import PluginHost

PATIENCE = 20.0
"""Seconds after which a plugin that is still being imported counts as broken."""


@click.command()
@click.option("--timing", is_flag=True, help="Say how long the import of each takes.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(plugins: HostOptions, timing: bool, as_json: bool) -> None:
    """List installed plugins, what they provide, and why one cannot be used.

    Each is imported for that, those of strangers in processes of their own. The option --plugins, before the command,
    and the environment variable IMG2IMG_PLUGINS limit what is used: names separated by commas; empty, none.
    """
    host = plugins.discover()
    try_all(host)
    if as_json:
        click.echo(json.dumps([_row(plugin) for plugin in host.plugins], indent=1))
        return
    for plugin in host.plugins:
        click.echo(_line(plugin, timing=timing))
    if not host.plugins:
        click.echo("no plugins are installed")


def try_all(host: PluginHost) -> None:
    """Find out of each plugin whether it can be imported."""
    for plugin in host.plugins:
        if plugin.built_in:
            host.load(plugin)
    if all(plugin.built_in or plugin.state != "ok" for plugin in host.plugins):
        return
    limit = [] if host.limit is None else [host.limit]
    words = [sys.executable, "-P", "-m", "img2img.cli.probe", json.dumps(sys.path), str(PATIENCE), *limit]
    answer = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = {row.pop("key"): row for row in json.loads(answer)}
    for plugin in host.plugins:
        for name, value in rows.get(plugin.key, {}).items():
            setattr(plugin, name, value)


def _row(plugin: Plugin) -> dict[str, Any]:
    names = ("name", "distribution", "version", "summary", "contract", "state", "problem", "provides", "seconds")
    return {name: getattr(plugin, name) for name in names}


def _line(plugin: Plugin, *, timing: bool) -> str:
    state = f"{plugin.state}: {'; '.join(plugin.problem.splitlines())}" if plugin.problem else plugin.state
    time = f"{1000 * (plugin.seconds or 0):6.0f} ms  " if timing else ""
    line = f"{plugin.name:16}{plugin.distribution + ' ' + plugin.version:28}{time}{state}  {plugin.contents}"
    return printable(line.rstrip())
