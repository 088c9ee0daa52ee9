"""A whole plugin: each thing that it provides, held to each promise of its kind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from img2img.errors import PluginError
from img2img.host.declarations import Plugin
from img2img.host.host import PluginHost
from img2img.testing.family import FamilySubject
from img2img.testing.promise import Outcome, Promise, Subject
from img2img.testing.promises import COMMAND, FAMILY, FILTER, IMPORTER, PACKAGE
from img2img.testing.promises.commands import CommandSubject
from img2img.testing.promises.filters import FilterSubject
from img2img.testing.promises.importers import ImporterSubject
from img2img.testing.promises.package import PackageSubject

Task = tuple[Subject, list[Promise[Any]]]


def check_plugin(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
    host: PluginHost | None = None,
) -> Iterator[Outcome]:
    """Hold all that a plugin provides to the contract; yield outcomes as they come.

    Args:
        name: Of an installed plugin, or of a distribution, which may have several.
        options: Of the families' trainings, over those that the families themselves call `small`.
        data: Folder of training data; drawn pictures in a usual layout by default.
        host: Where to look for it; among all installed plugins by default.

    Raises:
        PluginError: There is no such plugin, or it cannot be loaded.
    """
    plugins = find_plugins(host := host or PluginHost.discover(), name)
    with tempfile.TemporaryDirectory() as folder:
        for plugin in plugins:
            for subject, promises in tasks(plugin, host, Path(folder), options, data):
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


def tasks(
    plugin: Plugin,
    host: PluginHost,
    folder: Path,
    options: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
) -> Iterator[Task]:
    """Each thing that a plugin provides, with the promises of its kind.

    Args:
        plugin: It is loaded.
        host: That has loaded it.
        folder: For data and runs.
        options: As for `check_plugin`.
        data: Likewise.
    """

    def provided(kind: str) -> list[Any]:
        return [host.find(kind, f"{plugin.distribution}/{name}") for name in plugin.provides.get(kind, ())]

    yield PackageSubject(plugin), PACKAGE
    for family in provided("families"):
        yield FamilySubject(family, folder / f"{plugin.distribution} {family.name}", options, data), FAMILY
    for filter_ in provided("filters"):
        yield FilterSubject(filter_), FILTER
    for importer in provided("importers"):
        yield ImporterSubject(importer, folder), IMPORTER
    for command in provided("commands"):
        yield CommandSubject(command), COMMAND
