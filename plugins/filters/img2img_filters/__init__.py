"""This plugin has filters that reduce flicker and noise, keep the source's colours, sharpen, and add grain."""

from __future__ import annotations

from collections.abc import Callable

import img2img


@img2img.hookimpl
def register_filters(register: Callable[[type[img2img.Filter]], None]) -> None:
    """Register the five filters."""
    from .denoise import Denoise
    from .grain import Grain
    from .palette import Palette
    from .sharpen import Sharpen
    from .steady import Steady

    for filter_class in (Denoise, Grain, Palette, Sharpen, Steady):
        register(filter_class)
