"""The watch over a run's health: `health.csv`, and warnings of what it shows."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from img2img.errors import DivergedError
from img2img.hookspecs import hookimpl
from img2img.training.health import Finding, Look, diagnose
from img2img.training.run import Run
from img2img.training.table import Table

log = logging.getLogger(__name__)


class HealthWatch:
    """Writes `health.csv`, a row for each look at a direction, and warns of what it shows, once."""

    @hookimpl
    def training_started(self, run: Run) -> None:
        if _health(run).path.exists():
            _health(run).go_back(run.step)
        self._told = set(map(str, findings(run)))

    @hookimpl
    def examined(self, run: Run, step: int, direction: str, signals: Mapping[str, float]) -> None:
        _health(run).append(step, signals, direction=direction)
        self._warn(run)

    @hookimpl
    def training_finished(self, run: Run, step: int, error: BaseException | None) -> None:
        if isinstance(error, DivergedError):
            _health(run).append(step, {"finite": 0}, direction="")
            self._warn(run)

    def _warn(self, run: Run) -> None:
        for finding in map(str, findings(run)):
            if finding not in self._told:
                log.warning("%s", finding)
                self._told.add(finding)


def findings(run: Run) -> list[Finding]:
    """What `health.csv` of a run shows so far, in the order in which it became certain."""
    seen: dict[str, list[Look]] = {}
    for row in _health(run).rows():
        signals = {name: float(text) for name, text in row.items() if text and name not in ("step", "direction")}
        seen.setdefault(row["direction"], []).append(Look(int(row["step"]), signals))
    warm_up = max(run.examine_every * 5 // 2, run.config.total_steps // 20)
    found = [finding for name in seen for finding in diagnose(seen[name], name, run.config, warm_up)]
    return sorted(found, key=lambda finding: finding.step)


def looks(run: Run) -> int:
    """At how many steps a run's health was looked at so far."""
    return len({row["step"] for row in _health(run).rows()})


def _health(run: Run) -> Table:
    return Table(run.folder / "health.csv")
