"""`img2img models`."""

from __future__ import annotations

import json

import click

from img2img.errors import ModelFileError


@click.command()
@click.argument("family", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(strict_plugins: bool, family: str | None, as_json: bool) -> None:
    """List the model files that can be named and the families that can be trained, or the options of one FAMILY."""
    from img2img.plugins import PluginHost

    host = PluginHost.discover(strict=strict_plugins)
    if family:
        _show_options(host, family, as_json)
    elif as_json:
        families = {name: member.summary for name, member in host.families.items()}
        click.echo(json.dumps({"models": _models(), "families": families}, indent=1))
    else:
        _show_all(host)


def _models() -> dict[str, dict[str, str]]:
    from img2img.modelfile import read_info
    from img2img.modelstore import list_models

    rows: dict[str, dict[str, str]] = {}
    for name, path in list_models().items():
        try:
            info = read_info(path)
            rows[name] = {"family": info.family, "scale": info.scale, "path": str(path), "trained_on": info.trained_on}
        except ModelFileError as error:
            rows[name] = {"path": str(path), "error": str(error)}
    return rows


def _show_all(host: object) -> None:
    from img2img.modelstore import model_folders
    from img2img.plugins import PluginHost

    assert isinstance(host, PluginHost)
    click.echo("Model files:")
    for name, row in _models().items():
        click.echo(
            f"  {name:20} {row['error']}"
            if "error" in row
            else f"  {name:20} {row['family']} ×{row['scale']}  {row['path']}"
        )
    click.echo(f"  (more are found in {model_folders()[0]})\n\nFamilies:")
    for name, family in host.families.items():
        click.echo(f"  {name:20} {family.summary}")


def _show_options(host: object, name: str, as_json: bool) -> None:
    from img2img.plugins import PluginHost

    assert isinstance(host, PluginHost)
    schema = host.family(name).training_class.model_json_schema()
    if as_json:
        click.echo(json.dumps(schema, indent=1))
        return
    for key, field in schema["properties"].items():
        kind = "|".join(map(str, field["enum"])) if "enum" in field else field.get("type", "")
        click.echo(f"  {key}={field.get('default')}  ({kind})  {field.get('description', '')}")
