"""Checks the contract of plugins: it holds a plugin to each promise, and says which are broken.

The tests of a plugin need one line for it, in the plugin's `pyproject.toml`::

    [tool.pytest.ini_options]
    img2img_plugin = "example"

The functions here do the same where more is wanted. Torch is loaded when one of them is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from img2img.testing.checks import assert_family, check_family, check_plugin
    from img2img.testing.family import engine
    from img2img.testing.outcome import Outcome

_HOMES = {
    "Outcome": "outcome",
    "assert_family": "checks",
    "check_family": "checks",
    "check_plugin": "checks",
    "engine": "family",
}

__all__ = ["Outcome", "assert_family", "check_family", "check_plugin", "engine"]


if not TYPE_CHECKING:  # else a type checker would accept every name

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'img2img.testing' has no attribute {name!r}")
        return getattr(import_module(f"img2img.testing.{_HOMES[name]}"), name)
