"""The watch over a run's health: `health.csv`, and warnings of what it shows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import nan

from img2img.contract.hookspecs import hookimpl
from img2img.errors import DivergedError
from img2img.training.health.ailments import Finding, Look, diagnose, settled
from img2img.training.run import Run
from img2img.training.table import Table

log = logging.getLogger(__name__)


Looks = dict[str, list[Look]]
"""Direction to its looks; the end of a diverged run belongs to none, and has a list of its own."""


class HealthWatch:
    """Writes `health.csv`, a row for each look at a direction, and warns of what it shows, once."""

    @hookimpl
    def training_started(self, run: Run) -> None:
        if _health(run).path.exists():
            _health(run).go_back(run.step)
        self._looks = _read(run)
        self._told = set(map(str, _diagnosed(self._looks, run)))

    @hookimpl
    def examined(self, run: Run, step: int, direction: str, signals: Mapping[str, float]) -> None:
        _add(self._looks, _health(run).append(step, signals, direction=direction))
        self._warn(run)

    @hookimpl
    def training_finished(self, run: Run, step: int, error: BaseException | None) -> None:
        if isinstance(error, DivergedError):
            _add(self._looks, _health(run).append(step, {"finite": 0}, direction=""))
            self._warn(run)

    def _warn(self, run: Run) -> None:
        for finding in map(str, _diagnosed(self._looks, run)):
            if finding not in self._told:
                log.warning("%s", finding)
                self._told.add(finding)


def findings(run: Run) -> list[Finding]:
    """What `health.csv` of a run shows so far, in the order in which it became certain."""
    return _diagnosed(_read(run), run)


def telling_looks(run: Run) -> int:
    """How often a run was looked at after it had warmed up, of the direction where that is the most."""
    return max((len(settled(looks, looks, run)) for looks in _read(run).values()), default=0)


def _diagnosed(looks: Looks, run: Run) -> list[Finding]:
    found = [finding for name in looks for finding in diagnose(looks[name], name, run)]
    return sorted(found, key=lambda finding: finding.step)


def _read(run: Run) -> Looks:
    looks: Looks = {}
    for row in _health(run).rows():
        _add(looks, row)
    return looks


def _add(looks: Looks, row: Mapping[str, str]) -> None:
    signals = {name: _number(text) for name, text in row.items() if text and name not in ("step", "direction")}
    looks.setdefault(row.get("direction", ""), []).append(Look(int(row["step"]), signals))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # somebody has written in the file
        return nan


def _health(run: Run) -> Table:
    return Table(run.folder / "health.csv")
