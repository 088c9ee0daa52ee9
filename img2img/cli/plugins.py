"""This module is the command `img2img plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import say, show, show_json
from img2img.host import trial
from img2img.host.host import SLOW, slow_hint

if TYPE_CHECKING:
    from img2img.host.declarations import Plugin
    from img2img.host.host import PluginHost


@click.command()
@click.option("--timing", is_flag=True, help="Print how long the import of each takes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(plugins: HostOptions, timing: bool, as_json: bool) -> None:
    """List installed plugins, what they provide, and why one cannot be used.

    This imports each plugin; those that are not built in are imported in processes of their own. The option --plugins
    before the command, or the environment variable IMG2IMG_PLUGINS, limits the plugins to the names in it, separated by
    commas; if it is empty, no plugin is used.
    """
    host = plugins.discover()
    try_all(host)
    if as_json:
        show_json([_row(plugin) for plugin in host.plugins])
        return
    for plugin in host.plugins:
        show(_line(plugin, timing=timing))
    if not host.plugins:
        show("no plugins are installed")
    for plugin in host.plugins:
        if not plugin.is_declared and plugin.state == "ok" and (plugin.seconds or 0) > SLOW:
            say(f"hint: {slow_hint(plugin)}")


def try_all(host: PluginHost) -> None:
    """Find out whether each plugin can be imported, and set its state."""
    for plugin in host.plugins:
        if plugin.built_in:
            host.load(plugin)
    trial.try_all(host.plugins, host.limit)


def _row(plugin: Plugin) -> dict[str, Any]:
    names = ("name", "distribution", "version", "summary", "contract", "state", "problem", "provides", "seconds")
    return {name: getattr(plugin, name) for name in names}


def _line(plugin: Plugin, *, timing: bool) -> str:
    state = f"{plugin.state}: {'; '.join(plugin.problem.splitlines())}" if plugin.problem else plugin.state
    time = f"{1000 * (plugin.seconds or 0):6.0f} ms  " if timing else ""
    line = f"{plugin.name:16}{plugin.distribution + ' ' + plugin.version:28}{time}{state}  {plugin.contents}"
    return line.rstrip()
