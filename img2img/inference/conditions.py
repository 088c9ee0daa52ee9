"""This module turns the values that a user gives for the conditions of a model into rows of tensors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from img2img.contract.traits import Condition, Traits
from img2img.errors import ImageError, UsageError
from img2img.inference.channels import to_network
from img2img.media import decode_image, read_file
from img2img.media.files import MAX_PIXELS
from img2img.media.image.alpha import in_front_of
from img2img.nn.grey import LUMA
from img2img.text import error_text, printable, text_of

if TYPE_CHECKING:
    from img2img.media import Pixels

Declared = Mapping[str, Condition]
"""The conditions that a translator takes, by name."""

BLACK = (0, 0, 0)
_MODES_OF_PIXELS = ("1", "L", "LA", "RGB", "RGBA", "F", "I;16")
"""Modes in which the array of a PIL image holds its colours."""
_MOST_CHOICES = 30
"""Choices that a message lists."""


def parse_rows(declared: Declared, given: Mapping[str, Any]) -> dict[str, Tensor]:
    """Turn one value for each condition into one row, without the batch dimension.

    Raises:
        UsageError: A condition is unknown, missing or wrong.
    """
    return {name: row_of(name, declared[name], value) for name, value in named(declared, given).items()}


def parse_batch(declared: Declared, given: Mapping[str, Any], count: int) -> dict[str, Tensor]:
    """Turn values into `count` rows each; a tensor may hold one row for each image of the batch.

    Raises:
        UsageError: A condition is unknown, missing or wrong.
    """
    rows = {}
    for name, value in named(declared, given).items():
        condition = declared[name]
        if isinstance(value, Tensor) and value.ndim == _dimensions(condition) + 1:
            if len(value) != count:
                raise UsageError(f"condition {name}: it has {len(value)} rows for {count} images; give as many, or one")
            rows[name] = torch.stack([row_of(name, condition, row) for row in value])
        else:
            row = row_of(name, condition, value)
            rows[name] = row.expand(count, *row.shape)
    return rows


def named(declared: Declared, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the order of the declared conditions; an empty name stands for the one that it must be.

    Raises:
        UsageError: A condition is unknown or missing, or an empty name may stand for several.
    """
    given = dict(given)
    if "" in given:
        name = _single(declared, given[""])
        if name in given:
            raise UsageError(f"the condition {name!r} is given twice; give it once")
        given[name] = given.pop("")
    for name in given:
        if name not in declared:
            takes = f"it takes {', '.join(declared)}; name one of these" if declared else "it takes none; leave it out"
            raise UsageError(f"the model takes no condition {name!r}; {takes}")
    for name, condition in declared.items():
        if condition.required and name not in given:
            raise UsageError(
                f"the model needs the condition {name!r}: {condition.description}; give -c {name}={_typed(condition)}"
            )
    return {name: given[name] for name in declared if name in given}


def _single(declared: Declared, value: Any) -> str:
    required = [name for name, condition in declared.items() if condition.required]
    names = required if len(required) == 1 else list(declared)
    if len(names) != 1:
        takes = (
            f"it takes {', '.join(names)}; write for example -c {names[0]}={value}"
            if names
            else "it takes none; leave it out"
        )
        raise UsageError(f"{value!r} is given for a condition of the model, and does not say for which: {takes}")
    return names[0]


def row_of(name: str, condition: Condition, value: Any, max_pixels: int = MAX_PIXELS) -> Tensor:
    """Turn a value into one row, without the batch dimension.

    Args:
        name: The name of the condition, for messages.
        condition: Its declaration.
        value: A typed text, a number, a row as a tensor; for pictures also a path, an array or a PIL image.
        max_pixels: The most pixels that a picture file may have.

    Raises:
        UsageError: The value does not fit; the message says why.
    """
    try:
        return _picture(condition, value, max_pixels) if condition.is_picture else _typed_row(condition, value)
    except Exception as error:  # a ValueError has a message for the user; a plugin may raise others
        text = text_of(error) if isinstance(error, ValueError | ImageError) else error_text(error)
        raise UsageError(f"condition {name}={shown(value)}: {text}{_hint(value)}") from error


def colours(condition: Condition, pixels: Pixels) -> Pixels:
    """Return decoded pixels, (H, W, 1 ... 4) of uint8 or uint16, with the channels of an image or a map.

    What is transparent gets the colour of its surroundings in an image, and is black in a map.
    """
    if condition.kind == "map" and pixels.shape[2] in (2, 4):
        pixels = in_front_of(BLACK, pixels)
    return to_network(pixels, Traits(channels_in=condition.channels))[0]


