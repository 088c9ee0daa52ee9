"""A step against the plain formulation: a pass of a network for each term, one after another."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import chain

import pytest
import torch
from img2img_cyclegan.trainer import CycleGANTrainer
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

import img2img
from img2img.nn.pool import ImagePool
from img2img.training.engine import TrainingEngine

Start = Callable[..., tuple[CycleGANTrainer, TrainingEngine]]
Losses = dict[str, float]

CONSTANT, DECAY, LR = 1, 4, 1e-3
NAMES = ("forward", "backward", "source discriminator", "target discriminator")


class Plain:
    """CycleGAN as it is written down: six generator passes, then each discriminator on real and on past images."""

    def __init__(self, trainer: CycleGANTrainer) -> None:
        self.config = trainer.config
        self.g, self.f, self.d_x, self.d_y = (
            copy.deepcopy(trainer.networks[name]).to(memory_format=torch.contiguous_format) for name in NAMES
        )
        self.pool_x, self.pool_y = ImagePool(self.config.pool), ImagePool(self.config.pool)
        self.generators = self._adam(self.g, self.f)
        self.discriminators = self._adam(self.d_x, self.d_y)

    def step(self, batch: img2img.Batch, number: int) -> Losses:
        x, y, config = batch.source * 2 - 1, batch.target * 2 - 1, self.config
        for optimizer in (self.generators, self.discriminators):
            optimizer.param_groups[0]["lr"] = LR * (1 - max(0, number + 1 - CONSTANT) / (DECAY + 1))
        fake_y, fake_x = self.g(x), self.f(y)
        cycle = l1_loss(self.f(fake_y), x) + l1_loss(self.g(fake_x), y)
        identity = l1_loss(self.g(y), y) + l1_loss(self.f(x), x)
        adversarial = fooled(self.d_y(fake_y)) + fooled(self.d_x(fake_x))
        total = config.adversarial_weight * adversarial + config.cycle_weight * cycle
        self._descend(self.generators, total + config.cycle_weight * config.identity_weight * identity)
        past_x, past_y = self.pool_x.exchange(fake_x), self.pool_y.exchange(fake_y)
        judged_x, judged_y = caught(self.d_x(x), self.d_x(past_x)), caught(self.d_y(y), self.d_y(past_y))
        self._descend(self.discriminators, 0.5 * judged_x + 0.5 * judged_y)
        losses = {"adversarial": adversarial, "cycle": cycle, "identity": identity}
        losses |= {"source discriminator": judged_x, "target discriminator": judged_y}
        return {name: loss.item() for name, loss in losses.items()}

    def _adam(self, *networks: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(chain(*(network.parameters() for network in networks)), LR, (0.5, 0.999))

    def _descend(self, optimizer: torch.optim.Adam, loss: Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def fooled(logits: Tensor) -> Tensor:
    return mse_loss(logits, torch.ones_like(logits))


def caught(real: Tensor, fake: Tensor) -> Tensor:
    return mse_loss(real, torch.ones_like(real)) + mse_loss(fake, torch.zeros_like(fake))


def batches(batch: img2img.Batch, count: int) -> list[img2img.Batch]:
    """The same images, mirrored and shifted, so that the pools hold something else than the present."""
    return [img2img.Batch(batch.source.roll(3 * n, -1), batch.target.roll(5 * n, -2).flip(0)) for n in range(count)]


def run(trainer: CycleGANTrainer, engine: TrainingEngine, some: list[img2img.Batch]) -> list[Losses]:
    losses = []
    for step, batch in enumerate(some):
        torch.manual_seed(step)
        engine.step = step
        engine.begin(0)
        losses.append({name: loss.item() for name, loss in trainer.step(batch).items()})
    return losses


def learnt(network: nn.Module) -> dict[str, Tensor]:
    """Weights that matter: not the biases before InstanceNorm, whose gradients are rounding errors."""
    last = [name for name, _ in network.named_parameters()][-1]
    return {name: tensor for name, tensor in network.named_parameters() if name.endswith("weight") or name == last}


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    """To a hundredth of a step in the mean, for Adam makes whole steps also of gradients near nothing."""
    twin = learnt(other)
    for name, tensor in learnt(one).items():
        difference = (tensor - twin[name]).abs()
        assert difference.mean() < LR / 100, name
        assert difference.max() < LR, name


def first(count: int, batch: img2img.Batch) -> img2img.Batch:
    return img2img.Batch(batch.source[:count], batch.target[:count])


@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("identity_weight", [0.5, 0.0])
def test_three_steps_are_those_of_the_plain_formulation(
    identity_weight: float, images: int, start: Start, batch: img2img.Batch
) -> None:
    batch = first(images, batch)
    trainer, engine = start(
        constant_steps=CONSTANT, decay_steps=DECAY, lr=LR, identity_weight=identity_weight, adversarial_weight=0.8
    )
    plain = Plain(trainer)
    losses = run(trainer, engine, batches(batch, 3))
    for step, each in enumerate(batches(batch, 3)):
        torch.manual_seed(step)
        expected = plain.step(each, step)
        if not identity_weight:
            expected["identity"] = 0
        assert losses[step] == pytest.approx(expected, rel=1e-5, abs=1e-6), step
    for name, network in zip(NAMES, (plain.g, plain.f, plain.d_x, plain.d_y), strict=True):
        assert_same_weights(trainer.networks[name], network)


@pytest.mark.parametrize("images", [1, 2])
def test_the_gradients_of_a_step_are_those_of_the_plain_formulation(
    images: int, start: Start, batch: img2img.Batch
) -> None:
    """Whose scale the weights do not show, as Adam divides by it: the half of the discriminators' loss, for one."""
    trainer, engine = start(lr=LR)
    plain = Plain(trainer)
    run(trainer, engine, [first(images, batch)])
    plain.step(first(images, batch), 0)
    for name, network in zip(NAMES, (plain.g, plain.f, plain.d_x, plain.d_y), strict=True):
        twin = learnt(trainer.networks[name])
        for key, tensor in learnt(network).items():
            assert (twin[key].grad - tensor.grad).norm() < 1e-4 * tensor.grad.norm(), (name, key)


def test_the_weights_of_three_steps_have_moved_by_more_than_is_tolerated(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(constant_steps=CONSTANT, decay_steps=DECAY, lr=LR)
    before = {name: copy.deepcopy(learnt(network)) for name, network in trainer.networks.items()}
    run(trainer, engine, batches(batch, 3))
    for name, network in trainer.networks.items():
        for key, tensor in learnt(network).items():
            assert (tensor - before[name][key]).abs().mean() > 1e-4, (name, key)


def test_two_accumulated_halves_are_a_step_on_the_whole(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(pool=0, lr=LR)
    halves, halved = start(pool=0, lr=LR, accumulate=2)
    for name, network in trainer.networks.items():
        halves.networks[name].load_state_dict(network.state_dict())
    run(trainer, engine, [batch])
    for part in range(2):
        halved.begin(part)
        halves.step(img2img.Batch(batch.source[part : part + 1], batch.target[part : part + 1]))
    for name, network in trainer.networks.items():
        assert_same_weights(halves.networks[name], network)
