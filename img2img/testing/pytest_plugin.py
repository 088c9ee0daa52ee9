"""A plugin of pytest makes a test of each promise of the plugin that `img2img_plugin` names.

It belongs to the file that holds pytest's settings: `pytest` alone runs the promises with the other tests, and
`pytest pyproject.toml` runs them alone. Every pytest of an environment imports this module, so that it imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from img2img.testing.checker import Check, Checked, Checker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings `img2img_plugin`, `img2img_data` and `img2img_timeout` to pytest."""
    parser.addini("img2img_plugin", "name of the plugin that is held to the contract of img2img")
    parser.addini("img2img_data", "folder of training data for it; drawn pictures by default", type="paths")
    parser.addini("img2img_timeout", "longest time for one promise, in seconds; 600 by default")


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
        from img2img.testing.checker import SECONDS, Checker

        data = next(iter(self.config.getini("img2img_data") or ()), None)
        seconds = float(self.config.getini("img2img_timeout") or SECONDS)
        try:
            checker = Checker(self.config.getini("img2img_plugin"), data=data, seconds=seconds)
        except PluginError as error:
            raise self.CollectError(str(error)) from error
        self.config.add_cleanup(checker.close)
        for subject in checker.subjects:
            yield SubjectTests.from_parent(self, name=subject.title, checker=checker, subject=subject)


class SubjectTests(pytest.Collector):
    """The tests of one thing that the plugin provides."""

    def __init__(self, *, checker: Checker, subject: Checked, **options: Any) -> None:
        super().__init__(**options)
        self.checker, self.subject = checker, subject

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each promise."""
        for check in self.subject.checks:
            yield PromiseTest.from_parent(self, name=check.sentence, checker=self.checker, check=check)


class PromiseTest(pytest.Item):
    """The test of one promise of one thing."""

    def __init__(self, *, checker: Checker, check: Check, **options: Any) -> None:
        super().__init__(**options)
        self.checker, self.check = checker, check

    def runtest(self) -> None:
        """Have the promise checked."""
        outcome = self.checker.outcome(self.check)
        if outcome.state == "skipped":
            pytest.skip(outcome.detail)
        if outcome.state == "broken":
            pytest.fail(outcome.text, pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the title of the test."""
        return self.path, None, f"{self.check.subject.title}: {self.check.sentence}"
