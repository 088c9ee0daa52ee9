"""This module holds a whole plugin, or a family alone, to each promise of the contract."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from img2img.testing.checker import SECONDS, Checker
from img2img.testing.outcome import Broken, Outcome

if TYPE_CHECKING:
    from img2img.contract.families import ModelFamily


def check_plugin(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
    limit: str | None = None,
    seconds: float = SECONDS,
    variables: Mapping[str, str] | None = None,
) -> Generator[Outcome, None, None]:
    """Hold all that a plugin provides to the contract, in processes of their own; yield outcomes one by one.

    Args:
        name: The name of an installed plugin, or of a distribution, which may have several.
        options: Options of the families' trainings, which override those that the families themselves call `small`.
        data: Folder of training data; drawn pictures in a usual layout by default.
        limit: Names of the plugins that may be used, separated by commas; None means all.
        seconds: The longest time for the check of one promise.
        variables: Environment variables of the processes in which the plugin runs; those of this one by default.

    Raises:
        PluginError: There is no such plugin, or it cannot be loaded.
    """
    with Checker(name, options=options, data=data, limit=limit, seconds=seconds, variables=variables) as checker:
        yield from checker.outcomes()


def check_family(
    family: ModelFamily[Any, Any], *, options: Mapping[str, Any] | None = None, data: str | Path | None = None
) -> list[Outcome]:
    """Hold a family to every promise of the contract, in this process.

    What ends the process or never ends is found by `check_plugin` alone.

    Args:
        family: The family, which need not be installed.
        options: Options of a training, which override those that the family itself calls `small`.
        data: Folder of training data; drawn pictures in a usual layout by default.

    Returns:
        An outcome for each promise: kept (`ok`), `broken`, or `skipped` where it cannot be checked here.
    """
    from img2img.testing.family import FamilySubject
    from img2img.testing.promises import families

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
