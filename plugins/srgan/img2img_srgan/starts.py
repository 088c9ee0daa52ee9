"""Sets the weights with which the generators start."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


def initialise(convolutions: Iterable[nn.Conv2d]) -> None:
    """Apply He's initialisation times 0.1 (Wang et al. 2018, supplement), to start near the bilinear image."""
    for convolution in convolutions:
        nn.init.kaiming_normal_(convolution.weight)
        with torch.no_grad():
            convolution.weight.mul_(0.1)
        nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]


@torch.no_grad()
def icnr(convolution: nn.Conv2d, factor: int) -> None:
    """Start pixel shuffle as nearest-neighbour enlargement (ICNR, Aitken et al. 2017): no lattice to unlearn."""
    convolution.weight.copy_(convolution.weight[:: factor**2].repeat_interleave(factor**2, 0))
