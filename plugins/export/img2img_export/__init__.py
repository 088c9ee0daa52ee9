"""This plugin writes models as ONNX files and torch programs (`img2img export`), and opens such files as models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import img2img


@img2img.hookimpl
def register_commands(register: Callable[[Any], None]) -> None:
    """Register the command `export`."""
    from .command import command

    register(command)


@img2img.hookimpl
def register_importers(register: Callable[[img2img.Importer], None]) -> None:
    """Register the importers `onnx` and `pt2`."""
    from .importers import OnnxImporter, ProgramImporter

    register(OnnxImporter())
    register(ProgramImporter())
