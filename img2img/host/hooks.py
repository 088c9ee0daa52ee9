"""This module registers hook implementations with pluggy: either all hooks of a module or observer, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pluggy

from img2img.contract import hookspecs
from img2img.errors import PluginError
from img2img.host.kinds import KINDS, Kind, name_of

T = TypeVar("T")


class Hooks:
    """Keeps the modules and observers that implement hooks, each under a key."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("img2img")
        self._manager.add_hookspecs(hookspecs)

    def add(self, module: object, key: str) -> None:
        """Register all hooks that a module, or any other object, implements.

        Raises:
            PluginError: A hook is unknown or has wrong arguments, the module implements none, or is registered already.
        """
        if self._manager.is_registered(module):
            raise PluginError(f"{module!r} is registered already, as {self._manager.get_name(module)}")
        try:
            self._manager.register(module, name=key)
            self._manager.check_pending()
            self._check(module)
        except BaseException as error:
            self.remove(key)
            if isinstance(error, pluggy.PluginValidationError):
                raise PluginError(str(error)) from error
            raise

    def remove(self, key: str) -> bool:
        """Remove what was registered under a key, and return whether there was anything."""
        return self._manager.unregister(name=key) is not None

    def implementations(self, hook: str) -> Iterator[pluggy.HookImpl]:
        """Yield the implementations of a hook, in the order in which they are called."""
        yield from reversed(getattr(self._manager.hook, hook).get_hookimpls())

    def observed(self, module: object) -> set[str]:
        """Return the hooks of runs and jobs that a registered module implements."""
        callers = self._manager.get_hookcallers(module) or ()
        return {caller.name for caller in callers} - {kind.hook for kind in KINDS}

    def registered(self, kind: Kind[T], module: object) -> dict[str, T]:
        """Let a module register its extensions of a kind, and return these by name.

        Raises:
            PluginError: An extension is not of the kind, or two extensions have one name.
        """
        things: list[T] = []
        register: Callable[[T], None] = things.append
        for implementation in getattr(self._manager.hook, kind.hook).get_hookimpls():
            if implementation.plugin is module:
                implementation.function(*([register] if implementation.argnames else []))
        found: dict[str, T] = {}
        for thing in things:
            kind.check(thing)
            if (name := name_of(thing)) in found:
                raise PluginError(f"it registers the {kind.noun} {name!r} twice")
            found[name] = thing
        return found

    def _check(self, module: object) -> None:
        callers = self._manager.get_hookcallers(module)
        if not callers:
            raise PluginError(f"{module!r} implements no hook; mark its functions with @img2img.hookimpl")
        for caller in callers:
            for implementation in caller.get_hookimpls():
                if implementation.plugin is module and (implementation.wrapper or implementation.hookwrapper):
                    raise PluginError(
                        f"{caller.name} is a wrapper, which img2img does not call; leave out wrapper=True"
                    )
