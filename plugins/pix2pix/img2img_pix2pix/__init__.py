"""The plugin `pix2pix` translates by examples that come in pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import img2img


@img2img.hookimpl
def register_models(register: Callable[[img2img.ModelFamily[Any, Any]], None]) -> None:
    """Register the family `pix2pix`."""
    from .family import Pix2Pix

    register(Pix2Pix())
