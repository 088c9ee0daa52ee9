"""This module finds the family that recognises a foreign checkpoint, and makes a model of it."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from img2img.errors import ConfigError, ModelFileError, UnknownModelError
from img2img.host.kinds import FAMILIES
from img2img.models.downloads import check_download
from img2img.models.file import SUFFIX, ModelInfo, check_numbers, fill_generator, is_foreign
from img2img.models.foreign.reading import Content, read_checkpoint
from img2img.models.foreign.wrapping import check_tensors, inner_networks, several, strip, unwrap
from img2img.models.shapes import with_counters
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.config import ModelConfig
    from img2img.contract.families import ModelFamily, Recognised, Translator
    from img2img.host.host import PluginHost

log = logging.getLogger(__name__)

DEEPEST_NETWORK = 4
"""The most words before the names of a network's tensors, such as `gen_AB`."""
MOST_NETWORKS, FEWEST_TENSORS = 16, 5
"""The most networks that a file is searched for, at each depth, and the fewest tensors that each of them has."""


@dataclass(frozen=True)
class Foreign:
    """A checkpoint of another program, as a model."""

    info: ModelInfo
    config: ModelConfig
    generator: nn.Module
    translator: Translator
    recognised: Recognised


class UndecidedError(ModelFileError):
    """Several families recognise a file, or several networks in it; the user has to choose."""


def open_checkpoint(path: Path, host: PluginHost, options: Mapping[str, Any] | None = None, part: str = "") -> Foreign:
    """Open a checkpoint that a family recognises.

    Args:
        path: A file of `torch.save`, or a foreign `.safetensors`.
        host: The host whose families look at the checkpoint.
        options: Options of the family's config that the tensors do not determine.
        part: The name of one network, where the file holds several; see `unwrap`.

    Raises:
        ModelFileError: The file is damaged or hostile, no family recognises it or several do, or its tensors do not
            fit.
    """
    check_download(path)
    if path.suffix.lower() == SUFFIX and not is_foreign(path):
        raise ModelFileError(f"{path} is a model file already; use it as it is")
    return make_foreign(path, read_checkpoint(path), host, options or {}, part)


def make_foreign(path: Path, content: Content, host: PluginHost, options: Mapping[str, Any], part: str) -> Foreign:
    """Make a model of the content of a checkpoint; see `open_checkpoint`."""
    try:
        weights = unwrap(content.table, part)
        check_tensors(weights, content.size)
        name, family, recognised = _find(weights, host)
        config = _parse(family, recognised, options)
        recognised = replace(recognised, weights=with_counters(recognised.weights, family, config))
    except ModelFileError as error:
        raise type(error)(f"{path} {error}") from error
    info = _describe(path, content.sha256, name, config, recognised)
    try:
        generator = fill_generator(info, family, config, lambda: recognised.weights)
    except ModelFileError as error:
        raise ModelFileError(
            *error.lines,
            f"The family {name!r} took the file for a {recognised.what}, but the file is a variant that the family "
            "does not have, or damaged (fetch it again), or the given options do not fit it",
        ) from error
    check_numbers(generator, path)
    translator = family.translator(config, generator)
    log.info("%s is taken for a %s", path, recognised.what)
    return Foreign(replace(info, scale=str(translator.traits.scale)), config, generator, translator, recognised)


def assumptions(config: ModelConfig, recognised: Recognised, given: Container[str] = ()) -> list[str]:
    """Return the options that neither the tensors nor the user determine, as lines `option=value: reason`."""
    return [
        f"{option}={getattr(config, option)}: {why}"
        for option, why in recognised.assumed.items()
        if option not in given
    ]


Answer = tuple[str, "ModelFamily[Any, Any]", "Recognised"]
"""The name of a family, the family, and what it recognised."""


def _find(weights: dict[str, Tensor], host: PluginHost) -> Answer:
    """Return the answer of the only family that recognises the weights, or those of one network among them."""
    refusals: list[ModelFileError] = []
    found = _search(weights, host, refusals)
    if len(found) > 1:
        raise UndecidedError(several(sorted(found)))
    if not found:
        raise refusals[0] if refusals else UnknownModelError(_unknown(weights, host.families))
    ((part, (name, family, recognised)),) = found.items()
    if part:
        recognised = replace(recognised, what=f"{recognised.what}, the part {printable(part[:100])!r} of the file")
    return name, family, recognised


def _search(
    weights: dict[str, Tensor], host: PluginHost, refusals: list[ModelFileError], part: str = "", depth: int = 0
) -> dict[str, Answer]:
    """Return the answers for the weights or, where there is none, for each network in them, by the network's name."""
    try:
        if answer := _ask(strip(weights), host):
            return {part: answer}
    except ModelFileError as error:
        refusals.append(error)
        return {}
    found: dict[str, Answer] = {}
    inner = {name: table for name, table in inner_networks(weights).items() if len(table) >= FEWEST_TENSORS}
    if depth < DEEPEST_NETWORK and len(inner) <= MOST_NETWORKS:
        for name, table in inner.items():
            found |= _search(table, host, refusals, f"{part}.{name}".removeprefix("."), depth + 1)
    return found


def _ask(weights: Mapping[str, Tensor], host: PluginHost) -> Answer | None:
    families = host.families
    found: dict[str, Recognised] = {}
    refusals: list[ModelFileError] = []
    for name, family in families.items():
        try:
            if recognised := family.recognise(weights):
                found[name] = recognised
        except ModelFileError as error:
            refusals.append(error)
        except Exception as error:  # a plugin may raise anything; then its family does not recognise the checkpoint
            log.warning("the family %r failed to look at a checkpoint: %s: %s", name, type(error).__name__, error)
    if len(found) == 1:
        ((name, recognised),) = found.items()
        return host.full_name(FAMILIES, name), families[name], recognised
    if found:
        plugins = host.names(FAMILIES)
        names = " and ".join(f"{name} of {plugins[name]}" for name in found)
        first = plugins[next(iter(found))].name
        raise UndecidedError(f"is recognised by {names}; choose one of these plugins: img2img --plugins {first} …")
    if refusals:
        raise refusals[0]
    return None


def _unknown(weights: Mapping[str, Tensor], families: Iterable[str]) -> str:
    shown = ", ".join(f"{name[:60]} {_shape(tensor)}" for name, tensor in list(weights.items())[:5])
    return (
        f"holds {len(weights)} tensors that none of the families ({', '.join(families) or 'none'}) recognises as its "
        f"generator's: {shown}, …. Give the file of a generator (net_G, net_g), or install a plugin that opens it"
    )


def _parse(family: ModelFamily[Any, Any], recognised: Recognised, options: Mapping[str, Any]) -> ModelConfig:
    try:
        config: ModelConfig = family.config_class.parse({**recognised.options, **options})
    except ConfigError as error:
        raise ModelFileError(
            f"is a {recognised.what}, which the family {family.name!r} cannot have: {error}"
        ) from error
    return config


def _describe(path: Path, sha256: str, family: str, config: ModelConfig, recognised: Recognised) -> ModelInfo:
    return ModelInfo(
        path=path,
        family=family,
        direction="forward",
        config=config.model_dump_json(),
        scale="1",
        step=0,
        created_with="; assumed: ".join([recognised.what, *assumptions(config, recognised)]),
        trained_on="",
        license="",
        sha256=sha256,
        shapes={name: tuple(tensor.shape) for name, tensor in recognised.weights.items()},
    )


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"
