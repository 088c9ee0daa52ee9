"""A plugin of pytest makes a test of each promise of the plugin that `img2img_plugin` names.

It belongs to the file that holds pytest's settings: `pytest` alone runs the promises with the other tests, and
`pytest pyproject.toml` runs them alone. Every pytest of an environment imports this module, so that it imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from img2img.testing.promise import Promise, Subject


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings `img2img_plugin` and `img2img_data` to pytest."""
    parser.addini("img2img_plugin", "name of the plugin that is held to the contract of img2img")
    parser.addini("img2img_data", "folder of training data for it; drawn pictures by default", type="paths")


def pytest_configure(config: pytest.Config) -> None:
    """Add the settings' file to the tests where pytest is called without paths."""
    listed = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if config.getini("img2img_plugin") and config.inipath and listed:
        config.args.append(str(config.inipath))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Return the tests of the plugin for the file with the settings."""
    if parent.config.getini("img2img_plugin") and file_path == parent.config.inipath:
        return PluginFile.from_parent(parent, path=file_path)
    return None


class PluginFile(pytest.File):
    """The settings' file, whose tests are the promises of the plugin."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield the tests of each thing that the plugin provides."""
        from img2img.errors import PluginError
        from img2img.host.host import PluginHost
        from img2img.testing.checks import find_plugins, tasks
        from img2img.testing.promise import Materials

        host = PluginHost.discover()
        folder = TemporaryDirectory()
        self.config.add_cleanup(folder.cleanup)
        data = next(iter(self.config.getini("img2img_data") or ()), None)
        try:
            plugins = find_plugins(host, self.config.getini("img2img_plugin"))
        except PluginError as error:
            raise self.CollectError(str(error)) from error
        materials = Materials(Path(folder.name), host, data=data)
        for plugin in plugins:
            for subject, promises in tasks(plugin, materials):
                yield SubjectTests.from_parent(self, name=subject.title, subject=subject, promises=promises)


class SubjectTests(pytest.Collector):
    """The tests of one thing that the plugin provides."""

    def __init__(self, *, subject: Subject, promises: Iterable[Promise[Any]], **options: Any) -> None:
        super().__init__(**options)
        self.subject, self.promises = subject, promises

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each promise."""
        for promise in self.promises:
            yield PromiseTest.from_parent(self, name=promise.sentence, subject=self.subject, promise=promise)


class PromiseTest(pytest.Item):
    """The test of one promise of one thing."""

    def __init__(self, *, subject: Subject, promise: Promise[Any], **options: Any) -> None:
        super().__init__(**options)
        self.subject, self.promise = subject, promise

    def runtest(self) -> None:
        """Hold the thing to the promise."""
        outcome = self.subject.outcome(self.promise)
        if outcome.state == "skipped":
            pytest.skip(outcome.detail)
        if outcome.state == "broken":
            pytest.fail(outcome.text, pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the title of the test."""
        return self.path, None, f"{self.subject.title}: {self.promise.sentence}"
