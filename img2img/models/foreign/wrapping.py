"""This module finds the weights of one network in a checkpoint, and removes the names that training codes add."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from img2img.errors import ModelFileError
from img2img.models.file import MAX_TENSORS
from img2img.models.foreign.reading import Content
from img2img.text import printable

TABLES = ("params_ema", "params", "state_dict", "model_state_dict", "model", "net_G", "netG", "generator", "net", "G")
"""Names under which codes store the weights of a generator, the best first: BasicSR's average comes before others."""
PREFIXES = ("module.", "_orig_mod.", "netG.", "net_g.", "generator_ema.", "generator.")
"""Prefixes that DataParallel, torch.compile and trainers add to the names of a network's tensors."""
DOMAIN = re.compile(r"(generators\.(?:module\.)?[^.]+)\.")
"""The prefix that MMagic adds to the tensors of each generator: the domain into which it translates."""
DEEPEST = 8
"""The deepest nesting of tables that is searched; in a pickle, a table may hold itself."""
DTYPES = {torch.float64, torch.float32, torch.float16, torch.bfloat16}
DTYPES |= {torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool}


def unwrap(content: object, part: str = "") -> dict[str, Tensor]:
    """Find the weights of a generator, and remove the prefixes that wrappers added to their names.

    Args:
        content: The content of the file.
        part: The name of a table in it, or the first part of the names of one network; empty searches for them.

    Raises:
        ModelFileError: There are no weights, or several networks. The message continues a sentence that begins with
            the name of the file.
    """
    table, part = _find_table(content, part)
    if len(table) > MAX_TENSORS:
        raise ModelFileError(
            f"holds {len(table)} tensors, more than the {MAX_TENSORS} allowed; save the generator's state_dict alone"
        )
    for name, value in table.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ModelFileError(
                f"holds {_shown(name)}, {type(value).__name__}, among its tensors; save the network's state_dict alone"
            )
    return strip(table, part)


def tensors_of(content: Content) -> dict[str, Tensor] | None:
    """Return the main table of a file, by the names that stand in it; None where it is no table of plain tensors."""
    try:
        table = _find_table(content.table, "")[0]
        tensors = {name: value for name, value in table.items() if isinstance(name, str) and isinstance(value, Tensor)}
        check_tensors(tensors, content.size)
    except ModelFileError:
        return None
    return tensors if len(tensors) == len(table) <= MAX_TENSORS else None


def strip(table: dict[str, Tensor], part: str = "") -> dict[str, Tensor]:
    """Remove prefixes until none is left.

    Where only some names have the prefix of a generator, these are taken as the generator, and the rest is left out.

    Raises:
        ModelFileError: The part does not exist, or there are several generators.
    """
    if chosen := _below(table, part):
        return strip(chosen)
    for prefix in PREFIXES:
        chosen = {name.removeprefix(prefix): tensor for name, tensor in table.items() if name.startswith(prefix)}
        if len(chosen) == len(table) or (chosen and prefix.startswith(("net", "gen"))):
            return strip(chosen, part) if chosen else table
    if part:
        parts = ", ".join(name[:60] for name in list(inner_networks(table))[:10])
        raise ModelFileError(f"has no part {_shown(part)}; there are {parts or 'none'}")
    domains = sorted({match[1] for match in map(DOMAIN.match, table) if match})
    if len(domains) > 1:
        raise ModelFileError(several(domains))
    if domains:
        return strip(_below(table, domains[0]))
    return table


def check_tensors(weights: Mapping[str, Tensor], size: int) -> None:
    """Check tensors against the size of their file, before any is copied.

    Up to four names may share what is stored, as two networks with equal weights do.

    Raises:
        ModelFileError: A tensor is no plain tensor, or declares more numbers than the file holds.
    """
    for name, tensor in weights.items():
        plain = tensor.layout is torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
        if not plain or tensor.dtype not in DTYPES:
            kind = f"{tensor.dtype}, {tensor.layout}, on {tensor.device}".replace("torch.", "")
            raise ModelFileError(f"holds {_shown(name)}, which is no plain tensor ({kind}); save it dense, in float32")
        stored = tensor.untyped_storage().nbytes()
        if _bytes(tensor) > min(stored, size):
            shape = "×".join(map(str, tensor.shape))
            raise ModelFileError(
                f"declares that {_shown(name)} is {shape}, but holds {stored} bytes of it; fetch it again"
            )
    if sum(map(_bytes, weights.values())) > 4 * size:
        raise ModelFileError(f"declares more numbers than its {size} bytes hold; fetch it again")


def _bytes(tensor: Tensor) -> int:
    return math.prod(tensor.shape) * tensor.element_size()


def inner_networks(table: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Return the tensors by the first part of their names, and below it by the rest."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in table.items():
        first, _, rest = name.partition(".")
        if rest:
            found.setdefault(first, {})[rest] = tensor
    return found


def several(parts: list[str]) -> str:
    """Return the message for a file with several networks, of which a user names one."""
    shown = ", ".join(part[:60] for part in parts[:10])
    return f"holds several networks; say which with `img2img import --part NAME`; there are {shown}"


def _find_table(content: object, part: str) -> tuple[dict[Any, Any], str]:
    """Return a table with tensors; and the part, if it must still be selected by the names in the table."""
    for _ in range(DEEPEST):
        if not isinstance(content, Mapping):
            break
        tables = _tables(content)
        if part in tables:
            content, part = tables[part], ""
        elif any(isinstance(value, Tensor) for value in content.values()):
            chosen = _below(content, part)
            return (chosen, "") if chosen else (dict(content), part)
        elif len(tables) > 1 and not any(name in tables for name in TABLES):
            content = _joined(tables)
        else:
            content = _main(tables)
    raise ModelFileError("holds no weights of a network; give a file with a state_dict")


def _tables(content: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]]:
    return {_text(name): value for name, value in content.items() if isinstance(value, Mapping)}


def _main(tables: Mapping[str, Mapping[Any, Any]]) -> Mapping[Any, Any] | None:
    """Return the table that holds a generator by its name, or because it is the only one; None where none does."""
    name = next((name for name in TABLES if name in tables), None)
    return tables[name] if name else next(iter(tables.values())) if len(tables) == 1 else None


def _joined(tables: Mapping[str, Mapping[Any, Any]]) -> dict[str, Tensor]:
    """Return the tensors of several networks in one table, each by the name of its network and its own."""
    tensors = (
        (f"{name}.{inner}", value)
        for name, table in tables.items()
        for inner, value in _innermost(table).items()
        if isinstance(value, Tensor) and isinstance(inner, str)
    )
    return dict(islice(tensors, MAX_TENSORS + 1))  # tables that share their parts could be endless


def _innermost(table: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return the first table in a table, and in its main table, that holds tensors."""
    content: Mapping[Any, Any] | None = table
    for _ in range(DEEPEST):
        if content is None or any(isinstance(value, Tensor) for value in content.values()):
            break
        content = _main(_tables(content))
    return content or {}


def _below(table: Mapping[Any, Tensor], part: str) -> dict[str, Tensor]:
    """Return the tensors of a part, by the rest of their names."""
    names = {name: _text(name).removeprefix(f"{part}.") for name in table} if part else {}
    return {rest: table[name] for name, rest in names.items() if rest != _text(name)}


def _text(name: object) -> str:
    """Return the name of a tensor as text; of what is no name only the type, since its text may never end."""
    if isinstance(name, str):
        return name
    return str(name) if isinstance(name, int) and name.bit_length() < 64 else type(name).__name__


def _shown(name: object) -> str:
    return repr(printable(_text(name)[:100]))
