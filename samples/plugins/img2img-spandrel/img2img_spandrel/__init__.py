"""This plugin opens the files of spandrel's network architectures as models."""

from __future__ import annotations

from collections.abc import Callable

import img2img

from .importer import Spandrel


@img2img.hookimpl
def register_importers(register: Callable[[img2img.Importer], None]) -> None:
    """Register the importer."""
    register(Spandrel())
