"""This module opens programs of torch.export as translators, which torch runs, after it has checked them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from img2img.errors import ModelFileError

from .archive import EXTRA, Archive
from .declaration import KEY, Declaration, ImportedTranslator, read_declaration
from .probe import try_out
from .quiet import quietly
from .weights import check_numbers

MEMBER = f"{KEY}.json"
"""The extra file of a program that holds its declaration."""


def open_program(data: bytes, path: Path) -> ImportedTranslator:
    """Open a program, also one without a declaration if its input and output are clear.

    Raises:
        ModelFileError: The file is damaged, could run code, or takes or returns something else than images.
    """
    archive = Archive(data, path)
    declaration = stored_declaration(archive)
    try:
        with quietly():
            program = torch.export.load(io.BytesIO(archive.harmless()))
        signature = program.graph_signature
        inputs = [node for node in program.graph.nodes if node.name in signature.user_inputs]
        shape = tuple(inputs[0].meta["val"].shape)
        network = program.module(check_guards=False)  # guards only check the layout of memory
    except ModelFileError:
        raise
    except Exception as error:  # torch raises many kinds for a damaged program
        reason = (str(error).splitlines() or [type(error).__name__])[0][:500]
        raise ModelFileError(f"torch cannot open {path}, which is damaged or of another version: {reason}") from error
    conditions = list(declaration.conditions) if declaration else []
    if len(inputs) != 1 + len(conditions) or len(signature.user_outputs) != 1:
        raise ModelFileError(
            f"{path} takes {len(inputs)} tensors and returns {len(signature.user_outputs)}; a model takes "
            f"{' and '.join(['images', *conditions])}, and returns one"
        )
    check_numbers([*program.state_dict.items(), *program.constants.items()], path)
    return ImportedTranslator(network, declaration or try_out(partial(_shape_of, network), shape, path))


def _shape_of(network: nn.Module, shape: Sequence[int]) -> tuple[int, ...] | None:
    try:
        with torch.inference_mode():
            result = network(torch.full(tuple(shape), 0.5))
    except Exception:  # a foreign network may raise anything
        return None
    return tuple(result.shape) if isinstance(result, Tensor) and result.is_floating_point() else None


def stored_declaration(archive: Archive) -> Declaration | None:
    """Return the declaration in a program; None where it has none."""
    if EXTRA + MEMBER not in archive:
        return None
    return read_declaration(archive.read(EXTRA + MEMBER).decode("utf-8", "replace"), archive.path)
