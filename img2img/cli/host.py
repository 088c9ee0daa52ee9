"""This module holds the options before the command that say which plugins the program uses, and how strictly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from img2img.host.host import PluginHost


@dataclass(frozen=True)
class HostOptions:
    """The options of the program that are about plugins."""

    strict: bool = False
    limit: str | None = None

    def discover(self) -> PluginHost:
        """Find the installed plugins, once."""
        return self._host

    @cached_property
    def _host(self) -> PluginHost:
        from img2img.host.host import PluginHost

        return PluginHost.discover(strict=self.strict, limit=self.limit)
