"""This module reads from the metadata of installed packages which plugins there are, without importing them.

A plugin is an entry point of the group `img2img`: its name and its module. The extensions that it provides can be
declared in further groups, one for each kind (`img2img.families`, `img2img.commands`, …), as entry points with the name
of the extension and the same module; the plugin is then imported only when one of them is needed. The group
`img2img.contract` holds the number of the contract for which the distribution's plugins are written; without it, the
number is 1.
"""

from __future__ import annotations

import logging
import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from importlib.metadata import Distribution, EntryPoint, EntryPoints, distributions, entry_points
from typing import Any, Literal

from img2img.errors import PluginError
from img2img.host.kinds import COMMANDS, KINDS, Kind

GROUP = "img2img"
DISTRIBUTION = "img2img-runtime"
CONTRACT = 1
"""The number of the contract between plugins and this version of the program."""

OWN_COMMANDS = frozenset({
    "translate", "live", "train", "models", "inspect", "import", "evaluate", "plugins", "install", "uninstall",
    "new-plugin", "check-plugin",
})  # fmt: skip
"""The program's own commands, whose names no plugin can take."""

_ORIGIN = ("Name", "Version", "Summary")
_HEADERS, _LONGEST = 1 << 16, 500
"""The most characters of a distribution's metadata that are read, and of one thing in them; both may be huge."""

log = logging.getLogger(__name__)

State = Literal["ok", "broken", "blocked", "incompatible"]


@dataclass
class Plugin:
    """One entry point of the group `img2img`, imported or not."""

    name: str
    distribution: str
    version: str
    summary: str = ""
    """The summary of its distribution."""
    contract: int = CONTRACT
    state: State = "ok"
    problem: str = ""
    """The reason why it cannot be used; empty where it can."""
    provides: dict[str, list[str]] = field(default_factory=dict)
    """Plural of a kind to the names of its extensions: the declared ones and, after the import, the registered ones."""
    is_declared: bool = False
    """Whether its metadata declare what it provides, so that it is imported only for that."""
    seconds: float | None = None
    """How long its import took; None before it."""
    entry_point: EntryPoint | None = field(default=None, repr=False)

    @property
    def built_in(self) -> bool:
        """Whether the plugin comes with the program."""
        return self.distribution == DISTRIBUTION

    @property
    def key(self) -> str:
        """The name of the plugin in pluggy."""
        return f"{self.distribution}:{self.name}"

    @property
    def contents(self) -> str:
        """All that the plugin provides, in one line: `families: srgan; filters: grain, steady`."""
        return "; ".join(f"{plural}: {', '.join(names)}" for plural, names in self.provides.items())

    def names(self, kind: Kind[Any]) -> list[str]:
        """Return the names of the plugin's extensions of a kind; for observers, they only say that there are some."""
        return self.provides.get(kind.plural, [])

    def full_name(self, name: str) -> str:
        """Return a unique name of an extension: unless the plugin is built in, it begins with the distribution."""
        return name if self.built_in else f"{self.distribution}/{name}"

    def refuse(self, state: State, problem: str) -> None:
        """Note why the plugin cannot be used; it then provides nothing."""
        self.state, self.problem, self.provides = state, problem, {}

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


def find_plugins(limit: str | None = None) -> list[Plugin]:
    """Return the installed plugins: built-ins first, then by distribution.

    Args:
        limit: Names of the plugins to use, separated by commas; all others are `blocked`. None allows all plugins.
    """
    everything = _entry_points()
    plugins = [_plugin(point) for point in everything.select(group=GROUP)]
    found = {(_place(plugin.entry_point), plugin.entry_point.value): plugin for plugin in plugins if plugin.entry_point}
    for kind in KINDS:
        for point in everything.select(group=f"{GROUP}.{kind.plural}"):
            if plugin := found.get((_place(point), point.value)):
                plugin.provides.setdefault(kind.plural, []).append(point.name)
                plugin.is_declared = True
    contracts = everything.select(group=f"{GROUP}.contract")
    for (place, _), plugin in found.items():
        _check_contract(plugin, [point.name for point in contracts if _place(point) == place])
    _block(plugins, limit)
    plugins.sort(key=lambda plugin: (not plugin.built_in, plugin.distribution, plugin.name))
    _check_names(plugins)
    return plugins


