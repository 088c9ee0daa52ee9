"""Promises that a family leaves the settings, the chance and the memory of the process alone."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from img2img.testing.family import FamilySubject, random_images
from img2img.testing.promise import Skipped, keep, promise
from img2img.testing.promises.training import every_step_returns_finite_losses_without_gradients
from img2img.testing.promises.use import the_same_image_gives_the_same_result
from img2img.testing.surroundings import look, undisturbed
from img2img.training.chance import random_state, seed_everything
from img2img.training.loader import collate

CALLS = 200
LEAK = 5 << 20
"""The number of bytes that the calls may leave behind."""


@promise(the_same_image_gives_the_same_result)
def no_setting_of_the_process_is_changed(subject: FamilySubject) -> None:
    with undisturbed():
        acts = _acts(subject)
    for name, act in acts.items():
        with undisturbed():  # imports may change settings, once
            act()
        before = look()
        act()
        changed = [setting for setting, value in look().items() if value != before[setting]]
        keep(not changed, f"{name} changes {', '.join(changed)}")


@promise(the_same_image_gives_the_same_result)
def chance_is_not_seeded_anew(subject: FamilySubject) -> None:
    for name, act in _acts(subject).items():
        ends = []
        for seed in (1, 2):
            seed_everything(seed)
            act()
            ends.append(random_state())
        for generator in ("torch", "python", "numpy"):
            first, second = (repr(end[generator]) for end in ends)
            keep(first != second, f"{name} seeds the random numbers of {generator}, which are the whole program's")


@promise(the_same_image_gives_the_same_result)
def nothing_is_left_behind_by_200_calls(subject: FamilySubject) -> None:
    translator = subject.translator()
    images = random_images(translator, 64, 64)

    def call() -> None:
        """Translate an image."""
        subject.translate(translator, images + 0)  # new images each time, as in a job

    for _ in range(20):
        call()
    tensors, memory = _tensors(), _memory()
    for _ in range(CALLS):
        call()
    more = _tensors() - tensors
    keep(more < CALLS / 4, f"after {CALLS} calls there are {more} tensors more than before")
    grown = _memory() - memory
    keep(grown < LEAK, f"after {CALLS} calls on 64×64 pixels the process has grown by {grown >> 20} MiB")


def _acts(subject: FamilySubject) -> Mapping[str, Callable[[], object]]:
    """Return what a program does with a family, by name."""
    family = subject.family
    translator = subject.translator()
    images = random_images(translator, 24, 31)
    acts: dict[str, Callable[[], object]] = {
        "build_generator()": lambda: family.build_generator(subject.config),
        "translator()": lambda: family.translator(subject.config, translator.generator),
        "a translation": lambda: subject.translate(translator, images),
    }
    if subject.outcome(every_step_returns_finite_losses_without_gradients).state != "ok":
        return acts
    (trainer, engine), dataset = subject.trainer(), subject.dataset("train")
    batch = collate([dataset.sample(0, np.random.default_rng(1)), dataset.sample(1, np.random.default_rng(2))])

    def step() -> None:
        """Do one step of a training."""
        engine.begin(0)
        trainer.step(batch)

    return acts | {
        "dataset()": lambda: subject.dataset("train"),
        "a sample": lambda: dataset.sample(0, np.random.default_rng(0)),
        "trainer()": subject.trainer,
        "a step": step,
    }


def _tensors() -> int:
    gc.collect()
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


def _memory() -> int:
    """Return how many bytes of this process are in memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError as error:
        raise Skipped("this system does not tell how large a process is") from error
