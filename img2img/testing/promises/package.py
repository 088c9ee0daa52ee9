"""Promises of the metadata of a plugin's package."""

from __future__ import annotations

import re
from importlib.metadata import distribution

from img2img.host.declarations import DISTRIBUTION, GROUP, Plugin
from img2img.testing.fresh import python
from img2img.testing.promise import Skipped, Subject, keep, promise, promises_of


class PackageSubject(Subject):
    """A plugin as its package's metadata describe it; it is imported already."""

    def __init__(self, plugin: Plugin) -> None:
        super().__init__(f"plugin {plugin.name}")
        self.plugin = plugin


@promise()
def it_provides_something(subject: PackageSubject) -> str | None:
    provides = {kind: names for kind, names in subject.plugin.provides.items() if names}
    keep(bool(provides), "it registers nothing, and observes nothing")
    if subject.plugin.is_declared:
        return None
    kinds = ", ".join(f"{GROUP}.{kind}" for kind in provides)
    return f"its metadata do not declare what: give entry points of {kinds}, or it is imported by each command"


@promise()
def it_says_which_contract_it_is_written_for(subject: PackageSubject) -> str | None:
    if subject.plugin.built_in:
        raise Skipped("it is built in")
    if distribution(subject.plugin.distribution).entry_points.select(group=f"{GROUP}.contract"):
        return None
    return f"no entry point of {GROUP}.contract: {subject.plugin.contract} is assumed, whatever comes after it"


@promise()
def it_depends_on_the_runtime_by_its_name(subject: PackageSubject) -> None:
    if subject.plugin.built_in:
        raise Skipped("it is built in")
    requires = distribution(subject.plugin.distribution).requires or ()
    names = {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", text.strip())[0]).lower() for text in requires}
    keep("img2img" not in names, f"it depends on img2img, a package of somebody else's; write {DISTRIBUTION}")
    keep(DISTRIBUTION in names, f"it does not depend on {DISTRIBUTION}: its dependencies are {sorted(names)}")


@promise()
def its_module_is_imported_without_torch(subject: PackageSubject) -> str | None:
    assert subject.plugin.entry_point is not None
    module = subject.plugin.entry_point.module
    if not python(f"import sys, {module}; sys.exit('torch' in sys.modules)"):
        return None
    return f"{module} imports torch, which takes a second or more each time that plugins are listed"


PROMISES = promises_of(__name__)
