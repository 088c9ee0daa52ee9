"""`img2img plugins`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(strict_plugins: bool, as_json: bool) -> None:
    """List installed plugins, what they provide, and why one cannot be used.

    The environment variable IMG2IMG_PLUGINS limits what is loaded: names separated by commas; empty loads none.
    """
    from img2img.plugins import PluginHost

    plugins = PluginHost.discover(strict=strict_plugins).plugins
    if as_json:
        click.echo(json.dumps([asdict(plugin) for plugin in plugins], indent=1))
        return
    for plugin in plugins:
        state = f"broken: {plugin.problem}" if plugin.problem else f"families: {', '.join(plugin.families) or 'none'}"
        click.echo(f"{plugin.name:16} {plugin.distribution} {plugin.version}  {state}")
    if not plugins:
        click.echo("no plugins are installed, or IMG2IMG_PLUGINS names none of them")
