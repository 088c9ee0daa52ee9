"""Imports a plugin, and holds what it provides to a promise; this runs in a process that may die of it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import mkdtemp
from time import perf_counter
from typing import Any

from img2img.errors import PluginError
from img2img.host.declarations import Plugin
from img2img.host.host import PluginHost
from img2img.host.kinds import KINDS
from img2img.testing.lines import describe, is_own, set_own_files
from img2img.testing.promise import Materials, Promise, Subject
from img2img.testing.promises import package
from img2img.testing.surroundings import undisturbed
from img2img.testing.watch import Functions, Traces, functions, memory, native_threads, watching

PACKAGES = ("img2img.datasets", "img2img.media.image", "img2img.models", "img2img.nn", "img2img.training")
"""The packages whose modules plugins and promises use without importing them at once."""

Task = tuple[Subject, list[Promise[Any]]]


@dataclass
class Runner:
    """The plugins of one name, with all that is needed to check them.

    Args:
        host: The host that has found the plugins and has imported none of them.
        plugins: Those that are checked.
        materials: What they are checked with; its folder holds one for each promise.
    """

    host: PluginHost
    plugins: list[Plugin]
    materials: Materials
    functions: Functions = field(default_factory=functions)
    tasks: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        set_own_files(plugin.entry_point.module for plugin in self.plugins if plugin.entry_point)

    def load(self) -> list[Traces]:
        """Import the plugins and make subjects of what they provide; return what each import has left behind.

        Raises:
            PluginError: One of them cannot be imported or registered.
        """
        if self.tasks:
            return []
        traces = [self._import(plugin) for plugin in self.plugins]
        for plugin in self.plugins:
            self.tasks += tasks(plugin, self.materials)
        return traces

    def list(self) -> dict[str, Any]:
        """Return what there is to check, and what came of the imports."""
        known = set(sys.modules)
        traces = self.load()
        foreign = [name for name in sys.modules if name not in known and not _is_own_module(name)]
        subjects = [
            {
                "title": subject.title,
                "plugin": self.plugins.index(subject.plugin) if isinstance(subject, package.PackageSubject) else None,
                "promises": [
                    [promise.group, promise.sentence, [promises.index(other) for other in promise.rests_on]]
                    for promise in promises
                ],
            }
            for subject, promises in self.tasks
        ]
        return {"subjects": subjects, "imports": traces, "foreign": foreign}

    def weigh(self, foreign: Sequence[str]) -> dict[str, Any]:
        """Return how many bytes the plugins' imports take once the modules of others are loaded."""
        threads = native_threads()
        import_quietly(foreign)
        gc.collect()
        quiet, before = native_threads() == threads, memory()
        self.load()
        gc.collect()
        return {"memory": memory() - before, "quiet": quiet}

    def hold(self, subject: int, promise: int, outcomes: Mapping[int, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """Hold a subject to a promise.

        Args:
            subject: Its number in the list.
            promise: The number among its promises.
            outcomes: State and detail of the other promises of the subject that are decided.
            found: What the subject has found out in another process.
        """
        self.load()
        held, promises = self.tasks[subject]
        held.take(found)
        held.changed.clear()
        for number, (state, detail) in outcomes.items():
            held.note(promises[int(number)], state, detail)
        with watching(Path(mkdtemp(dir=self.materials.folder)), self.functions) as traces:
            outcome = held.outcome(promises[promise])
        traces["settings"] = sorted(held.changed)
        return {"outcome": asdict(outcome), "traces": traces, "found": held.found()}

    def _import(self, plugin: Plugin) -> Traces:
        changed: set[str] = set()
        with (
            watching(Path(mkdtemp(dir=self.materials.folder)), self.functions) as traces,
            undisturbed(changed, draws=False),
        ):
            self._register(plugin)
        traces["settings"] = sorted(changed)
        return traces

    def _register(self, plugin: Plugin) -> None:
        if plugin.seconds is not None or plugin.entry_point is None:
            return
        started = perf_counter()
        plugin.seconds = 0.0  # so that the host does not import it
        try:
            self.host.register(plugin.entry_point.load(), plugin)
        except BaseException as error:  # a plugin may raise anything
            reason = str(error) if isinstance(error, PluginError) else describe(error)
            raise PluginError(f"the plugin {plugin} cannot be used; it is broken: {reason}") from error
        plugin.seconds = perf_counter() - started


def tasks(plugin: Plugin, materials: Materials) -> Iterator[Task]:
    """Yield each thing that a loaded plugin provides, with the promises of its kind."""
    yield package.PackageSubject(plugin), package.PROMISES
    for kind in KINDS:
        for name in plugin.names(kind) if kind.promises else ():
            module = import_module(kind.promises)
            thing = materials.host.find(kind, f"{plugin.distribution}/{name}")
            own = replace(materials, folder=Path(mkdtemp(dir=materials.folder)))
            yield module.subject_of(thing, own), module.PROMISES


def find_plugins(host: PluginHost, name: str) -> list[Plugin]:
    """Find the plugins of a name, or of a distribution, without importing them.

    Raises:
        PluginError: There are none, or one cannot be used.
    """
    plugins = [plugin for plugin in host.plugins if name in (plugin.name, plugin.distribution)]
    if not plugins:
        known = ", ".join(plugin.name for plugin in host.plugins) or "none"
        raise PluginError(
            f"no plugin {name!r} is installed; installed are: {known}. Of one that is not, give the folder of its "
            "project, where its pyproject.toml is"
        )
    for plugin in plugins:
        if plugin.state != "ok":
            raise PluginError(
                f"the plugin {plugin} cannot be used; it is {plugin.state}: {plugin.problem}".rstrip(": ")
            )
    for other in host.plugins:  # a check imports no stranger's plugin that declares nothing
        if other not in plugins and not other.built_in and not other.is_declared:
            other.refuse("blocked", "")
    return plugins


def import_ahead() -> None:
    """Import what checks need of the program and of its libraries, so that no fork has to."""
    names = ["torch._dynamo", "pydantic.type_adapter"]  # optimizers import the one, the program the other
    names += [kind.promises for kind in KINDS if kind.promises]
    for name in PACKAGES:
        names += [module.name for module in iter_modules(import_module(name).__path__, f"{name}.")]
    import_quietly(names)


def import_quietly(modules: Sequence[str]) -> None:
    """Import modules of others, whatever comes of it."""
    with undisturbed():
        for module in modules:
            with suppress(Exception):
                import_module(module)


def _is_own_module(name: str) -> bool:
    file = getattr(sys.modules[name], "__file__", None)
    return isinstance(file, str) and is_own(file)
