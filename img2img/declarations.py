"""What the metadata of installed packages say of plugins, read without importing one.

A plugin is an entry point of the group `img2img`: its name and its module. What it provides can stand in further
groups, one for each kind (`img2img.families`, `img2img.commands`, …), as entry points with the names of what is
provided and the same module; then the plugin is imported only when one of these is needed. The group `img2img.contract`
holds the number of the contract that the distribution's plugins are written for; without it, that is 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Literal

from img2img.errors import PluginError

GROUP = "img2img"
DISTRIBUTION = "img2img-runtime"
CONTRACT = 1
"""The contract between plugins and this version of the program."""

DECLARED = ("families", "commands", "filters", "importers", "sources", "targets", "observers")
"""What metadata may tell of. Of observers, the entry points tell only that there are some."""

State = Literal["ok", "broken", "blocked", "incompatible"]


@dataclass
class Plugin:
    """One entry point of the group `img2img`, imported or not."""

    name: str
    distribution: str
    version: str
    summary: str = ""
    """What its distribution says of itself."""
    contract: int = CONTRACT
    state: State = "ok"
    problem: str = ""
    """Why it cannot be used; empty where it can."""
    provides: dict[str, list[str]] = field(default_factory=dict)
    """Names by kind: those declared and, once it is imported, those registered."""
    is_declared: bool = False
    """Whether its metadata say what it provides, so that nothing else needs it."""
    seconds: float | None = None
    """How long its import took; None before it."""
    entry_point: EntryPoint | None = field(default=None, repr=False)

    @property
    def built_in(self) -> bool:
        return self.distribution == DISTRIBUTION

    @property
    def key(self) -> str:
        """Its name in pluggy."""
        return f"{self.distribution}:{self.name}"

    @property
    def families(self) -> list[str]:
        return self.provides.get("families", [])

    def full_name(self, name: str) -> str:
        """How something of it is told from what others call the same: what is a stranger's says whose it is."""
        return name if self.built_in else f"{self.distribution}/{name}"

    def refuse(self, state: State, problem: str) -> None:
        """Note why it cannot be used; it provides nothing then."""
        self.state, self.problem, self.provides = state, problem, {}

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


def find_plugins(limit: str | None = None) -> list[Plugin]:
    """Read what is installed: built-ins first, then by distribution.

    Args:
        limit: Names of the plugins to use, separated by commas; the others are `blocked`. None allows all.
    """
    everything = entry_points()  # one look at the disk
    found = {(_place(point), point.value): _plugin(point) for point in everything.select(group=GROUP)}
    for kind in DECLARED:
        for point in everything.select(group=f"{GROUP}.{kind}"):
            if plugin := found.get((_place(point), point.value)):
                plugin.provides.setdefault(kind, []).append(point.name)
                plugin.is_declared = True
    for point in everything.select(group=f"{GROUP}.contract"):
        for (place, _), plugin in found.items():
            if place == _place(point):
                _check_contract(plugin, point.name)
    allowed = None if limit is None else set(re.split(r"[,\s]+", limit))
    for plugin in found.values():
        if allowed is not None and plugin.name not in allowed:
            plugin.refuse("blocked", "")
    plugins = sorted(found.values(), key=lambda plugin: (not plugin.built_in, plugin.distribution, plugin.name))
    _protect_built_ins(plugins)
    return plugins


def check_not_built_in(plugin: Plugin, provides: Mapping[str, Iterable[str]], others: Iterable[Plugin]) -> None:
    """Refuse a stranger's plugin the names of built-ins.

    Raises:
        PluginError: It provides something by the name of a built-in.
    """
    for built_in in others:
        for kind, names in provides.items() if built_in.built_in and not plugin.built_in else ():
            if taken := set(names) & set(built_in.provides.get(kind, ())):
                raise PluginError(f"{kind}: the name {min(taken)!r} is that of a built-in; choose another")


def _protect_built_ins(plugins: list[Plugin]) -> None:
    for plugin in plugins:
        try:
            check_not_built_in(plugin, plugin.provides, plugins)
        except PluginError as error:
            plugin.refuse("broken", str(error))


def _place(entry_point: EntryPoint) -> int:
    """Which distribution an entry point is of; those of one distribution share one object."""
    return id(entry_point.dist)


def _plugin(entry_point: EntryPoint) -> Plugin:
    name, version, summary = _origin(entry_point.dist)
    return Plugin(entry_point.name, name, version, summary, entry_point=entry_point)


def _check_contract(plugin: Plugin, number: str) -> None:
    plugin.contract = int(number) if number.isdecimal() else 0
    if plugin.contract != CONTRACT:
        plugin.refuse("incompatible", f"needs contract {number}, and this version of {DISTRIBUTION} has {CONTRACT}")


def _origin(distribution: Distribution | None) -> tuple[str, str, str]:
    """Name, version and summary of a distribution; a damaged one has none."""
    metadata = distribution.metadata if distribution else None
    if not metadata or "Name" not in metadata:
        return "unknown", "?", ""
    version, summary = (metadata[key] if key in metadata else "" for key in ("Version", "Summary"))  # noqa: SIM401
    return metadata["Name"], version or "?", summary
