"""What plugins can provide, kind by kind: by which hook it is registered, and what is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from img2img.contract.families import ModelFamily
from img2img.errors import PluginError


@dataclass(frozen=True)
class Kind:
    """One kind of what plugins provide; each such thing has a `name`."""

    noun: str
    hook: str
    check: Callable[[object], None]
    """Raises a PluginError where something else was registered."""


def check_name(name: str, noun: str, pattern: str = r"[a-z][a-z0-9_-]*") -> None:
    """Refuse what cannot be typed or told apart."""
    if not re.fullmatch(pattern, name):
        raise PluginError(f"{name!r} is no name for a {noun}: use lower-case letters, digits and _")


def _check_family(family: object) -> None:
    if not isinstance(family, ModelFamily):
        raise PluginError(f"register() takes a ModelFamily, not {family!r}")
    _check_words(family, type(family).__name__)
    check_name(family.name, "family", r"[a-z][a-z0-9_]*")


def _check_filter(kind: object) -> None:
    from img2img.contract.filters import Filter, FilterOptions

    if not (isinstance(kind, type) and issubclass(kind, Filter)):
        raise PluginError(f"register() takes a subclass of Filter, not {kind!r}")
    _check_words(kind, kind.__name__)
    check_name(kind.name, "filter")
    if not issubclass(kind.options_class, FilterOptions):
        raise PluginError(f"the options_class of {kind.__name__} is no subclass of FilterOptions")


def _check_importer(importer: object) -> None:
    from img2img.contract.importers import Importer

    if not isinstance(importer, Importer):
        raise PluginError(f"register() takes an Importer, not {importer!r}")
    _check_words(importer, type(importer).__name__)
    check_name(importer.name, "importer")
    if not importer.suffixes or not all(re.fullmatch(r"(\.[a-z0-9]+)+", suffix) for suffix in importer.suffixes):
        raise PluginError(f"the importer {importer.name!r} has no suffixes such as '.onnx'")


def _check_source(source: object) -> None:
    from img2img.contract.clips import ClipSource

    if not isinstance(source, ClipSource):
        raise PluginError(f"register() takes a ClipSource, not {source!r}")
    _check_words(source, type(source).__name__)
    check_name(source.name, "source", r"[a-z][a-z0-9]+")  # one letter would be a drive of Windows
    _check_foreign(source.name, "source")


def _check_target(target: object) -> None:
    from img2img.contract.clips import ClipTarget

    if not isinstance(target, ClipTarget):
        raise PluginError(f"register() takes a ClipTarget, not {target!r}")
    _check_words(target, type(target).__name__)
    check_name(target.name, "target", r"[a-z0-9]+")
    _check_foreign(target.name, "target")


def _check_foreign(name: str, noun: str) -> None:
    from img2img.media.formats import OWN_NAMES

    if name in OWN_NAMES:
        raise PluginError(f"{name!r} is no name for a {noun}: img2img itself knows files with that suffix; use another")


def _check_command(command: object) -> None:
    import click

    if not isinstance(command, click.Command) or command.name is None:
        raise PluginError(f"register() takes a click command, not {command!r}")
    check_name(command.name, "command")


def _check_words(thing: object, what: str) -> None:
    for attribute in ("name", "summary"):
        if not isinstance(getattr(thing, attribute, None), str):
            raise PluginError(f"{what} has no {attribute}")


KINDS = {
    "families": Kind("family", "register_models", _check_family),
    "commands": Kind("command", "register_commands", _check_command),
    "filters": Kind("filter", "register_filters", _check_filter),
    "importers": Kind("importer", "register_importers", _check_importer),
    "sources": Kind("source", "register_sources", _check_source),
    "targets": Kind("target", "register_targets", _check_target),
}
