"""The engine is lent to a trainer: device, precision, schedules, and the one place where weights change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from img2img.inference.device import Device


class Steps(Protocol):
    """Whoever counts the steps of a training, as a `Run` does."""

    step: int


@dataclass
class StepCounter:
    """Counts the steps where there is no run."""

    step: int = 0


class TrainingEngine:
    """The `img2img.Engine` of a run.

    Args:
        device: Where the networks live, and what they compute in; weights, losses and optimisers stay in float32.
        accumulate: Batches whose gradients make up one step.
        steps: Counts the steps; by default a counter of the engine's own.
    """

    def __init__(self, device: Device, accumulate: int = 1, steps: Steps | None = None) -> None:
        self.runs_on, self.device = device, device.place
        self.accumulate = accumulate
        self.steps = steps or StepCounter()
        self._part = 0
        self._schedules: list[tuple[torch.optim.Optimizer, Callable[[int], float]]] = []

    @property
    def step(self) -> int:
        """Return the number of finished steps."""
        return self.steps.step

    @step.setter
    def step(self, step: int) -> None:
        self.steps.step = step

    def prepare(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, in the memory format that is fastest there."""
        return self.runs_on.prepare(network)

    def autocast(self) -> AbstractContextManager[None]:
        """Run the networks inside in the precision of the run."""
        return self.runs_on.autocast()

    def update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        """Clear the gradients at the first part of a step, add those of `loss`, and move the weights at the last."""
        if self._part == 0:
            optimizer.zero_grad()
        (loss / self.accumulate).backward()  # type: ignore[no-untyped-call]
        if self._part == self.accumulate - 1:
            optimizer.step()

    def schedule(self, optimizer: torch.optim.Optimizer, factor: Callable[[int], float]) -> None:
        """Multiply the optimiser's learning rates by `factor(step)` before each step."""
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self._schedules.append((optimizer, factor))

    def circumstances(self) -> dict[str, str]:
        """Return what decides how sums are rounded."""
        return {
            "device": self.device.type,
            "precision": self.runs_on.precision_name,
            "threads": str(torch.get_num_threads()),
            "torch": str(torch.__version__),
        }

    def begin(self, part: int) -> None:
        """Get ready for a batch, which is number `part` of the `accumulate` batches of a step; the loop calls this."""
        self._part = part
        if part == 0:
            for optimizer, factor in self._schedules:
                for group in optimizer.param_groups:
                    group["lr"] = group["initial_lr"] * factor(self.step)
