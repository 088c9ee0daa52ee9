"""This module is the plugin host: it imports plugins when they are needed, and isolates those that are broken."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from difflib import get_close_matches
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from img2img.errors import PluginError, is_ctrl_c
from img2img.host.copies import copied
from img2img.host.declarations import GROUP, Plugin, check_not_built_in, find_plugins
from img2img.host.hooks import Hooks
from img2img.host.interrupts import watching_for_ctrl_c
from img2img.host.kinds import COMMANDS, FAMILIES, KINDS, OBSERVERS, Kind
from img2img.text import error_text

if TYPE_CHECKING:
    from img2img.contract.families import ModelFamily

T = TypeVar("T")

SLOW = 1.0
"""Seconds of an import from which on a hint names a plugin that declares nothing."""

log = logging.getLogger(__name__)


class PluginHost:
    """Holds the plugins of one program.

    Args:
        strict: Whether an exception of an observer is passed on, instead of switching the observer off with a warning.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.plugins: list[Plugin] = []
        self.limit: str | None = None
        """Names of the plugins that may be used, separated by commas; None means all."""
        self._hooks = Hooks()
        self._found: dict[tuple[Kind[Any], str], list[tuple[Any, Plugin]]] = {}
        """Kind and name to the registered extensions, each with its plugin."""
        self._observed = False
        self._reported: dict[str, set[str]] = {}
        """Name of each observer to the settings of the process that it has changed."""

    @classmethod
    def discover(cls, *, strict: bool = False, limit: str | None = None) -> PluginHost:
        """Find the installed plugins; each is imported only when it may provide what is needed.

        Args:
            strict: See the class.
            limit: Names of the plugins to use (`a,b,c`); by default the value of IMG2IMG_PLUGINS, or all plugins.
        """
        host = cls(strict=strict)
        host.limit = os.environ.get("IMG2IMG_PLUGINS") if limit is None else limit
        host.plugins = find_plugins(host.limit)
        return host

    def load(self, plugin: Plugin) -> None:
        """Import a plugin and register its extensions; any failure becomes its `problem`."""
        if plugin.seconds is not None or plugin.state != "ok" or plugin.entry_point is None:
            return
        started = perf_counter()
        plugin.seconds = 0.0  # marks that the import was tried
        with _isolated_import(plugin), watching_for_ctrl_c() as interrupted:
            try:
                module = plugin.entry_point.load()
                plugin.seconds = perf_counter() - started
                self.register(module, plugin)
            except BaseException as error:  # sys.exit and a panic of a Rust extension are no Exception
                if interrupted():
                    raise
                plugin.seconds = perf_counter() - started
                plugin.refuse("broken", _reason(error))
                log.debug("plugin %s cannot be used", plugin, exc_info=True)

    def load_all(self) -> None:
        """Import every usable plugin, so that the `state` of each is known."""
        for plugin in self.plugins:
            self.load(plugin)

    def register(self, module: object, plugin: Plugin) -> None:
        """Register the hooks and extensions of a plugin; after an error, nothing of it stays registered."""
        self._hooks.add(module, plugin.key)
        try:
            found = {kind: self._hooks.registered(kind, module) for kind in KINDS if kind.hook}
            if self._hooks.observed(module):
                found[OBSERVERS] = dict.fromkeys(plugin.names(OBSERVERS) or [plugin.name], module)
            provides = {kind.plural: [*things] for kind, things in found.items() if things}
            _compare(plugin, provides)
            check_not_built_in(plugin, provides, self.plugins)
        except BaseException:
            self._hooks.remove(plugin.key)
            raise
        for kind, things in found.items():
            for name, thing in things.items():
                self._found.setdefault((kind, name), []).append((thing, plugin))
        plugin.provides |= provides

    def add_observer(self, observer: object) -> None:
        """Register an object whose `hookimpl` methods watch runs or jobs.

        Raises:
            PluginError: A method does not fit its hook, or no method implements a hook.
        """
        self._hooks.add(observer, _key(observer))

    def remove_observer(self, observer: object) -> None:
        """Remove an observer, unless it was switched off before."""
        self._hooks.remove(_key(observer))

    @property
    def families(self) -> dict[str, ModelFamily[Any, Any]]:
        """All usable families by their unique names, sorted; this imports every plugin that may provide a family."""
        self._load_for(FAMILIES, None)
        return {name: self.find(FAMILIES, name) for name in self.names(FAMILIES)}

    def family(self, name: str) -> ModelFamily[Any, Any]:
        """Return a family by its name, or by `distribution/name` where several families share a name.

        Raises:
            PluginError: No plugin provides the family, or several do; the message lists the broken plugins.
        """
        return self.find(FAMILIES, name)

    def full_name(self, kind: Kind[Any], name: str) -> str:
        """Return the name that is the same on any machine: but for built-ins, it begins with the distribution."""
        return self._provider(kind, name)[1].full_name(name.rpartition("/")[2])

    def names(self, kind: Kind[Any]) -> dict[str, Plugin]:
        """Return the unique names of all extensions of a kind, each with its plugin.

        A name that several plugins use begins with the distribution. This imports only plugins that declare nothing,
        and for commands, which must be declared, not even these.
        """
        self._load_undeclared(kind)
        owners: dict[str, list[Plugin]] = {}
        for plugin in self._everyone():
            for name in plugin.names(kind):
                owners.setdefault(name, []).append(plugin)
        alone = {name: plugins[0] for name, plugins in owners.items() if len(plugins) == 1}
        shared = {
            plugin.full_name(name): plugin for name, plugins in owners.items() if len(plugins) > 1 for plugin in plugins
        }
        return dict(sorted((alone | shared).items()))

    def find(self, kind: Kind[T], name: str) -> T:
        """Return the extension of a kind and a name: `find(FILTERS, "grain")` is a subclass of `Filter`.

        Raises:
            PluginError: No plugin provides the extension, or several do; the message lists the broken plugins.
        """
        thing: T = self._provider(kind, name)[0]
        return thing

    def every(self, kind: Kind[T]) -> list[T]:
        """Return all extensions of a kind, built-ins first."""
        return [thing for thing, _ in self.providers(kind)]

    def providers(self, kind: Kind[T]) -> list[tuple[T, Plugin]]:
        """Return all extensions of a kind, each with its plugin, built-ins first."""
        self._load_for(kind, None)
        found = [pair for (own, _), pairs in self._found.items() if own == kind for pair in pairs]
        return sorted(found, key=lambda pair: not pair[1].built_in)

    def notify(self, hook: str, /, **arguments: Any) -> None:
        """Call an observers' hook, each with its own copies; an observer that raises is reported and switched off."""
        if not self._observed:
            self._observed = True
            self._load_for(OBSERVERS, None)
        for implementation in self._hooks.implementations(hook):
            name = implementation.plugin_name
            try:
                with self._isolated_call(name, hook):
                    implementation.function(*(copied(arguments[name]) for name in implementation.argnames))
            except BaseException as error:  # an observer may raise anything, as in `load`
                if self.strict or is_ctrl_c(error):
                    raise
                if self._hooks.remove(name):  # another thread may have come first
                    log.warning("observer %s failed in %s and is switched off", name, hook, exc_info=True)

    def _isolated_call(self, name: str, hook: str) -> AbstractContextManager[None]:
        """Restore the settings of the process after a call of an observer, if it is that of a stranger's plugin."""
        if all(plugin.built_in or plugin.key != name for plugin in self.plugins):
            return nullcontext()
        from img2img.host.surroundings import undisturbed

        return undisturbed(f"the observer {name}", f"in {hook}", self._reported.setdefault(name, set()))

    def _everyone(self) -> list[Plugin]:
        """Return the plugins that were found, and those that were registered by hand."""
        registered = [plugin for found in self._found.values() for _, plugin in found]
        return list({id(plugin): plugin for plugin in [*self.plugins, *registered]}.values())

    def _load_for(self, kind: Kind[Any], name: str | None) -> None:
        """Import the plugins that declare an extension of a kind (and a name), and undeclared ones."""
        self._load_undeclared(kind)
        declared = {plugin.key: plugin.names(kind) for plugin in self.plugins}
        wanted = [one for one in self.plugins if (declared[one.key] if name is None else name in declared[one.key])]
        if name is None:  # nobody asked for one of them
            self._refuse_deadly(wanted)
        for plugin in wanted:
            self.load(plugin)

    def _load_undeclared(self, kind: Kind[Any]) -> None:
        """Import the plugins that do not declare what they provide, unless only commands are wanted.

        Commands must be declared. A plugin whose import would end the process is refused before.
        """
        if kind == COMMANDS:
            return
        waiting = [one for one in self.plugins if not one.is_declared and one.state == "ok" and one.seconds is None]
        self._refuse_deadly(waiting)
        for plugin in waiting:
            self.load(plugin)
            if not plugin.built_in and (plugin.seconds or 0) > SLOW:
                log.warning("%s", slow_hint(plugin))

    def _refuse_deadly(self, plugins: list[Plugin]) -> None:
        """Refuse strangers' plugins that are about to be imported without having been asked for, and would end that."""
        strangers = [one for one in plugins if not one.built_in and one.state == "ok" and one.seconds is None]
        if strangers := [plugin for plugin in strangers if plugin.entry_point]:
            from img2img.host.trial import refuse_deadly

            refuse_deadly(strangers)

    def _provider(self, kind: Kind[Any], name: str) -> tuple[Any, Plugin]:
        distribution, _, short = name.rpartition("/")
        self._load_for(kind, short)
        found = self._found.get((kind, short), [])
        found = [(thing, plugin) for thing, plugin in found if distribution in ("", plugin.distribution)]
        if len(found) == 1:
            return found[0]
        if found:
            owners = " and ".join(str(plugin) for _, plugin in found)
            ways = " or ".join(plugin.full_name(short) for _, plugin in found)
            raise PluginError(
                f"the {kind.noun} {name!r} is provided by {owners}: write {ways}, or uninstall one of them"
            )
        raise PluginError(*self._missing(kind, distribution, name))

    def _missing(self, kind: Kind[Any], distribution: str, name: str) -> list[str]:
        names = self.names(kind)
        near = "".join(f"did you mean {other!r}? " for other in get_close_matches(name, names, n=1))
        installed = f"installed {kind.plural}: {', '.join(names) or 'none'}"
        lines = [f"no plugin provides the {kind.noun} {name!r}; {near}{installed}."]
        unusable = [plugin for plugin in self.plugins if plugin.state in ("broken", "incompatible")]
        if unusable:
            lines.append("Plugins that cannot be used and might provide it:")
            lines += [f"  {plugin}: {'; '.join(plugin.problem.splitlines())}" for plugin in unusable]
        elif distribution.startswith("img2img-") and distribution not in {one.distribution for one in self.plugins}:
            lines.append(f"The package {distribution} provides it; if you trust it: img2img install {distribution}")
        if self.limit is not None:
            lines.append(f"Only the plugins {self.limit!r} are used, as --plugins or IMG2IMG_PLUGINS says")
        return lines


