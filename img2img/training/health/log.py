"""The health of a run: the file `health.csv`, what it shows, and the warnings that were given."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from math import nan

from img2img.contract.hookspecs import hookimpl
from img2img.errors import DivergedError
from img2img.training.health.ailments import Finding, Look, diagnose, settled
from img2img.training.run import Run
from img2img.training.table import Table

log = logging.getLogger(__name__)


class HealthLog:
    """Keeps the figures of every examination of a run, in memory and in `health.csv`, and warns once of what they show.

    Args:
        run: The run; nothing is read until `load` is called, or the training starts.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.findings: Sequence[Finding] = ()
        """The findings so far, in the order in which they became certain."""
        self._table = Table(run.folder / "health.csv")
        self._looks: dict[str, list[Look]] = {}
        """The examinations by direction; the end of a diverged run is of no direction, and has a list of its own."""
        self._warned: set[str] = set()

    def load(self) -> HealthLog:
        """Read what stands in the file, for which nobody is warned again."""
        self._table.load()
        return self._take_rows()

    def _take_rows(self) -> HealthLog:
        self._looks = {}
        for row in self._table.rows:
            self._add(row)
        self._diagnose()
        self._warned = set(map(str, self.findings))
        return self

    def count_settled(self) -> int:
        """Return how many examinations came after the warm-up, of the direction that has the most of them."""
        return max((len(settled(looks, looks, self.run)) for looks in self._looks.values()), default=0)

    @hookimpl
    def training_started(self, run: Run) -> None:
        """Go back to the run's step, and forget what came later."""
        if self._table.path.exists():
            self._table.go_back(run.step)
        self._take_rows()

    @hookimpl
    def examined(self, step: int, direction: str, signals: Mapping[str, float]) -> None:
        """Write an examination's figures down, and warn of new findings."""
        self._append(step, direction, signals)

    @hookimpl
    def training_finished(self, step: int, error: BaseException | None) -> None:
        """Write the end of a diverged run down, and warn of it."""
        if isinstance(error, DivergedError):
            self._append(step, "", {"finite": 0})

    def _append(self, step: int, direction: str, signals: Mapping[str, float]) -> None:
        self._add(self._table.append(step, signals, direction=direction))
        self._diagnose()
        for finding in map(str, self.findings):
            if finding not in self._warned:
                log.warning("%s", finding)
                self._warned.add(finding)

    def _add(self, row: Mapping[str, str]) -> None:
        signals = {name: _number(text) for name, text in row.items() if text and name not in ("step", "direction")}
        self._looks.setdefault(row.get("direction", ""), []).append(Look(int(row["step"]), signals))

    def _diagnose(self) -> None:
        found = [finding for name, looks in self._looks.items() for finding in diagnose(looks, name, self.run)]
        self.findings = sorted(found, key=lambda finding: finding.step)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # somebody has written in the file
        return nan
