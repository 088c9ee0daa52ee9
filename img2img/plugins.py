"""The plugin host: finds installed plugins, registers what they provide, and isolates those that are broken."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import pluggy

from img2img import hookspecs
from img2img.errors import PluginError
from img2img.families import ModelFamily

GROUP = "img2img"
DISTRIBUTION = "img2img-runtime"

log = logging.getLogger(__name__)


@dataclass
class Plugin:
    """One entry point of the group `img2img`, loaded or not."""

    name: str
    distribution: str
    version: str
    problem: str = ""
    """Why it cannot be used; empty where it can."""
    families: list[str] = field(default_factory=list)

    @property
    def built_in(self) -> bool:
        return self.distribution == DISTRIBUTION

    @property
    def key(self) -> str:
        """Its name in pluggy."""
        return f"{self.distribution}:{self.name}"

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


class PluginHost:
    """Holds the plugins of one program.

    Args:
        strict: An observer that raises is an error instead of being switched off with a warning.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.plugins: list[Plugin] = []
        self.limit: str | None = None
        """Names of the plugins that are looked at; None means all."""
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._families: dict[str, tuple[ModelFamily[Any, Any], Plugin]] = {}
        self._contested: dict[str, str] = {}

    @classmethod
    def discover(cls, *, strict: bool = False) -> PluginHost:
        """Load every installed plugin, or those that the environment variable IMG2IMG_PLUGINS names (a,b,c)."""
        host = cls(strict=strict)
        host.limit = os.environ.get("IMG2IMG_PLUGINS")
        for entry_point in _installed():
            if host.limit is None or entry_point.name in re.split(r"[,\s]+", host.limit):
                host.load(entry_point)
        return host

    def load(self, entry_point: EntryPoint) -> Plugin:
        """Import one plugin and register what it provides; whatever goes wrong becomes its `problem`."""
        plugin = Plugin(entry_point.name, *_origin(entry_point))
        self.plugins.append(plugin)
        try:
            self.register(entry_point.load(), plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit and a panic of a Rust extension are no Exception
            plugin.problem = _reason(error)
            log.debug("plugin %s cannot be used", plugin, exc_info=True)
        return plugin

    def register(self, module: object, plugin: Plugin) -> None:
        """Register hook implementations and families; on an error nothing of the plugin stays registered."""
        self._add(module, plugin.key)
        try:
            found: list[ModelFamily[Any, Any]] = []
            self._call_own("register_models", module, register=found.append)
            for family in found:
                _check_family(family)
            self._check_names([family.name for family in found], plugin)
        except BaseException:
            self._manager.unregister(name=plugin.key)
            raise
        self._families.update({family.name: (family, plugin) for family in found})
        plugin.families = [family.name for family in found]

    def add_observer(self, observer: object) -> None:
        """Register an object whose `hookimpl` methods watch runs or jobs.

        Raises:
            PluginError: One of the methods does not fit a hook, or there is none.
        """
        self._add(observer, f"{type(observer).__name__} {id(observer):x}")

    def remove_observer(self, observer: object) -> None:
        """Forget an observer, unless it was switched off before."""
        if self._manager.is_registered(observer):
            self._manager.unregister(observer)

    @property
    def families(self) -> dict[str, ModelFamily[Any, Any]]:
        """Every usable family by name, sorted."""
        return {name: self._families[name][0] for name in sorted(self._families)}

    def family(self, name: str) -> ModelFamily[Any, Any]:
        """Return a family by name.

        Raises:
            PluginError: No plugin provides it, or several do; the message names the plugins that are broken.
        """
        if name in self._families:
            return self._families[name][0]
        if name in self._contested:
            raise PluginError(self._contested[name])
        broken = [f"{plugin}: {plugin.problem}" for plugin in self.plugins if plugin.problem]
        hint = "\nPlugins that are broken and might provide it:\n  " + "\n  ".join(broken) if broken else ""
        if self.limit is not None:
            hint += f"\nIMG2IMG_PLUGINS is {self.limit!r}: no other plugin was looked at"
        known = ", ".join(self.families) or "none"
        raise PluginError(f"no plugin provides the family {name!r}; installed families: {known}.{hint}")

    def notify(self, hook: str, /, **arguments: Any) -> None:
        """Call one observer hook on every plugin; one that raises is reported and switched off."""
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except KeyboardInterrupt:
                raise
            except BaseException:  # as in `load`
                if self.strict:
                    raise
                name = implementation.plugin_name
                if self._manager.unregister(name=name) is not None:  # another thread may have come first
                    log.warning("observer %s failed in %s and is switched off", name, hook, exc_info=True)

    def _add(self, module: object, key: str) -> None:
        """Register hook implementations, all of them or none."""
        if self._manager.is_registered(module):
            raise PluginError(f"{module!r} is registered already, as {self._manager.get_name(module)}")
        try:
            self._manager.register(module, name=key)
            self._manager.check_pending()
            self._check_hooks(module)
        except BaseException as error:
            self._manager.unregister(name=key)
            if isinstance(error, pluggy.PluginValidationError):
                raise PluginError(str(error)) from error
            raise

    def _check_hooks(self, module: object) -> None:
        callers = self._manager.get_hookcallers(module)
        if not callers:
            raise PluginError(f"{module!r} implements no hook; mark its functions with @img2img.hookimpl")
        for caller in callers:
            for implementation in caller.get_hookimpls():
                if implementation.plugin is module and (implementation.wrapper or implementation.hookwrapper):
                    raise PluginError(
                        f"{caller.name} is a wrapper, which img2img does not call; leave out wrapper=True"
                    )

    def _call_own(self, hook: str, module: object, register: Callable[[Any], None]) -> None:
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin is module:
                implementation.function(*([register] if implementation.argnames else []))

    def _check_names(self, names: list[str], plugin: Plugin) -> None:
        for name in names:
            if names.count(name) > 1:
                raise PluginError(f"it registers the family {name!r} twice")
            if name in self._families and self._families[name][1].built_in:
                raise PluginError(f"the family {name!r} is built in; the plugin must register it under another name")
        for name in names:
            if name in self._contested:
                raise PluginError(f"{self._contested[name]}; {plugin} provides it too")
            if name in self._families:
                self._contest(name, plugin)

    def _contest(self, name: str, plugin: Plugin) -> NoReturn:
        """Take the family away from its owner as well: which of the two is meant is not for the program to guess."""
        owner = self._families[name][1]
        clash = f"both {owner} and {plugin} provide the family {name!r}; uninstall one of them"
        self._contested[name] = clash
        self._manager.unregister(name=owner.key)
        for taken in owner.families:
            del self._families[taken]
        owner.problem, owner.families = clash, []
        raise PluginError(clash)


def _origin(entry_point: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution; a damaged one has neither."""
    distribution = entry_point.dist
    return (distribution and distribution.name) or "unknown", (distribution and distribution.version) or "?"


def _installed() -> Iterable[EntryPoint]:
    """Entry points, built-ins first so that their names cannot be taken, then by distribution."""

    def rank(entry_point: EntryPoint) -> tuple[bool, str, str]:
        distribution, _ = _origin(entry_point)
        return (distribution != DISTRIBUTION, distribution, entry_point.name)

    return sorted(entry_points(group=GROUP), key=rank)


def _check_family(family: object) -> None:
    if not isinstance(family, ModelFamily):
        raise PluginError(f"register() takes a ModelFamily, not {family!r}")
    for attribute in ("name", "summary"):
        if not isinstance(getattr(family, attribute, None), str):
            raise PluginError(f"{type(family).__name__} has no {attribute}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", family.name):
        raise PluginError(f"{family.name!r} is no name for a family: use lower-case letters, digits and _")


def _reason(error: BaseException) -> str:
    if isinstance(error, PluginError):
        return str(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")