def picture_row(condition: Condition, pixels: Pixels) -> Tensor:
    """Turn decoded pixels, (H, W, 1 ... 4) of uint8 or uint16, into the row of an image or a map."""
    colour = colours(condition, pixels)
    row = torch.from_numpy(colour.astype(np.float32)).permute(2, 0, 1).contiguous()
    return row.div_(np.iinfo(colour.dtype).max)


def shown(value: Any) -> str:
    """Return a value as messages show it: a text in quotes, of an array only its size."""
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)} names"
    if hasattr(value, "shape") and len(value.shape) > 1:
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    return repr(value) if isinstance(value, str) else str(value)


def as_typed(value: Any) -> str:
    """Return a value as the user typed it, for the report; of an array only its size."""
    return value if isinstance(value, str) else shown(value)


def describe_conditions(declared: Declared) -> list[str]:
    """Return a line for each condition: what to type, whether it must be given, and what it means."""
    lines = []
    for name, condition in declared.items():
        need = "required" if condition.required else "optional"
        lines.append(f"{name}={_typed(condition)}  ({condition.kind}, {need})  {condition.description}")
    return lines


def _typed(condition: Condition) -> str:
    """Return what a user types for a condition, in short."""
    if condition.kind == "image":
        return "PICTURE"
    if condition.kind == "map":
        return "PICTURE, or a folder of pictures of the sources' names"
    if condition.choices:
        more = len(condition.choices) - _MOST_CHOICES
        return "|".join(condition.choices[:_MOST_CHOICES]) + (f"|… ({more} more)" if more > 0 else "")
    if condition.kind == "number":
        return "NUMBER" + _bound("from", condition.minimum) + _bound("to", condition.maximum)
    return "…"


def _bound(word: str, bound: float | None) -> str:
    return "" if bound is None else f" {word} {bound:g}"


def _hint(value: Any) -> str:
    """Return what a user may have meant who gave a table or a folder where one value serves all."""
    if not isinstance(value, str | os.PathLike):
        return ""
    if str(value).startswith("@"):
        return "; a table gives each source of `img2img translate` a value of its own, and here one value serves all"
    return "; here one picture serves all, and no folder can" if os.path.isdir(value) else ""  # noqa: PTH112 - any text


def _typed_row(condition: Condition, value: Any) -> Tensor:
    if isinstance(value, np.ndarray) and value.ndim:
        value = torch.from_numpy(value)
    if isinstance(value, Tensor):
        if condition.kind != "number" or condition.parse or value.numel() != 1:
            return value
        value = value.item()
    return condition.row(str(value))


def _picture(condition: Condition, value: Any, max_pixels: int) -> Tensor:
    if isinstance(value, str | os.PathLike):
        path = Path(value)
        return picture_row(condition, decode_image(read_file(path), printable(path), max_pixels).pixels)
    if isinstance(value, Tensor):
        return _tensor_row(condition, value)
    if getattr(value, "mode", "RGB") not in _MODES_OF_PIXELS and hasattr(value, "convert"):  # a PIL image
        value = value.convert("RGBA" if "transparency" in getattr(value, "info", ()) else "RGB")
    pixels = np.asarray(value)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4 or 0 in pixels.shape:
        raise ValueError(f"give a path, a PIL image, or an array (H, W) or (H, W, 1 to 4), not {type(value).__name__}")
    if pixels.dtype in (np.uint8, np.uint16):
        return picture_row(condition, pixels.astype(pixels.dtype.newbyteorder("=")))
    if pixels.dtype != bool and not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(f"its type is {pixels.dtype}; give uint8, uint16, bool, or float in [0, 1]")
    return _tensor_row(condition, torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1))


def _tensor_row(condition: Condition, value: Tensor) -> Tensor:
    """Check a tensor (C, H, W) in [0, 1], and give it the channels of the condition."""
    value = value[None] if value.ndim == 2 else value
    if value.ndim != 3 or value.shape[0] not in (1, 3) or not value.numel():
        raise ValueError(f"a picture as a tensor is (1 or 3, H, W), not {tuple(value.shape)}")
    if not (value.is_floating_point() or value.dtype == torch.bool):
        raise ValueError(f"a picture as a tensor is of floating-point numbers in [0, 1], not {value.dtype}")
    row = value.detach().to("cpu", torch.float32)
    low, high = (float(bound) for bound in row.aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"its values reach from {low:g} to {high:g}; bring them to [0, 1]")
    if row.shape[0] == condition.channels:
        return row.contiguous()
    if row.shape[0] == 1:
        return row.repeat(3, 1, 1)
    return (row * row.new_tensor(LUMA)[:, None, None]).sum(0, keepdim=True)


def _dimensions(condition: Condition) -> int:
    """Return how many dimensions a row has; -2, which no tensor has, where that is not known."""
    if condition.is_picture:
        return 3
    if condition.choices:
        return condition.row(condition.choices[0]).ndim
    return 0 if condition.kind == "number" and condition.parse is None else -2
