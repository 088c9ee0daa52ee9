"""This module stores the traits of a translator, and the description of its model, in an exported file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

import img2img
from img2img.errors import ModelFileError

KEY = "img2img"
"""The entry of a file's metadata that holds a declaration, as JSON."""

_RATIO = r"^[1-9]\d{0,2}(/[1-9]\d{0,2})?$"


class ConditionInput(img2img.ModelConfig):
    """A condition that is an input of the program, with the row of numbers for each of its choices."""

    description: str
    choices: dict[str, Any] = Field(min_length=1)


class Declaration(img2img.ModelConfig):
    """The `Traits` of a translator in the form that a file stores; limits protect against hostile files."""

    scale: str = Field("1", pattern=_RATIO)
    multiple_of: int = Field(1, ge=1, le=4096)
    minimum_size: int = Field(1, ge=1, le=4096)
    channels_in: Literal[1, 3] = 3
    channels_out: Literal[1, 3] = 3
    tiling: Literal["exact", "overlap", "never"] = "never"
    halo: int = Field(0, ge=0, le=4096)
    precisions: tuple[Literal["fp32", "bf16", "fp16"], ...] = Field(("fp32", "bf16"), min_length=1, max_length=3)
    keeps_colour: bool = False
    conditions: dict[str, ConditionInput] = Field({})
    """The conditions, in the order of the inputs after the images."""
    original: dict[str, str] = Field({})
    """The description in the model file, and the conditions that were fixed."""

    def about(self) -> dict[str, Any]:
        """Return the description that `img2img inspect` shows."""
        table = self.model_dump(exclude={"conditions", "original"})
        choices = {name: list(each.choices) for name, each in self.conditions.items()}
        return {**self.original, **table, "conditions": choices}


PLAIN = {trait.name for trait in fields(img2img.Traits)} & {*Declaration.model_fields} - {"scale", "conditions"}
"""The traits that a file stores without conversion."""


class ImportedTranslator(img2img.Translator):
    """Translates images in [0, 1] with an exported file, which takes a tensor of rows for each condition."""

    def __init__(self, generator: nn.Module, declaration: Declaration) -> None:
        conditions = {name: _condition(each) for name, each in declaration.conditions.items()}
        plain = declaration.model_dump(include=PLAIN)
        super().__init__(generator, img2img.Traits(scale=Fraction(declaration.scale), conditions=conditions, **plain))

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return self.generator(images, *(conditions[name] for name in self.traits.conditions))


def declare(
    translator: img2img.Translator, conditions: Mapping[str, img2img.Condition], original: Mapping[str, str]
) -> Declaration:
    """Make the declaration of a translator.

    Args:
        translator: The translator.
        conditions: Its conditions that stay inputs.
        original: The description in the model file, and the conditions that were fixed.
    """
    inputs = {
        name: ConditionInput(
            description=condition.description,
            choices={word: condition.row(word).tolist() for word in condition.choices},
        )
        for name, condition in conditions.items()
    }
    own = {name: getattr(translator.traits, name) for name in PLAIN}
    scale = str(translator.traits.scale)
    return Declaration.parse({**own, "scale": scale, "conditions": inputs, "original": original})


def read_declaration(text: str, path: Path) -> Declaration:
    """Read the declaration in a file.

    Raises:
        ModelFileError: The declaration is damaged, or of a newer version.
    """
    try:
        declaration = Declaration.parse_json(text)
        for each in declaration.conditions.values():
            for row in each.choices.values():
                torch.tensor(row)
    except (img2img.ConfigError, TypeError, ValueError, RuntimeError) as error:
        raise ModelFileError(
            f"the declaration in {path} is damaged, or of a newer version: {error}; export the model again"
        ) from error
    return declaration


def _condition(each: ConditionInput) -> img2img.Condition:
    words = tuple(each.choices)
    return img2img.Condition(each.description, partial(_row, each.choices), required=True, choices=words)


def _row(choices: Mapping[str, Any], word: str) -> Tensor:
    if word not in choices:
        near = difflib.get_close_matches(word, choices, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"there is no such choice{hint}; choose among: {', '.join(map(repr, list(choices)[:20]))}")
    return torch.tensor(choices[word])
