"""How long a training step of CycleGAN takes beside the plain formulation of the reference code.

    python tests/benchmarks/step.py [--size 256] [--width 64] [--blocks 9] [--rounds 5] [--threads N] [--device cpu]

The plain one is what is usually written: six generator passes one after another, each discriminator by itself on real
and on past images, eager, in float32, contiguous. Both begin with the same weights and see the same images. They step
in turn, and medians are compared, so that a busy machine spoils both alike.

Exit status 0 if ours is fast enough and the losses of the first steps agree.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import chain
from statistics import median
from time import perf_counter
from typing import Any

import torch
from img2img_cyclegan.config import CycleGANTraining
from img2img_cyclegan.family import CycleGAN
from img2img_cyclegan.trainer import CycleGANTrainer
from torch import Tensor, nn
from torch.nn.functional import interpolate, l1_loss, mse_loss

import img2img
from img2img.inference.device import Device
from img2img.nn.pool import ImagePool
from img2img.training.engine import TrainingEngine

STEPS = 3
"""Whose losses are compared."""
AGREE = 0.01
FASTER = 1.5

Step = Callable[[img2img.Batch], Mapping[str, Tensor]]


class Plain:
    """One network pass for each term of the losses, as in the authors' code."""

    def __init__(self, trainer: CycleGANTrainer) -> None:
        self.config = trainer.config
        self.g, self.f = _contiguous(trainer.forward), _contiguous(trainer.backward)
        self.d_x, self.d_y = _contiguous(trainer.judge_x.network), _contiguous(trainer.judge_y.network)
        self.networks = self.g, self.f, self.d_x, self.d_y
        self.pool_x, self.pool_y = ImagePool(self.config.pool), ImagePool(self.config.pool)
        self.generators, self.discriminators = self._adam(self.g, self.f), self._adam(self.d_x, self.d_y)

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        x, y = batch.source * 2 - 1, batch.target * 2 - 1
        fake_y = self.g(x)
        cycle_x = self.f(fake_y)
        fake_x = self.f(y)
        cycle_y = self.g(fake_x)
        losses = self._update_generators(x, y, fake_x, fake_y, cycle_x, cycle_y)
        self._hold(False)
        self.discriminators.zero_grad()
        for name, judge, real, fake, pool in (
            ("source discriminator", self.d_x, x, fake_x, self.pool_x),
            ("target discriminator", self.d_y, y, fake_y, self.pool_y),
        ):
            losses[name] = _against(judge(real), 1) + _against(judge(pool.exchange(fake)), 0)
            (losses[name] * 0.5).backward()
        self.discriminators.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def _update_generators(
        self, x: Tensor, y: Tensor, fake_x: Tensor, fake_y: Tensor, cycle_x: Tensor, cycle_y: Tensor
    ) -> dict[str, Tensor]:
        self._hold(True)
        self.generators.zero_grad()
        losses = {
            "identity": l1_loss(self.g(y), y) + l1_loss(self.f(x), x),
            "adversarial": _against(self.d_y(fake_y), 1) + _against(self.d_x(fake_x), 1),
            "cycle": l1_loss(cycle_x, x) + l1_loss(cycle_y, y),
        }
        config = self.config
        total = losses["adversarial"] + config.cycle_weight * losses["cycle"]
        (total + config.cycle_weight * config.identity_weight * losses["identity"]).backward()
        self.generators.step()
        return losses

    def _hold(self, still: bool) -> None:
        for judge in (self.d_x, self.d_y):
            judge.requires_grad_(not still)

    def _adam(self, *networks: nn.Module) -> torch.optim.Adam:
        parameters = chain.from_iterable(network.parameters() for network in networks)
        return torch.optim.Adam(parameters, self.config.lr, (0.5, 0.999))


def _contiguous(network: nn.Module) -> nn.Module:
    return deepcopy(network).to(memory_format=torch.contiguous_format)


def _against(logits: Tensor, label: float) -> Tensor:
    return mse_loss(logits, torch.full_like(logits, label))


def build(options: argparse.Namespace) -> tuple[CycleGANTrainer, TrainingEngine]:
    """The plugin's trainer, with the reference's network, as a run would prepare it."""
    device = Device.pick(options.device, options.precision)
    config = CycleGANTraining.parse(
        {"width": options.width, "blocks": options.blocks, "crop": options.size, "upsampling": "transposed"}
    )
    engine = TrainingEngine(device)
    trainer = CycleGAN().trainer(config, engine)
    assert isinstance(trainer, CycleGANTrainer)
    return trainer, engine


def draw(size: int, device: torch.device) -> img2img.Batch:
    """Two images of soft noise."""
    coarse = torch.rand(2, 3, 8, 8)
    images = interpolate(coarse, (size, size), mode="bicubic").clamp(0, 1).to(device)
    return img2img.Batch(images[:1], images[1:])


def compare_losses(reference: Plain, trainer: CycleGANTrainer, batch: img2img.Batch) -> float:
    """The largest relative difference over the first steps, which also warm both up.

    Each step begins with the weights of the plain one: Adam's first steps follow the signs of gradients, so that two
    roundings part, and a discriminator that has just begun makes much of little.
    """
    worst = 0.0
    for step in range(STEPS):
        for name, network in zip(trainer.networks, reference.networks, strict=True):
            trainer.networks[name].load_state_dict(network.state_dict())
        plain, ours = (
            {name: loss.item() for name, loss in way(batch).items()} for way in (reference.step, trainer.step)
        )
        for name in plain:
            print(f"  step {step}  {name:22} {plain[name]:9.5f} {ours[name]:9.5f}")
            worst = max(worst, abs(ours[name] - plain[name]) / abs(plain[name]))
    return worst


def compare_seconds(ways: Mapping[str, Step], batch: img2img.Batch, rounds: int) -> dict[str, float]:
    """The median seconds of a step of each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, step in ways.items():
            started = perf_counter()
            next(iter(step(batch).values())).item()  # waits for the device
            if batch.source.is_cuda:
                torch.cuda.synchronize()
            seconds[name].append(perf_counter() - started)
    return {name: median(times) for name, times in seconds.items()}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="side of the images")
    parser.add_argument("--width", type=int, default=64, help="channels of the generators' first layer")
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all of the machine")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto", help="of ours; the plain one computes in float32")
    return parser.parse_args()


def main() -> int:
    options: Any = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    trainer, engine = build(options)
    plain = Plain(trainer)
    batch = draw(options.size, engine.device)
    about = engine.circumstances()
    print(f"{options.size} x {options.size}, width {options.width}, {options.blocks} blocks; {about}")
    print("  losses: plain, ours")
    worst = compare_losses(plain, trainer, batch)
    seconds = compare_seconds({"plain": plain.step, "ours": trainer.step}, batch, options.rounds)
    for name, time in seconds.items():
        print(f"{name + ', seconds a step':46} {time:8.3f}")
    faster = seconds["plain"] / seconds["ours"]
    print(f"{'times that ours is faster':46} {faster:8.3f}  >= {FASTER:g}")
    print(f"{f'losses of {STEPS} steps, largest difference':46} {worst:8.5f}  <= {AGREE:g}")
    return 0 if worst <= AGREE and faster >= FASTER else 1


if __name__ == "__main__":
    sys.exit(main())
