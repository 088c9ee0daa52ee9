"""What the core lends a trainer: device, precision, schedules, and the one place where weights move."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from img2img.inference.device import Device


class TrainingEngine:
    """The `img2img.Engine` of a run.

    Args:
        device: Where the networks live, and what they compute in; weights, losses and optimisers stay in float32.
        accumulate: Batches whose gradients make up one step.
    """

    def __init__(self, device: Device, accumulate: int = 1) -> None:
        self.runs_on, self.device = device, device.place
        self.accumulate = accumulate
        self.step = 0
        self._part = 0
        self._schedules: list[tuple[torch.optim.Optimizer, Callable[[int], float]]] = []

    def prepare(self, network: nn.Module) -> nn.Module:
        return self.runs_on.prepare(network)

    def autocast(self) -> AbstractContextManager[None]:
        return self.runs_on.autocast()

    def update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        if self._part == 0:
            optimizer.zero_grad()
        (loss / self.accumulate).backward()  # type: ignore[no-untyped-call]
        if self._part == self.accumulate - 1:
            optimizer.step()

    def schedule(self, optimizer: torch.optim.Optimizer, factor: Callable[[int], float]) -> None:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self._schedules.append((optimizer, factor))

    def circumstances(self) -> dict[str, str]:
        """What decides how sums are rounded."""
        return {
            "device": self.device.type,
            "precision": self.runs_on.precision_name,
            "threads": str(torch.get_num_threads()),
            "torch": str(torch.__version__),
        }

    def begin(self, step: int, part: int) -> None:
        """Called by the loop before each batch: the step it belongs to, and which of its `accumulate` parts it is."""
        self.step, self._part = step, part
        if part == 0:
            for optimizer, factor in self._schedules:
                for group in optimizer.param_groups:
                    group["lr"] = group["initial_lr"] * factor(step)
