"""This module is the command `img2img import`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import show
from img2img.cli.options import assignments_option
from img2img.errors import UsageError

if TYPE_CHECKING:
    from img2img.models.foreign import Foreign


@click.command("import")
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model file to write. [default: CHECKPOINT's name, with .safetensors]",
)
@assignments_option("--option", help="An option of the family that the tensors do not show, such as padding=zero.")
@click.option("--part", default="", metavar="NAME", help="The network to import, where the file holds several.")
@click.option("--trained-on", default="", metavar="TEXT", help="Description of the data, stored in the model file.")
@click.option("--license", default="", metavar="TEXT", help="Terms of the weights, stored in the model file.")
@click.pass_obj
def command(
    plugins: HostOptions,
    checkpoint: Path,
    target: Path | None,
    options: tuple[str, ...],
    part: str,
    trained_on: str,
    license: str,
) -> None:
    """Make a model file of CHECKPOINT, the weights of another training code: .pth, .pt, .ckpt or .safetensors.

    The families recognise the file by the names and shapes of its tensors. Nothing in it is executed. `img2img
    translate` takes such a file as its MODEL, too, if it needs no options. A file that an importer opens is used as it
    is.
    """
    from img2img.config import parse_assignments
    from img2img.models.file import SUFFIX, save_model
    from img2img.models.importers import Claim
    from img2img.models.store import identify, is_own

    target = target or checkpoint.with_suffix(SUFFIX)
    if os.path.lexists(target):
        raise UsageError(f"{target} exists already; give another name with -o, or remove it")
    if is_own(checkpoint):
        raise UsageError(f"{checkpoint} is a model file already; use it as it is")
    foreign = identify(checkpoint, plugins.discover(), parse_assignments(options), part)
    if isinstance(foreign, Claim):
        raise UsageError(
            f"{checkpoint} is a file that the importer {foreign.importer.name!r} opens each time, so that no model "
            f"file is made of it; use it as it is: img2img translate {checkpoint} …"
        )
    source = f"imported from {checkpoint.name} (SHA-256 {foreign.info.sha256}), a {foreign.recognised.what}"
    save_model(
        target, foreign.generator, foreign.config, family=foreign.info.family, scale=foreign.translator.traits.scale,
        trained_on="; ".join(filter(None, [trained_on, source])), license=license, replaces=False,
    )  # fmt: skip
    _print_result(foreign, set(parse_assignments(options)))
    show(target)


def _print_result(foreign: Foreign, given: set[str]) -> None:
    from img2img.models.foreign import assumptions

    show(f"recognised  {foreign.recognised.what}")
    show(f"family      {foreign.info.family}, ×{foreign.translator.traits.scale}")
    for assumption in assumptions(foreign.config, foreign.recognised, given):
        show(f"assumed     {assumption}")
