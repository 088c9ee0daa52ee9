"""This module is the command `img2img new-plugin`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from img2img.cli.messages import show
from img2img.text import printable

NEXT = """\
{project} holds a plugin that works as it is. Install it and try it, with a folder of photographs for PHOTOS:

  img2img install -e {project}
  img2img train {name} PHOTOS --run runs/{name}
  img2img translate runs/{name}/{name}.safetensors PHOTOS out/{name}

Then change it, where it says "Change this", and check whether it keeps the contract:

  img2img check-plugin {name}"""


@click.command()
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Folder in which the project's folder is made.  [default: the current one]",
)
def command(name: str, into: Path) -> None:
    """Write the project of a new plugin, NAME, into the folder img2img-NAME.

    The project is complete: it holds a family of models of that name, which trains on any folder of photographs and
    translates, with its options, tests and a workflow for them. NAME is a word of lower-case letters, digits and _.
    """
    from img2img.scaffold import write_plugin

    project = write_plugin(name, into)
    show(*NEXT.format(project=shlex.quote(printable(project)), name=name).splitlines())
