"""The plugin host: imports plugins when needed, registers what they provide, and isolates those that are broken."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from difflib import get_close_matches
from time import perf_counter
from typing import Any

import pluggy

from img2img.contract import hookspecs
from img2img.contract.families import ModelFamily
from img2img.errors import PluginError
from img2img.host.declarations import DECLARED, GROUP, Plugin, check_not_built_in, find_plugins
from img2img.host.kinds import KINDS, Kind

log = logging.getLogger(__name__)


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
        self._found: dict[tuple[str, str], list[tuple[Any, Plugin]]] = {}
        """Kind and name of what is registered, and by whom."""
        self._observed = False

    @classmethod
    def discover(cls, *, strict: bool = False, limit: str | None = None) -> PluginHost:
        """Find the installed plugins; each is imported when something may be its.

        Args:
            strict: As for the class.
            limit: Names of the plugins to use (`a,b,c`); by default what the variable IMG2IMG_PLUGINS says, or all.
        """
        host = cls(strict=strict)
        host.limit = os.environ.get("IMG2IMG_PLUGINS") if limit is None else limit
        host.plugins = find_plugins(host.limit)
        return host

    def load(self, plugin: Plugin) -> None:
        """Import a plugin and register what it provides; whatever goes wrong becomes its `problem`."""
        if plugin.seconds is not None or plugin.state != "ok" or plugin.entry_point is None:
            return
        started = perf_counter()
        plugin.seconds = 0.0  # from here on it is not tried again
        try:
            module = plugin.entry_point.load()
            plugin.seconds = perf_counter() - started
            self.register(module, plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit and a panic of a Rust extension are no Exception
            plugin.seconds = perf_counter() - started
            plugin.refuse("broken", _reason(error))
            log.debug("plugin %s cannot be used", plugin, exc_info=True)

    def load_all(self) -> None:
        """Import every plugin that may be used, so that the `state` of each is known."""
        for plugin in self.plugins:
            self.load(plugin)

    def register(self, module: object, plugin: Plugin) -> None:
        """Register hook implementations and what they provide; on an error nothing of the plugin stays registered."""
        self._add(module, plugin.key)
        try:
            found = {name: self._ask(kind, module) for name, kind in KINDS.items()}
            provides = {name: [thing.name for thing in things] for name, things in found.items() if things}
            if self._observes(module):
                provides["observers"] = plugin.provides.get("observers", [plugin.name])
            _compare(plugin, provides)
            check_not_built_in(plugin, provides, self.plugins)
        except BaseException:
            self._manager.unregister(name=plugin.key)
            raise
        for name, things in found.items():
            for thing in things:
                self._found.setdefault((name, thing.name), []).append((thing, plugin))
        plugin.provides |= provides

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
        """Every usable family by the name that tells it from the others, sorted; imports all that may have one."""
        self._load_for("families", None)
        return {name: self.find("families", name) for name in self.names("families")}

    def family(self, name: str) -> ModelFamily[Any, Any]:
        """Return a family by its name, or by `distribution/name` where several have it.

        Raises:
            PluginError: No plugin provides it, or several do; the message names the plugins that are broken.
        """
        family: ModelFamily[Any, Any] = self.find("families", name)
        return family

    def full_name(self, kind: str, name: str) -> str:
        """The name that tells it from others on any machine: a stranger's begins with its distribution."""
        return self._provider(kind, name)[1].full_name(name.rpartition("/")[2])

    def names(self, kind: str) -> dict[str, Plugin]:
        """What there is of a kind: names, with the distribution before those that several have, and whose they are.

        Only plugins that declare nothing are imported for that; not even these for commands, which must be declared.
        """
        if kind != "commands":
            self._load_undeclared()
        owners: dict[str, list[Plugin]] = {}
        for plugin in self._everyone():
            for name in plugin.provides.get(kind, ()):
                owners.setdefault(name, []).append(plugin)
        alone = {name: plugins[0] for name, plugins in owners.items() if len(plugins) == 1}
        shared = {
            plugin.full_name(name): plugin for name, plugins in owners.items() if len(plugins) > 1 for plugin in plugins
        }
        return dict(sorted((alone | shared).items()))

    def find(self, kind: str, name: str) -> Any:
        """Return a family, filter, importer or command by its name.

        Raises:
            PluginError: As for `family`.
        """
        return self._provider(kind, name)[0]

    def every(self, kind: str) -> list[Any]:
        """All that there is of a kind, built-ins first."""
        self._load_for(kind, None)
        found = [pair for (own, _), pairs in self._found.items() if own == kind for pair in pairs]
        return [thing for thing, _ in sorted(found, key=lambda pair: not pair[1].built_in)]

    def notify(self, hook: str, /, **arguments: Any) -> None:
        """Call one observer hook on every plugin; one that raises is reported and switched off."""
        if not self._observed:
            self._observed = True
            self._load_for("observers", None)
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

    def _everyone(self) -> list[Plugin]:
        """The plugins found, and those that were registered by hand."""
        registered = [plugin for found in self._found.values() for _, plugin in found]
        return list({id(plugin): plugin for plugin in [*self.plugins, *registered]}.values())

    def _load_for(self, kind: str, name: str | None) -> None:
        """Import the plugins that declare something of a kind (by a name), and those that declare nothing at all."""
        self._load_undeclared()
        for plugin in self.plugins:
            declared = plugin.provides.get(kind, [])
            if declared if name is None else name in declared:
                self.load(plugin)

    def _load_undeclared(self) -> None:
        for plugin in self.plugins:
            if not plugin.is_declared:
                self.load(plugin)

    def _provider(self, kind: str, name: str) -> tuple[Any, Plugin]:
        distribution, _, short = name.rpartition("/")
        self._load_for(kind, short)
        found = self._found.get((kind, short), [])
        found = [(thing, plugin) for thing, plugin in found if distribution in ("", plugin.distribution)]
        if len(found) == 1:
            return found[0]
        noun = KINDS[kind].noun
        if found:
            owners = " and ".join(str(plugin) for _, plugin in found)
            ways = " or ".join(plugin.full_name(short) for _, plugin in found)
            raise PluginError(f"the {noun} {name!r} is provided by {owners}: write {ways}, or uninstall one of them")
        raise PluginError(self._missing(kind, noun, distribution, name))

    def _missing(self, kind: str, noun: str, distribution: str, name: str) -> str:
        names = self.names(kind)
        near = "".join(f"did you mean {other!r}? " for other in get_close_matches(name, names, n=1))
        message = f"no plugin provides the {noun} {name!r}; {near}installed {kind}: {', '.join(names) or 'none'}."
        unusable = [plugin for plugin in self.plugins if plugin.state in ("broken", "incompatible")]
        if unusable:
            lines = (f"{plugin}: {plugin.problem}" for plugin in unusable)
            message += "\nPlugins that cannot be used and might provide it:\n  " + "\n  ".join(lines)
        elif distribution.startswith("img2img-") and distribution not in {one.distribution for one in self.plugins}:
            message += f"\nIt is of the package {distribution}; if you trust it: img2img install {distribution}"
        if self.limit is not None:
            message += f"\nOnly the plugins {self.limit!r} were looked at, as --plugins or IMG2IMG_PLUGINS says"
        return message

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

    def _observes(self, module: object) -> bool:
        registering = {kind.hook for kind in KINDS.values()}
        return any(caller.name not in registering for caller in self._manager.get_hookcallers(module) or ())

    def _ask(self, kind: Kind, module: object) -> list[Any]:
        """What a module registers of a kind."""
        found: list[Any] = []
        register: Callable[[Any], None] = found.append
        for implementation in getattr(self._manager.hook, kind.hook).get_hookimpls():
            if implementation.plugin is module:
                implementation.function(*([register] if implementation.argnames else []))
        for thing in found:
            kind.check(thing)
        names = [thing.name for thing in found]
        for name in names:
            if names.count(name) > 1:
                raise PluginError(f"it registers the {kind.noun} {name!r} twice")
        return found


def _compare(plugin: Plugin, provides: dict[str, list[str]]) -> None:
    """Hold what is registered against what is declared: nobody would find what is not, or find what is not there."""
    for kind in DECLARED:
        declared, registered = set(plugin.provides.get(kind, ())), set(provides.get(kind, ()))
        if declared != registered and (plugin.is_declared or kind == "commands"):
            raise PluginError(
                f"its metadata declare {kind} {sorted(declared)}, and it registers {sorted(registered)}; correct the "
                f"entry points of the group {GROUP}.{kind}, and install it again"
            )


def _reason(error: BaseException) -> str:
    if isinstance(error, PluginError):
        return str(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")
