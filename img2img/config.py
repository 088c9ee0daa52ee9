"""This module defines how a family declares its options, and reads them from TOML, JSON or `key=value`."""

from __future__ import annotations

import difflib
import json
import reprlib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from img2img.errors import ConfigError

C = TypeVar("C", bound="ModelConfig")

MAX_COMPLAINTS = 10
"""The most wrong options that a message names; a hostile model file may hold a million."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200


class ModelConfig(BaseModel):
    """The hyper-parameters of one model of a family; subclass it and add fields.

    A field is an option: `name: type = default`, with its meaning and unit in `Field(description=...)` and its range in
    `Field(ge=..., le=...)`. Unknown keys are refused. The model file stores the config, so it has the options on which
    the generator and its use depend, and no others. Bound every option that sizes a network: a hostile file must not be
    able to request a million layers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Self:
        """Build a config from options.

        Raises:
            ConfigError: An option is unknown or wrong; the message names each such option.
        """
        try:
            return cls.model_validate(dict(options))
        except ValidationError as error:
            details = error.errors(include_url=False)
            complaints = [cls._complaint(detail) for detail in details[:MAX_COMPLAINTS]]
            if len(details) > MAX_COMPLAINTS:
                complaints.append(f"and {len(details) - MAX_COMPLAINTS} more")
            raise ConfigError(*complaints) from error

    @classmethod
    def parse_json(cls, text: str) -> Self:
        """Build a config from a JSON object.

        Raises:
            ConfigError: The text is no JSON object, or an option is unknown or wrong.
        """
        try:
            options = json.loads(text)
        except (ValueError, RecursionError) as error:  # also for numbers of too many digits, and too deep nesting
            raise ConfigError(f"the config is not valid JSON: {error}") from error
        if not isinstance(options, dict):
            raise ConfigError(f"the config must be a table of options, not {type(options).__name__}")
        return cls.parse(options)

    @classmethod
    def _complaint(cls, detail: Any) -> str:
        key = ".".join(str(part) for part in detail["loc"])
        if not key:  # the message of a rule between options names them itself
            return str(detail["msg"]).removeprefix("Value error, ")
        if detail["type"] == "missing":
            return f"option {key!r}: {detail['msg']}"
        if detail["type"] != "extra_forbidden":
            return f"option {key!r}: {detail['msg']}, got {_SHORT.repr(detail['input'])}"
        near = difflib.get_close_matches(key, cls.model_fields, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(cls.model_fields))}"
        return f"unknown option {_SHORT.repr(key)}; {hint}"


class TrainingConfig(ModelConfig):
    """The options of a training; a family adds those of its model: `class MyTraining(MyConfig, TrainingConfig)`."""

    changeable: ClassVar[frozenset[str]] = frozenset({"crop", "resize"})
    """The options that may change when a run is resumed: they say what is cut from the data, and shape no network."""

    batch_size: int = Field(16, ge=1, le=4096, description="images in one forward pass of training")
    accumulate: int = Field(
        1, ge=1, le=1024, description="batches whose gradients are added up before an optimiser moves"
    )
    ema: float = Field(0.999, ge=0, lt=1, description="decay of the averaged generator; 0 switches averaging off")

    def part(self, kind: type[C]) -> C:
        """Return the options that a model file of this training holds: those of `kind`, which this class extends."""
        return kind.parse(self.model_dump(include=set(kind.model_fields)))

    @property
    def total_steps(self) -> int:
        """The number of steps of the whole training; every family must define it."""
        raise NotImplementedError


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Turn `key=value` words into options; a value is read as TOML, or else taken as plain text.

    Raises:
        ConfigError: A word has no `=` or no key.
    """
    options: dict[str, Any] = {}
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key.strip():
            raise ConfigError(f"{assignment!r} is no option: write it as key=value, for example scale=4")
        options[key.strip()] = _parse_value(text)
    return options


def read_toml(path: Path) -> dict[str, Any]:
    """Read a table of options from a TOML file.

    Raises:
        ConfigError: The file cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the config file {path}: {error.strerror}; check its path") from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, too many digits, or too deep nesting
        raise ConfigError(f"{path} is not a TOML file: {error}; write one option a line, as key = value") from error


def _parse_value(text: str) -> Any:
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text.strip()
    return table["value"] if len(table) == 1 else text
