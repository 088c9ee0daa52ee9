"""The packages that not everybody has installed."""

from __future__ import annotations

from importlib import import_module

from img2img.errors import UsageError


def need_onnx(*packages: str) -> None:
    """Import what ONNX files need.

    Raises:
        UsageError: One of them is missing, or cannot be loaded.
    """
    try:
        for package in packages:
            import_module(package)
    except ImportError as error:
        raise UsageError(
            f"ONNX files need packages that are not installed ({error}): pip install 'img2img-runtime[export]'"
        ) from error
