"""The networks and models of the translation's tests serve the tests of live translation, too."""

from __future__ import annotations

from ..translation.conftest import enlarger, make, marked_host, tinted_host

__all__ = ["enlarger", "make", "marked_host", "tinted_host"]
