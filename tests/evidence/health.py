"""Evidence that trainings which go wrong are named, that healthy ones are not, and what the examinations cost.

    python tests/evidence/health.py [NAME...] [--cost]

The tasks are those of the other scripts here, where each healthy training passes its gates; every 20 steps is a look.
A broken one has a single thing wrong, and its ailment must be found; what else is found of it is its consequence.

* overpowers: the discriminator's rate is 5,000 times the generator's, without a penalty;
* vanishing: the same in the game of the first GANs, log(1 - D), whose gradient dies where the discriminator is sure;
* collapse: the sources arrive black, so that there is one result;
* ignored condition: neither classification nor cycle;
* identity wins: no adversary, and every result is to be its source;
* inverted brightness: the generator learns the negatives of its sources;
* not a number: a weight becomes NaN in step 50.

The cost is the time of a look over that of the 200 steps between two, as by default, on networks of useful size.

Exit status 0: each ailment is found, the healthy are silent, and looking costs less than 3 %. Takes about six minutes
on one core.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Literal

import cyclegan
import numpy as np
import pix2pix
import stargan
import super_resolution
import torch
from gates import save_pictures
from img2img_stargan.config import StarGANTraining
from img2img_stargan.family import StarGAN
from img2img_stargan.trainer import StarGANTrainer
from torch import Tensor
from torch.nn.functional import l1_loss, softplus

import img2img
from img2img.errors import DivergedError, Stopped
from img2img.host.declarations import Plugin
from img2img.nn.games import VANILLA
from img2img.nn.signed import to_signed
from img2img.training.ema import EMA
from img2img.training.engine import TrainingEngine
from img2img.training.health.ailments import Finding
from img2img.training.health.examiner import Examiner
from img2img.training.health.log import HealthLog
from img2img.training.loader import training_batches
from img2img.training.run import Run

EVERY = 20
"""Steps between looks here."""
USUAL = 200
"""And by default."""
CHEAP = 0.03
ROUNDS = 5


@dataclass(frozen=True)
class Training:
    """One training, and what is to be found of it."""

    family: str
    expected: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


SHORT = {"constant_steps": 300, "decay_steps": 0}
UNEQUAL = {**SHORT, "discriminator_lr": 0.005, "lr": 1e-6, "r1_weight": 0, "objective": "vanilla"}
"""Whatever a processor rounds, such a generator hardly changes, and its results can always be told from real images."""
TRAININGS = {
    "healthy cyclegan": Training("cyclegan"),
    "healthy pix2pix": Training("pix2pix"),
    "healthy stargan": Training("stargan"),
    "healthy srgan": Training("srgan"),
    "overpowers": Training("stargan", "discriminator overpowers", UNEQUAL),
    "vanishing": Training("minimax", "vanishing adversarial gradient", UNEQUAL),
    "collapse": Training("black", "collapse", SHORT),
    "ignored condition": Training(
        "stargan", "ignored condition", {**SHORT, "classification_weight": 0, "cycle_weight": 0}
    ),
    "identity wins": Training(
        "cyclegan",
        "identity wins",
        {**SHORT, "adversarial_weight": 0, "identity_weight": 5, "residual": True, "discriminator_lr": 1e-3},
    ),
    "inverted brightness": Training("negative", "inverted brightness", SHORT),
    "not a number": Training("spoilt", "not a number", SHORT),
}


class Minimax(StarGANTrainer):
    """Plays the game of Goodfellow et al. 2014, equation 1, as it stands: G minimises log(1 - D(G(x)))."""

    def __init__(self, config: StarGANTraining, engine: img2img.Engine, generator: torch.nn.Module) -> None:
        super().__init__(config, engine, generator)
        self.adversary.game = replace(VANILLA, minimised_by_generator=lambda fake, _: -softplus(fake).mean())


class Spoilt(StarGANTrainer):
    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        if self.engine.step == 49:
            with torch.no_grad():
                next(self.generator.parameters())[0] = torch.nan
        return super().step(batch)


class Negative(StarGANTrainer):
    """Learns negatives, as a training can by chance whose losses do not distinguish them from their originals."""

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        source = to_signed(batch.source)
        loss = l1_loss(self.generator(source, batch.condition["label"]).float(), -source)
        self.engine.update(self.optimizers["generator"], loss)
        return {"negative": loss.detach()}


class Black:
    """Data whose sources are lost."""

    def __init__(self, data: img2img.Dataset) -> None:
        self.data, self.paired = data, data.paired

    def __len__(self) -> int:
        return len(self.data)

    def files(self) -> Sequence[Path]:
        return self.data.files()

    def sample(self, index: int, rng: np.random.Generator | None) -> img2img.Sample:
        sample = self.data.sample(index, rng)
        return replace(sample, source=torch.zeros_like(sample.source))


class Broken(StarGAN):
    """The family `stargan` with another trainer, or without sources."""

    def __init__(self, name: str, kind: type[StarGANTrainer] = StarGANTrainer) -> None:
        self.name, self.kind = name, kind

    def dataset(self, root: Path, config: StarGANTraining, split: Literal["train", "validation"]) -> img2img.Dataset:
        data = super().dataset(root, config, split)
        return Black(data) if self.name == "black" else data

    def trainer(self, config: StarGANTraining, engine: img2img.Engine) -> img2img.Trainer:
        return self.kind(config, engine, self.build_generator(config))


class BrokenFamilies:
    @img2img.hookimpl
    def register_models(self, register: Callable[[StarGAN], None]) -> None:
        for family in (
            Broken("minimax", Minimax),
            Broken("black"),
            Broken("spoilt", Spoilt),
            Broken("negative", Negative),
        ):
            register(family)


def plugins() -> img2img.PluginHost:
    host = img2img.PluginHost.discover(strict=True)
    host.register(BrokenFamilies(), Plugin("broken", "evidence", "1"))
    return host


OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "cyclegan": cyclegan.OPTIONS,
    "pix2pix": pix2pix.OPTIONS,
    "stargan": stargan.OPTIONS,
    "srgan": {**super_resolution.PIXEL_STAGE, **super_resolution.GAN_STAGE},
}


def findings(run: Run) -> Sequence[Finding]:
    return HealthLog(run).load().findings


@cache
def data(family: str, folder: Path) -> Path:
    """Draw the pictures of a task."""
    if family == "pix2pix":
        (folder / family).mkdir()
        return pix2pix.Pictures(folder / family).paired
    if family == "srgan":
        super_resolution.Pictures(folder / family)
        return folder / family / "data"
    {"cyclegan": cyclegan.Pictures, "stargan": stargan.Pictures}[family](folder / family)
    return folder / family


def trained(training: Training, folder: Path, place: Path, steps: int = 10**9) -> Run:
    """Train in the folder `place` until the expected ailment is found, but no more than the steps.

    The pictures are drawn into `folder`.
    """
    task = training.family if training.family in OPTIONS else "stargan"
    options, host = {**OPTIONS[task], **training.options}, plugins()
    config = host.family(training.family).configure(options, data(task, folder))
    intervals = img2img.Intervals(10**9, EVERY, EVERY)
    run, left = Run(place, training.family, config, place, intervals=intervals), iter(range(steps))

    def stop() -> bool:
        return next(left, None) is None or training.expected in {finding.name for finding in findings(run)}

    with suppress(DivergedError, Stopped):
        img2img.train(
            training.family, data(task, folder), place, options, host=host, stop=stop,
            compute=img2img.Compute("cpu"), intervals=intervals,
        )  # fmt: skip
    return run


def train(name: str, training: Training, folder: Path) -> bool:
    """Train, and print what is found; return whether it is what is to be found."""
    steps: dict[str, int] = {}
    for finding in findings(trained(training, folder, folder / name)):
        steps.setdefault(finding.name, finding.step)
    found = steps.pop(training.expected, None) if training.expected else None
    good = found is not None if training.expected else not steps
    others = ", ".join(f"{other} at {step}" for other, step in steps.items()) or "-"
    verdict = "" if good else "NOT AS IT SHOULD"
    print(f"{name:20} {training.expected or 'nothing':31} {found or '-':>6}  {others}  {verdict}", flush=True)
    return good


SIZES: Mapping[str, Mapping[str, Any]] = {
    "cyclegan": {"width": 32, "blocks": 6, "resize": 0, "crop": 128},
    "pix2pix": {"width": 32, "depth": 7, "resize": 0, "crop": 128},
    "stargan": {"width": 32, "resize": 0, "crop": 64, "batch_size": 8, "discriminator_layers": 5, "critic_steps": 1},
    "srgan": {
        "width": 32, "depth": 8, "crop": 96, "batch_size": 8, "pretrain_steps": 0, "discriminator_width": 32,
        "perceptual": "random",
    },
}  # fmt: skip


def cost(family: str, folder: Path) -> float:
    """The time of a look over that of the steps between two."""
    root = folder / f"large {family}"
    if not root.exists():
        rng = np.random.default_rng(0)
        for name in ("trainA", "trainB") if family in ("cyclegan", "pix2pix") else ("a", "b"):
            save_pictures(root / name, [rng.random((136, 136, 3)) for _ in range(10)])
    made = img2img.PluginHost.discover().family(family)
    config = made.configure(SIZES[family], root)
    run = Run(folder, family, config, root)
    engine = TrainingEngine(run.device)
    trainer, samples = made.trainer(config, engine), made.dataset(root, config, "train")
    averages = {name: EMA(network, 0.9) for name, network in trainer.generators().items()}
    batches = training_batches(samples, config.batch_size, 0, 0, run.device.place, 0)
    examiner = Examiner(run, made, trainer, samples)
    steps, looks = [], []
    for _ in range(ROUNDS + 1):  # in turn, so that a busy machine slows both; the first warms up
        steps.append(timed(lambda: [trainer.step(next(batches)) for _ in range(2)]) / 2)
        looks.append(timed(lambda: examiner.examine(averages)))
    return median(looks[1:]) / (USUAL * median(steps[1:]))


def timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TRAININGS)}; all by default")
    parser.add_argument("--cost", action="store_true", help="only what looking costs")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    torch.set_num_threads(1)  # the same figures wherever it runs
    good = True
    with tempfile.TemporaryDirectory(prefix="img2img-evidence-") as name:
        folder = Path(name)
        if not arguments.cost:
            print(f"{'training':20} {'to be found':31} {'step':>6}  what else")
            for chosen in arguments.names or TRAININGS:
                good &= train(chosen, TRAININGS[chosen], folder)
        if arguments.cost or not arguments.names:
            for family in SIZES:
                share = cost(family, folder)
                good &= share < CHEAP
                print(f"a look every {USUAL} steps costs {share:.2%} of the steps of {family}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
