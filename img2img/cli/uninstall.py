"""This module is the command `img2img uninstall`."""

from __future__ import annotations

import click

from img2img.cli.messages import say, show


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def command(names: tuple[str, ...], yes: bool) -> None:
    """Remove plugins: each NAME is the name of a plugin or of its package. Their dependencies stay."""
    from img2img.host.installing import removable, uninstall

    found = removable(names)
    words = {
        f"{distribution} {plugin.version}": plugin.contents
        for distribution, plugins in found.items()
        for plugin in plugins
    }
    lines = [f"{name}  {contents}".rstrip() for name, contents in words.items()]
    if not yes:
        say(*lines)
        click.confirm("Remove?", abort=True, err=True)
    uninstall(found, say)
    show("Removed:", *lines)
