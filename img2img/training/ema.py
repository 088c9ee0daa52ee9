"""Exponential moving average of a network's weights: what is validated and saved instead of the last step's."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn


class EMA:
    """A copy of `network` whose parameters follow it with decay `decay`; its buffers are copied, not averaged.

    Early on the average is warmed up as min(decay, (1 + n) / (10 + n)) after n updates, so that it forgets the
    initialisation.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, updates: int) -> None:
        """Move the copy towards `network`; `updates` counts those before this one."""
        weight = 1 - min(self.decay, (1 + updates) / (10 + updates))
        torch._foreach_lerp_(list(self.network.parameters()), list(network.parameters()), weight)
        for own, other in zip(self.network.buffers(), network.buffers(), strict=True):
            own.copy_(other)
