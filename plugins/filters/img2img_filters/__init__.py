"""Steps around the network: steadiness, the source's colours, sharpness, grain, and less noise on the way in."""

from __future__ import annotations

from collections.abc import Callable

import img2img


@img2img.hookimpl
def register_filters(register: Callable[[type[img2img.Filter]], None]) -> None:
    from .denoise import Denoise
    from .grain import Grain
    from .palette import Palette
    from .sharpen import Sharpen
    from .steady import Steady

    for kind in (Denoise, Grain, Palette, Sharpen, Steady):
        register(kind)
