"""This module is the command `img2img export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from img2img.cli.options import condition_option
from img2img.media import printable

if TYPE_CHECKING:
    from img2img.cli.host import HostOptions

    from .declaration import Declaration


@click.command("export")
@click.argument("model")
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write: its suffix, .onnx or .pt2, gives the format. An earlier export is replaced, another "
    "file is not.",
)
@condition_option("Fix a condition of the model. A condition that is not fixed stays an input, if it has choices.")
@click.pass_obj
def command(plugins: HostOptions, model: str, target: Path, conditions: dict[str, str]) -> None:
    """Write MODEL for other programs: an ONNX file, or a program of torch.export.

    The file takes images in [0, 1], (N, C, H, W), of any number and size, and returns such images. It is compared with
    the model before it is written. `img2img translate` takes such a file as its MODEL.
    """
    from .exporting import export

    exported = export(model, target, conditions, plugins.discover())
    click.echo("batch              largest and mean difference from the model, of 255")
    for row in exported.differences:
        size = f"{row.count} of {row.height} × {row.width}"
        click.echo(f"{size:18} {255 * row.largest:.5f}    {255 * row.mean:.5f}")
    click.echo(printable(f"{target}: {exported.size / 1e6:.1f} MB, {_inputs(exported.declaration)}"))


def _inputs(declaration: Declaration) -> str:
    words = [f"images (N, {declaration.channels_in}, H, W)"]
    words += [f"{name} ({', '.join(each.choices)})" for name, each in declaration.conditions.items()]
    multiple = f", H and W in multiples of {declaration.multiple_of}" * (declaration.multiple_of > 1)
    return f"takes {' and '.join(words)}{multiple}"
