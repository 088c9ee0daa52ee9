"""This plugin registers the family `template`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import img2img


@img2img.hookimpl
def register_models(register: Callable[[img2img.ModelFamily[Any, Any]], None]) -> None:
    """Register the family."""
    from .family import Family

    register(Family())
