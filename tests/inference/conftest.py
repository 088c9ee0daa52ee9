"""The networks and models of the translation's tests serve the tests of inference, too."""

from __future__ import annotations

from ..translation.conftest import conditions, enlarger, make, marked_host, tinted_host

__all__ = ["conditions", "enlarger", "make", "marked_host", "tinted_host"]
