"""Adversarial objectives, on logits: a discriminator never ends in a sigmoid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

Objective = Literal["vanilla", "lsgan", "hinge", "wgan"]
"""Which game generator and discriminator play:

* `vanilla`: cross-entropy, non-saturating (Goodfellow et al. 2014);
* `lsgan`: least squares (Mao et al. 2017);
* `hinge`: margin 1 (Lim & Ye 2017);
* `wgan`: the difference of the means (Arjovsky et al. 2017), to be used with `gradient_penalty`.
"""


def generator_loss(fake_logits: Tensor, objective: Objective = "vanilla") -> Tensor:
    """What the generator G minimises: -log D(G(x)), (D(G(x)) - 1)², or -D(G(x)); a mean over all logits."""
    fake = fake_logits.float()
    if objective == "vanilla":
        return softplus(-fake).mean()
    return (fake - 1).square().mean() if objective == "lsgan" else -fake.mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor, objective: Objective = "vanilla") -> Tensor:
    """What the discriminator D minimises.

    `vanilla`: -log D(y) - log(1 - D(G(x))); `lsgan`: (D(y) - 1)² + D(G(x))²; `hinge`: max(0, 1 - D(y)) +
    max(0, 1 + D(G(x))); `wgan`: D(G(x)) - D(y); means over all logits.
    """
    real, fake = real_logits.float(), fake_logits.float()
    if objective == "vanilla":
        return softplus(-real).mean() + softplus(fake).mean()
    if objective == "lsgan":
        return (real - 1).square().mean() + fake.square().mean()
    if objective == "hinge":
        return relu(1 - real).mean() + relu(1 + fake).mean()
    return fake.mean() - real.mean()


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """E (‖∇D(x̂)‖ - 1)² between real and fake images (Gulrajani et al. 2017, equation 3).

    x̂ = ε y + (1 - ε) G(x), with one ε from U(0, 1) for each image; the norm is over all its pixels. Call it outside of
    `autocast`: it differentiates twice.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = torch.lerp(fake.detach().float(), real.float(), share).requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def r1_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """E ½‖∇D(y)‖² on real images (Mescheder et al. 2018, equation 9); call it outside of `autocast`, too."""
    images = real.detach().float().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean() / 2