def slow_hint(plugin: Plugin) -> str:
    """Return how a plugin that declares nothing slows down every command, and what helps."""
    return (
        f"the plugin {plugin} declares nothing, so that every command imports it, which takes {plugin.seconds:.1f} s; "
        "its author can declare what it provides (see plugins/README.md), and --plugins can leave it out"
    )


def _isolated_import(plugin: Plugin) -> AbstractContextManager[None]:
    """Restore the settings of the process after the import of a stranger's plugin."""
    if plugin.built_in:
        return nullcontext()
    from img2img.host.surroundings import undisturbed

    return undisturbed(f"the plugin {plugin}", "when it was imported")


def _compare(plugin: Plugin, provides: dict[str, list[str]]) -> None:
    """Check that a plugin registers exactly what it declares: only declared extensions are found."""
    for kind in KINDS:
        declared, registered = set(plugin.names(kind)), set(provides.get(kind.plural, ()))
        if declared != registered and (plugin.is_declared or kind == COMMANDS):
            raise PluginError(
                f"its metadata declare {kind.plural} {sorted(declared)}, and it registers {sorted(registered)}; "
                f"correct the entry points of the group {GROUP}.{kind.plural}, and install it again"
            )


def _key(observer: object) -> str:
    return f"{type(observer).__name__} {id(observer):x}"


def _reason(error: BaseException) -> str:
    if isinstance(error, PluginError):
        return str(error)
    return error_text(error)
