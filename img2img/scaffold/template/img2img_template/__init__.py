"""The plugin `template`: what img2img calls when it looks for families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import img2img


@img2img.hookimpl
def register_models(register: Callable[[img2img.ModelFamily[Any, Any]], None]) -> None:
    from .family import Family

    register(Family())
