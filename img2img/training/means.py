"""Means of losses between two log lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor


class LossMeans:
    """Adds losses up on their device; a mean is over the steps that had the loss, as stages begin between log lines."""

    def __init__(self) -> None:
        self.totals: dict[str, tuple[Tensor, int]] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Add the losses of a step, without waiting for the device."""
        for name, loss in losses.items():
            total, count = self.totals.get(name, (0, 0))
            self.totals[name] = (loss + total, count + 1)

    def take(self) -> dict[str, float]:
        """Return the means since the last call; waits for the device."""
        means = {name: float(total) / count for name, (total, count) in self.totals.items()}
        self.totals = {}
        return means

    def state_dict(self) -> dict[str, Any]:
        """Return the sums and counts so far."""
        return dict(self.totals)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.totals = {name: (total, count) for name, (total, count) in state.items()}
