"""This module opens programs of torch.export as translators, which torch runs, after it has checked them."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from img2img.errors import ModelFileError

from .archive import EXTRA, Archive
from .declaration import KEY, Declaration, ImportedTranslator, read_declaration
from .probe import try_out
from .quiet import quietly

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
    return ImportedTranslator(network, declaration or try_out(network, shape, path))


def stored_declaration(archive: Archive) -> Declaration | None:
    """Return the declaration in a program; None where it has none."""
    if EXTRA + MEMBER not in archive:
        return None
    return read_declaration(archive.read(EXTRA + MEMBER).decode("utf-8", "replace"), archive.path)
