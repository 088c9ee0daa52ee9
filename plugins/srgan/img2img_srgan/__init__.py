"""The plugin `srgan` enlarges images by SRResNet, SRGAN and the residual networks that followed them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import img2img


@img2img.hookimpl
def register_models(register: Callable[[img2img.ModelFamily[Any, Any]], None]) -> None:
    """Register the family `srgan`."""
    from .family import SRGAN

    register(SRGAN())
