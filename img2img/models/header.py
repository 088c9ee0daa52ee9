"""This module reads, checks and hashes the header of a safetensors file, in plain Python and without torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from img2img.errors import ModelFileError

MAX_HEADER_BYTES = 8 << 20
BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Type of a tensor's numbers to the size of a number in bytes."""


def read_header(path: Path) -> dict[str, Any]:
    """Read the header of a file, without its weights.

    Raises:
        ModelFileError: The header cannot be read, is too large, or is no table of tensors.
    """
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait until somebody writes into it
            raise ModelFileError(f"{path} is a folder, a pipe or a device, and no model file; give a .safetensors file")
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MAX_HEADER_BYTES:
                raise ModelFileError(
                    f"{path} is no model file: its header declares {length} bytes, more than {MAX_HEADER_BYTES}"
                )
            return parse_header(file.read(length), path)
    except OSError as error:
        raise ModelFileError(f"cannot read the model file {path}: {error.strerror}") from error


def parse_header(text: bytes, path: Path) -> dict[str, Any]:
    """Turn the text of a header into a table; `path` is for the message.

    Raises:
        ModelFileError: The text is no table of tensors.
    """
    try:
        header = json.loads(text, object_pairs_hook=_table)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no model file: it does not begin with a safetensors header") from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise ModelFileError(f"{path} is no model file: its header is not a table of tensors")
    return header


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):  # some readers take the first entry, others the last
        raise ValueError("a name stands twice")
    return table


def read_shape(name: str, entry: Any) -> tuple[int, ...]:
    """Return the shape in a tensor's entry.

    Raises:
        ValueError: The entry has no shape, or its type is unknown.
    """
    shape, dtype = (entry.get("shape"), entry.get("dtype")) if isinstance(entry, dict) else (None, None)
    if not isinstance(dtype, str) or dtype not in BYTES:
        raise ValueError(f"the tensor {name[:200]!r} has none of the types {', '.join(BYTES)}")
    if not isinstance(shape, list) or len(shape) > 8 or not all(type(n) is int and 0 <= n < 1 << 48 for n in shape):
        raise ValueError(f"the tensor {name[:200]!r} has no shape")
    return tuple(shape)


def split(data: bytes, path: Path) -> tuple[dict[str, Any], memoryview]:
    """Split the content of a file into its header and its weights."""
    length = int.from_bytes(data[:8], "little")
    return parse_header(data[8 : 8 + length], path), memoryview(data)[8 + length :]


def digest(header: dict[str, Any], weights: memoryview) -> str:
    """Return the SHA-256 of a header, without its entry `sha256`, and of the weights."""
    metadata = {key: value for key, value in header.get("__metadata__", {}).items() if key != "sha256"}
    canonical = json.dumps({**header, "__metadata__": metadata}, sort_keys=True)
    sha256 = hashlib.sha256(canonical.encode())
    sha256.update(weights)
    return sha256.hexdigest()
