"""Adversarial losses, on logits: a discriminator never ends in a sigmoid."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def generator_loss(fake_logits: Tensor) -> Tensor:
    """The non-saturating loss -E log D(G(x)) of Goodfellow et al. 2014."""
    return binary_cross_entropy_with_logits(fake_logits.float(), torch.ones_like(fake_logits, dtype=torch.float32))


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The cross-entropy -E log D(y) - E log(1 - D(G(x))) of Goodfellow et al. 2014."""
    real = binary_cross_entropy_with_logits(real_logits.float(), torch.ones_like(real_logits, dtype=torch.float32))
    fake = binary_cross_entropy_with_logits(fake_logits.float(), torch.zeros_like(fake_logits, dtype=torch.float32))
    return real + fake
