"""A whole plugin, or a family alone, is held to each promise of the contract."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from img2img.contract.families import ModelFamily
from img2img.errors import PluginError
from img2img.host.declarations import Plugin
from img2img.host.host import PluginHost
from img2img.host.kinds import KINDS
from img2img.testing.family import FamilySubject
from img2img.testing.promise import Broken, Materials, Outcome, Promise, Subject
from img2img.testing.promises import families, package

Task = tuple[Subject, list[Promise[Any]]]


def check_plugin(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
    host: PluginHost | None = None,
) -> Iterator[Outcome]:
    """Hold all that a plugin provides to the contract; yield outcomes one by one.

    Args:
        name: The name of an installed plugin, or of a distribution, which may have several.
        options: Options of the families' trainings, which override those that the families themselves call `small`.
        data: Folder of training data; drawn pictures in a usual layout by default.
        host: The plugins to look among; all installed ones by default.

    Raises:
        PluginError: There is no such plugin, or it cannot be loaded.
    """
    plugins = find_plugins(host := host or PluginHost.discover(), name)
    with tempfile.TemporaryDirectory() as folder:
        materials = Materials(Path(folder), host, options or {}, Path(data) if data else None)
        for plugin in plugins:
            for subject, promises in tasks(plugin, materials):
                for promise in promises:
                    yield subject.outcome(promise)


def find_plugins(host: PluginHost, name: str) -> list[Plugin]:
    """Find and import the plugins of a name, or of a distribution.

    Raises:
        PluginError: There are none, or one cannot be loaded.
    """
    plugins = [plugin for plugin in host.plugins if name in (plugin.name, plugin.distribution)]
    if not plugins:
        known = ", ".join(plugin.name for plugin in host.plugins) or "none"
        raise PluginError(
            f"no plugin {name!r} is installed; installed are: {known}. Of one that is not, give the folder of its "
            "project, where its pyproject.toml is"
        )
    for plugin in plugins:
        host.load(plugin)
        if plugin.state != "ok":
            raise PluginError(
                f"the plugin {plugin} cannot be used; it is {plugin.state}: {plugin.problem}".rstrip(": ")
            )
    return plugins


def tasks(plugin: Plugin, materials: Materials) -> Iterator[Task]:
    """Yield each thing that a loaded plugin provides, with the promises of its kind."""
    yield package.PackageSubject(plugin), package.PROMISES
    for kind in KINDS:
        for name in plugin.names(kind) if kind.promises else ():
            module = import_module(kind.promises)
            thing = materials.host.find(kind, f"{plugin.distribution}/{name}")
            own = replace(materials, folder=Path(tempfile.mkdtemp(dir=materials.folder)))
            yield module.subject_of(thing, own), module.PROMISES


def check_family(
    family: ModelFamily[Any, Any], *, options: Mapping[str, Any] | None = None, data: str | Path | None = None
) -> list[Outcome]:
    """Hold a family to every promise of the contract.

    Args:
        family: The family, which need not be installed.
        options: Options of a training, which override those that the family itself calls `small`.
        data: Folder of training data; drawn pictures in a usual layout by default.

    Returns:
        An outcome for each promise: kept (`ok`), `broken`, or `skipped` where it cannot be checked here.
    """
    with tempfile.TemporaryDirectory() as folder:
        subject = FamilySubject(family, Path(folder), options, data)
        return [subject.outcome(promise) for promise in families.PROMISES]


def assert_family(
    family: ModelFamily[Any, Any], *, options: Mapping[str, Any] | None = None, data: str | Path | None = None
) -> None:
    """Hold a family to every promise of the contract, as `check_family` does.

    Raises:
        AssertionError: Some are broken; the text says which, what was measured, and with which options.
    """
    broken = [outcome.text for outcome in check_family(family, options=options, data=data) if outcome.state == "broken"]
    if broken:
        raise Broken("\n\n".join(broken))
