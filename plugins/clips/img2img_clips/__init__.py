"""This plugin reads clips from cameras, and reads and writes stacks of images in NumPy files."""

from __future__ import annotations

from collections.abc import Callable

import img2img


@img2img.hookimpl
def register_sources(register: Callable[[img2img.ClipSource], None]) -> None:
    """Register the sources `npy` and `camera`."""
    from .arrays import ArraySource
    from .camera import CameraSource

    register(ArraySource())
    register(CameraSource())


@img2img.hookimpl
def register_targets(register: Callable[[img2img.ClipTarget], None]) -> None:
    """Register the target `npy`."""
    from .arrays import ArrayTarget

    register(ArrayTarget())
