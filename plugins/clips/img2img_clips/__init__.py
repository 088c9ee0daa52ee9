"""Clips that are no video files: what a camera sees, and stacks of images in NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable

import img2img


@img2img.hookimpl
def register_sources(register: Callable[[img2img.ClipSource], None]) -> None:
    from .arrays import ArraySource
    from .camera import CameraSource

    register(ArraySource())
    register(CameraSource())


@img2img.hookimpl
def register_targets(register: Callable[[img2img.ClipTarget], None]) -> None:
    from .arrays import ArrayTarget

    register(ArrayTarget())
