"""Promises of a family's name, summary and options."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w

from img2img.config import ModelConfig, TrainingConfig
from img2img.errors import ConfigError
from img2img.host.kinds import FAMILIES
from img2img.testing.family import FamilySubject
from img2img.testing.promise import keep, keep_name_and_summary, promise

ABSURD = 10**9
"""A number of layers, channels or classes that is larger than any real one."""


@promise()
def it_has_a_name_and_a_summary_of_one_line(subject: FamilySubject) -> None:
    keep_name_and_summary(FAMILIES, subject.family)


@promise()
def its_options_make_a_config(subject: FamilySubject) -> str | None:
    family = subject.family
    remark = None if family.small else "the family names no options that make it `small`: the checks take longer"
    if not family.is_trainable:
        keep(isinstance(subject.config, ModelConfig), f"config_class is {type(subject.config).__name__}")
        return remark
    training = family.training_class
    for kind in (family.config_class, TrainingConfig):
        keep(issubclass(training, kind), f"training_class is {training.__name__}, no subclass of {kind.__name__}")
    keep(isinstance(subject.training, training), f"configure() returned {type(subject.training).__name__}")
    keep(subject.training.total_steps > 0, f"total_steps is {subject.training.total_steps}")
    return remark


@promise(its_options_make_a_config)
def a_config_survives_json_and_toml(subject: FamilySubject) -> None:
    for config in subject.configs:
        kind = type(config)
        read = kind.parse_json(config.model_dump_json())
        keep(read == config, f"{kind.__name__}: JSON made {read!r} of {config!r}")
        table = tomllib.loads(tomli_w.dumps(config.model_dump(mode="json", exclude_none=True)))
        read = kind.parse(table)
        keep(read == config, f"{kind.__name__}: TOML made {read!r} of {config!r}")


@promise(its_options_make_a_config)
def an_unknown_option_is_refused(subject: FamilySubject) -> None:
    for config in subject.configs:
        try:
            read = type(config).parse({**json.loads(config.model_dump_json()), "no_such_option": 1})
        except ConfigError:
            continue
        keep(False, f"{type(config).__name__} took no_such_option=1 and became {read!r}")


@promise(its_options_make_a_config)
def a_config_cannot_be_changed(subject: FamilySubject) -> None:
    config = subject.configs[-1]
    for name in type(config).model_fields:
        try:
            setattr(config, name, getattr(config, name))
        except (ValueError, TypeError, AttributeError):
            continue
        keep(False, f"{name} of {type(config).__name__} can be set; leave `frozen` as ModelConfig has it")


@promise(its_options_make_a_config)
def a_hostile_config_cannot_ask_for_a_network_without_bounds(subject: FamilySubject) -> None:
    schema = subject.family.config_class.model_json_schema()
    for name, field in schema.get("properties", {}).items():
        for what in _without_bounds(field, schema):
            if what == "integer" and not _takes(subject.config, name, ABSURD):
                continue  # refused by a rule that is not in the schema
            remedy = "Field(le=...)" if what == "integer" else "Field(max_length=...)"
            keep(False, f"the option {name!r} takes {what}s of any size; give it {remedy}")


def _without_bounds(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """Return the types among `integer`, `array` and `object` that a field takes at any size, by its JSON schema."""
    if "$ref" in field:
        field = schema["$defs"][field["$ref"].rpartition("/")[2]]
    kind = field.get("type")
    if kind == "integer" and not {"enum", "const", "maximum", "exclusiveMaximum"} & field.keys():
        yield "integer"
    if kind == "array" and "maxItems" not in field:
        yield "array"
    if kind == "object" and "properties" not in field and "maxProperties" not in field:
        yield "object"
    inner = [field.get("items"), field.get("additionalProperties"), *field.get("prefixItems", ())]
    inner += [*field.get("anyOf", ()), *field.get("properties", {}).values()]
    for part in inner:
        if isinstance(part, dict):
            yield from _without_bounds(part, schema)


def _takes(config: ModelConfig, name: str, value: Any) -> bool:
    try:
        type(config).parse({**config.model_dump(), name: value})
    except ConfigError:
        return False
    return True
