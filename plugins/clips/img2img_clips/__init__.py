"""Clips that are no video files: stacks of images in NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable

import img2img


@img2img.hookimpl
def register_sources(register: Callable[[img2img.ClipSource], None]) -> None:
    from .arrays import ArraySource

    register(ArraySource())


@img2img.hookimpl
def register_targets(register: Callable[[img2img.ClipTarget], None]) -> None:
    from .arrays import ArrayTarget

    register(ArrayTarget())
