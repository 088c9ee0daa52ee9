"""This module is the command `img2img models`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import show, show_json
from img2img.cli.model_help import conditions_of
from img2img.errors import ModelFileError
from img2img.host.kinds import FAMILIES, FILTERS, KINDS, Kind

if TYPE_CHECKING:
    from img2img.config import ModelConfig
    from img2img.host.host import PluginHost


@click.command()
@click.argument("family", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(plugins: HostOptions, family: str | None, as_json: bool) -> None:
    """List model files, families, filters, importers, sources and targets, or the options of one FAMILY or filter.

    Of the name of a model file, the conditions are listed.
    """
    host = plugins.discover()
    if family and not _is_extension(host, family) and family in _names():
        _show_conditions(host, family, as_json)
    elif family:
        _show_options(host, family, as_json)
    elif as_json:
        summaries = {kind.plural: _summaries(host, kind) for kind in KINDS if kind.title}
        show_json({"models": _models(), **summaries})
    else:
        _show_all(host)


def _summaries(host: PluginHost, kind: Kind[Any]) -> dict[str, str]:
    """Return name to summary of the extensions of a kind.

    For a plugin that is not built in, the summary is that of its package, so that listing it does not import it.
    """
    return {
        name: host.find(kind, name).summary if plugin.built_in else f"({plugin.distribution}) {plugin.summary}"
        for name, plugin in host.names(kind).items()
    }


def _models() -> dict[str, dict[str, str]]:
    from img2img.models.file import read_info
    from img2img.models.store import list_models

    rows: dict[str, dict[str, str]] = {}
    for name, path in list_models().items():
        try:
            info = read_info(path)
            rows[name] = {"family": info.family, "scale": info.scale, "path": str(path), "trained_on": info.trained_on}
        except ModelFileError as error:
            rows[name] = {"path": str(path), "error": str(error)}
    return rows


def _show_all(host: PluginHost) -> None:
    from img2img.models.store import model_folders

    show("Model files:")
    for name, row in _models().items():
        show(
            f"  {name:20} {row['error']}"
            if "error" in row
            else f"  {name:20} {row['family']} ×{row['scale']}  {row['path']}"
        )
    show(f"  (more are found in {model_folders()[0]})")
    for kind in KINDS:
        summaries = _summaries(host, kind) if kind.title else {}
        if summaries:
            show("", f"{kind.title}:")
        for name, summary in summaries.items():
            show(f"  {name:20} {summary}")


def _show_options(host: PluginHost, name: str, as_json: bool) -> None:
    schemas = _schemas(host, name)
    if as_json:
        show_json(schemas if len(schemas) > 1 else schemas.popitem()[1])
        return
    for title, schema in schemas.items():
        if len(schemas) > 1 or title.endswith(")"):
            show(f"{title}:")
        for key, field in schema.get("properties", {}).items():
            default = field.get("default")
            shown = "" if default is None else json.dumps(default, ensure_ascii=False).strip('"')  # as users type it
            show(f"  {key}={shown}  ({_type(field)})  {field.get('description', '')}")


def _show_conditions(host: PluginHost, model: str, as_json: bool) -> None:
    lines = [*conditions_of(model, host)]
    if as_json:
        show_json({"conditions": lines})
    else:
        show(f"conditions of {model}:", *(f"  {line}" for line in lines or ["none"]))


def _names() -> Collection[str]:
    from img2img.models.store import list_models

    return list_models()


def _is_extension(host: PluginHost, name: str) -> bool:
    return _is_known(host, FILTERS, name) or _is_known(host, FAMILIES, name)


def _type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return "|".join(map(str, field["enum"]))
    types = (other.get("type", "") for other in field.get("anyOf", [field]))
    return " or ".join(name for name in types if name not in ("null", ""))


def _schemas(host: PluginHost, name: str) -> dict[str, Any]:
    """Return the schemas of the options of the family and of the filter that have a name."""
    classes: dict[str, type[ModelConfig]] = {}
    if _is_known(host, FILTERS, name):
        classes[f"filter {name}"] = host.find(FILTERS, name).options_class
    if _is_known(host, FAMILIES, name) or not classes:
        family = host.family(name)
        title = f"family {name}" if family.is_trainable else f"family {name} (for use only: it has no training)"
        classes[title] = family.training_class if family.is_trainable else family.config_class
    return {title: options.model_json_schema() for title, options in classes.items()}


def _is_known(host: PluginHost, kind: Kind[Any], name: str) -> bool:
    """Return whether one or several extensions of a kind have a name."""
    names = host.names(kind)
    return name in names or any(known.endswith(f"/{name}") for known in names)
