"""Adversarial objectives, on logits: a discriminator never ends in a sigmoid."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from img2img.config import Objective


def generator_loss(fake_logits: Tensor, objective: Objective = "vanilla", real_logits: Tensor | None = None) -> Tensor:
    """What the generator G minimises: -log D(G(x)), (D(G(x)) - 1)², or -D(G(x)); a mean over all logits.

    `relativistic` also looks at what D says of real images, and is what D minimises with the two exchanged.
    """
    fake = fake_logits.float()
    if objective == "relativistic":
        if real_logits is None:
            raise ValueError("objective=relativistic compares: give real_logits, too")
        return discriminator_loss(fake, real_logits, objective)
    if objective == "vanilla":
        return softplus(-fake).mean()
    return (fake - 1).square().mean() if objective == "lsgan" else -fake.mean()


def discriminator_loss(
    real_logits: Tensor, fake_logits: Tensor, objective: Objective = "vanilla", real_label: float = 1.0
) -> Tensor:
    """What the discriminator D minimises, with s = `real_label`, below 1 for one-sided smoothing.

    `vanilla`: -s log D(y) - (1 - s) log(1 - D(y)) - log(1 - D(G(x))); `lsgan`: (D(y) - s)² + D(G(x))²; `hinge`:
    max(0, 1 - D(y)) + max(0, 1 + D(G(x))); `wgan`: D(G(x)) - D(y); means over all logits. `relativistic`, with C the
    logits and σ the sigmoid: -½ log σ(C(y) - mean C(G(x))) - ½ log(1 - σ(C(G(x)) - mean C(y))) (ESRGAN's code; its
    equation has no ½).
    """
    real, fake = real_logits.float(), fake_logits.float()
    if objective == "vanilla":
        return (softplus(-real) + (1 - real_label) * real).mean() + softplus(fake).mean()
    if objective == "lsgan":
        return (real - real_label).square().mean() + fake.square().mean()
    if objective == "hinge":
        return relu(1 - real).mean() + relu(1 + fake).mean()
    if objective == "relativistic":
        return (softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean()) / 2
    return fake.mean() - real.mean()


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """E (‖∇D(x̂)‖ - 1)² between real and fake images (Gulrajani et al. 2017, equation 3).

    x̂ = ε y + (1 - ε) G(x), with one ε from U(0, 1) for each image; the norm is over all its pixels, D the sum of all
    logits of an image, as in StarGAN's code. Call it outside of
    `autocast`: it differentiates twice.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = torch.lerp(fake.detach().float(), real.float(), share).requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def r1_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """E ½‖∇D(y)‖² on real images (Mescheder et al. 2018, equation 9); call it outside of `autocast`, too.

    D is the mean of the logits of an image, so that a weight means the same whatever the number of patches.
    """
    images = real.detach().float().requires_grad_()
    logits = discriminator(images).flatten(1).mean(1)
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean() / 2