def check_not_built_in(plugin: Plugin, provides: Mapping[str, Iterable[str]], others: Iterable[Plugin]) -> None:
    """Check that a plugin of another package takes no name of a built-in.

    Raises:
        PluginError: The plugin provides an extension with the name of a built-in.
    """
    if (own := OWN_COMMANDS & set(provides.get(COMMANDS.plural, ()))) and not plugin.built_in:
        raise PluginError(f"commands: the name {min(own)!r} is that of a command of the program; choose another")
    for built_in in others:
        for plural, names in provides.items() if built_in.built_in and not plugin.built_in else ():
            if taken := set(names) & set(built_in.provides.get(plural, ())):
                raise PluginError(f"{plural}: the name {min(taken)!r} is that of a built-in; choose another")


def _check_names(plugins: list[Plugin]) -> None:
    for plugin in plugins:
        try:
            for kind in KINDS:
                for name in plugin.names(kind) if kind.hook else ():
                    kind.check_name(name)
            check_not_built_in(plugin, plugin.provides, plugins)
        except PluginError as error:
            plugin.refuse("broken", str(error))


def _place(entry_point: EntryPoint) -> int:
    """Identify the distribution of an entry point; the entry points of one distribution share one object."""
    return id(entry_point.dist)


def _plugin(entry_point: EntryPoint) -> Plugin:
    name, version, summary = _origin(entry_point.dist)
    return Plugin(entry_point.name[:_LONGEST], name, version, summary, entry_point=entry_point)


def _entry_points() -> Any:
    """Return all entry points; packages with damaged metadata count as having none, and harm no others."""
    try:
        return entry_points()  # this reads the disk once
    except Exception:  # some package has a file that is no text, or a line that says nothing
        found: list[EntryPoint] = []
        for distribution in distributions():
            try:
                found += distribution.entry_points
            except Exception as error:
                log.warning("the entry points of an installed package cannot be read: %s", error)
        return EntryPoints(found)


def _block(plugins: list[Plugin], limit: str | None) -> None:
    """Block all plugins but those that `limit` names, by their own names or by those of their packages."""
    if limit is None:
        return
    allowed = {word for word in re.split(r"[,\s]+", limit) if word}
    for name in allowed - {name for plugin in plugins for name in (plugin.name, plugin.distribution)}:
        log.warning("there is no plugin %r, which --plugins or IMG2IMG_PLUGINS names", name)
    for plugin in plugins:
        if not allowed & {plugin.name, plugin.distribution}:
            plugin.refuse("blocked", "")


def _check_contract(plugin: Plugin, numbers: list[str]) -> None:
    """Refuse a plugin that is written for other contracts only; it may be written for several."""
    if numbers and str(CONTRACT) not in numbers:
        plugin.contract = max((int(number) for number in numbers if re.fullmatch(r"\d{1,9}", number)), default=0)
        wanted = " or ".join(reprlib.repr(number).strip("'") for number in numbers)
        plugin.refuse("incompatible", f"needs contract {wanted}, and this version of {DISTRIBUTION} has {CONTRACT}")


def _origin(distribution: Distribution | None) -> tuple[str, str, str]:
    """Return name, version and summary of a distribution; a damaged one is called `unknown`."""
    try:
        text = distribution and (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO"))
        headers = HeaderParser().parsestr((text or "")[:_HEADERS])
        name, version, summary = (" ".join(str(headers[key] or "").split())[:_LONGEST] for key in _ORIGIN)
        return (name, version or "?", summary) if name else ("unknown", "?", "")
    except UnicodeDecodeError:
        return "unknown", "?", "its metadata are no text"
