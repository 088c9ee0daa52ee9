"""A plugin that keeps every promise; what makes it bad is changed in copies of it."""

from __future__ import annotations

import img2img


@img2img.hookimpl
def register_models(register):
    from .family import Tiny

    register(Tiny())
