"""This module imports the optional packages that ONNX files need."""

from __future__ import annotations

from importlib import import_module

from img2img.errors import UsageError


def need_onnx(*packages: str) -> None:
    """Import packages that ONNX files need.

    Raises:
        UsageError: A package is missing, or cannot be loaded.
    """
    try:
        for package in packages:
            import_module(package)
    except ImportError as error:
        raise UsageError(
            f"ONNX files need packages that are not installed ({error}): pip install 'img2img-runtime[export]'"
        ) from error
