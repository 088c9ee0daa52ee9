"""This module is the command `img2img inspect`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import show, show_json
from img2img.cli.model_help import conditions_of
from img2img.errors import ModelFileError

if TYPE_CHECKING:
    from img2img.models.file import ModelInfo


@click.command()
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the shape of every tensor.")
@click.pass_obj
def command(plugins: HostOptions, model: str, as_json: bool) -> None:
    """Show what MODEL, a model file or the name of one, holds. Nothing in it is executed."""
    from img2img.models.card import card_lines, read_card
    from img2img.models.store import describe_model, find_model

    info = describe_model(find_model(model), plugins.discover())
    card = read_card(info)
    row = {**asdict(info), "path": str(info.path), "config": _table(info), "parameters": info.parameters}
    row["card"] = json.loads(card.model_dump_json()) if card else None
    row["conditions"] = [*conditions_of(model, plugins.discover())]
    if as_json:
        show_json(row)
        return
    del row["card"]
    conditions = row.pop("conditions")
    row["tensors"] = len(row.pop("shapes"))
    for key, value in row.items():
        if key != "config" and (value or info.shapes):  # files of other programs leave many fields empty
            show(f"{key:14} {value}")
    show("config")
    for key, value in row["config"].items():
        show(f"  {key} = {json.dumps(value)}")
    if conditions:
        show("conditions", *(f"  {line}" for line in conditions))
    for heading, lines in card_lines(info, card).items() if card else ():
        show(heading.lower(), *(f"  {line}" for line in lines))


def _table(info: ModelInfo) -> dict[str, Any]:
    try:
        config = json.loads(info.config)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"the config in {info.path} is not valid JSON: {error}; fetch or train it again"
        ) from error
    if not isinstance(config, dict):
        raise ModelFileError(f"the config in {info.path} is no table of options; fetch or train it again")
    return config
