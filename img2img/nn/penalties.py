"""Penalties on the gradient of a discriminator steady its learning."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Compute E (‖∇D(x̂)‖ - 1)² between real and fake images (Gulrajani et al. 2017, equation 3).

    x̂ = ε y + (1 - ε) G(x), with one ε from U(0, 1) for each image; the norm is over all its pixels, D the sum of all
    logits of an image, as in StarGAN's code. Call it outside of
    `autocast`: it differentiates twice.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = torch.lerp(fake.detach().float(), real.float(), share).requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def r1_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """Compute E ½‖∇D(y)‖² on real images (Mescheder et al. 2018, equation 9); call it outside of `autocast`, too.

    D is the mean of the logits of an image, so that a weight means the same whatever the number of patches.
    """
    images = real.detach().float().requires_grad_()
    logits = discriminator(images).flatten(1).mean(1)
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean() / 2
