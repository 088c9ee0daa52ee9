"""Promises of the training: steps, validation, and resuming after a stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from img2img.contract.trainers import Trainer
from img2img.errors import Stopped
from img2img.inference.device import Compute
from img2img.nn.sizes import translate_any_size
from img2img.testing.family import FamilySubject
from img2img.testing.promise import Skipped, keep, promise
from img2img.testing.promises.data import (
    a_sample_depends_on_its_index_and_the_given_chance_alone,
    training_data_are_read,
)
from img2img.training.checkpoints import list_checkpoints
from img2img.training.ema import EMA
from img2img.training.engine import TrainingEngine
from img2img.training.health.examiner import Examiner
from img2img.training.loader import training_batches, validation_batches
from img2img.training.loop import train
from img2img.training.run import Run

STEPS = 8
"""The largest number of steps for which a training is run."""


@promise(training_data_are_read)
def a_trainer_is_made(subject: FamilySubject) -> None:
    trainer, _ = subject.trainer()
    keep(isinstance(trainer, Trainer), f"trainer() returned {type(trainer).__name__}")
    for name in ("networks", "optimizers"):
        keep(bool(getattr(trainer, name, None)), f"the trainer has no {name}")


@promise(a_trainer_is_made)
def every_trained_weight_has_one_optimizer_and_stands_in_networks(subject: FamilySubject) -> None:
    trainer = subject.trainer()[0]
    moved = [weight for optimizer in trainer.optimizers.values() for weight in _weights(optimizer)]
    twice = len(moved) - len({id(weight) for weight in moved})
    keep(twice == 0, f"{twice} weights stand in optimizers more than once")
    known = {id(weight) for network in trainer.networks.values() for weight in network.parameters()}
    lost = sum(id(weight) not in known for weight in moved)
    keep(lost == 0, f"{lost} tensors that optimizers move are of none of the networks {_listed(trainer.networks)}")
    moving = {id(weight) for weight in moved}
    for name, network in trainer.networks.items():
        for key, weight in network.named_parameters():
            held = weight.requires_grad and id(weight) not in moving
            keep(not held, f"{key} of the network {name!r} asks for gradients, and no optimizer moves it")


@promise(a_trainer_is_made)
def what_is_saved_is_what_the_family_builds(subject: FamilySubject) -> None:
    trainer = subject.trainer()[0]
    generators = trainer.generators()
    keep(bool(generators), "generators() is empty")
    built = _shapes(subject.family.build_generator(subject.config))
    for name, network in generators.items():
        keep(any(network is own for own in trainer.networks.values()), f"the generator {name!r} is none of `networks`")
        different = sorted(key for key, _ in _shapes(network) ^ built)
        keep(not different, f"the generator {name!r} and the one of build_generator differ in {_listed(different)}")


@promise(every_trained_weight_has_one_optimizer_and_stands_in_networks)
def every_step_returns_finite_losses_without_gradients(subject: FamilySubject) -> None:
    for step, losses in enumerate(_train(subject, *subject.trainer()), 1):
        keep(bool(losses), f"step {step} returned no losses")
        for name, loss in losses.items():
            keep(isinstance(loss, Tensor), f"step {step}: the loss {name!r} is a {type(loss).__name__}, and no tensor")
            keep(loss.ndim == 0, f"step {step}: the loss {name!r} is of shape {tuple(loss.shape)}, and no scalar")
            keep(not loss.requires_grad, f"step {step}: the loss {name!r} is not detached: it keeps the whole graph")
            keep(bool(torch.isfinite(loss)), f"step {step}: the loss {name!r} is {float(loss)}")


@promise(every_step_returns_finite_losses_without_gradients)
def every_network_learns(subject: FamilySubject) -> None:
    trainer, engine = subject.trainer()
    before = {name: _copy(network) for name, network in trainer.networks.items()}
    steps = len(list(_train(subject, trainer, engine)))
    for name, network in trainer.networks.items():
        weights = dict(network.named_parameters())
        learns = any(weight.requires_grad for weight in weights.values())
        moved = any(not torch.equal(weight, before[name][key]) for key, weight in weights.items())
        keep(moved or not learns, f"no weight of the network {name!r} has moved in {steps} steps")


@promise(every_step_returns_finite_losses_without_gradients)
def validation_gives_figures_and_previews_and_changes_nothing(subject: FamilySubject) -> None:
    trainer, engine = subject.trainer()
    before = {name: _copy(network) for name, network in trainer.networks.items()}
    translate = {
        name: partial(translate_any_size, subject.family.translator(subject.training, network.eval()))
        for name, network in trainer.generators().items()
    }
    images = subject.dataset("validation")
    with torch.inference_mode():
        figures = trainer.validate(validation_batches(images, engine.device), translate)
        batch = next(validation_batches(images, engine.device))
        previews = trainer.previews(batch, translate)
    for name, figure in figures.items():
        keep(isinstance(figure, int | float), f"the figure {name!r} is a {type(figure).__name__}, and no number")
    goal = trainer.goal[0] if trainer.goal else None
    keep(goal is None or goal in figures, f"the goal is {goal!r}, and validate() gives {_listed(figures)}")
    for name, preview in previews.items():
        fits = preview.ndim == 4 and len(preview) == len(batch.source) and preview.shape[1] in (1, 3)
        keep(fits, f"the preview {name!r} is of shape {tuple(preview.shape)}, and not (1, 1 or 3, H, W)")
    for name, network in trainer.networks.items():
        changed = [key for key, tensor in _copy(network).items() if not torch.equal(tensor, before[name][key])]
        keep(not changed, f"validation changed {_listed(changed)} of the network {name!r}")


@promise(every_step_returns_finite_losses_without_gradients)
def examining_a_training_changes_nothing(subject: FamilySubject) -> None:
    trainer, engine = subject.trainer()
    for _ in _train(subject, trainer, engine):
        pass
    averages = {name: EMA(network, 0.0) for name, network in trainer.generators().items()}
    run = Run(subject.folder, subject.family.name, subject.training, subject.folder, device=engine.runs_on)
    before = deepcopy(_state(trainer))
    Examiner(run, subject.family, trainer, subject.dataset("train")).examine(averages)
    different = _first_difference(before, _state(trainer))
    keep(not different, f"examine() or views() changed the trainer's {different}")


@promise(every_network_learns, a_sample_depends_on_its_index_and_the_given_chance_alone)
def a_stopped_run_goes_on_to_the_same_bits(subject: FamilySubject) -> None:
    steps = min(subject.training.total_steps, STEPS)
    if steps < 2:
        raise Skipped(f"a training of {steps} step cannot be stopped on its way")
    _run(subject, "whole", steps)
    _run(subject, "stopped", steps // 2)
    _run(subject, "stopped", steps - steps // 2, resume=True)
    newest = [list_checkpoints(subject.folder / name / "checkpoints")[-1] for name in ("whole", "stopped")]
    whole, stopped = (checkpoint.load(torch.device("cpu")) for checkpoint in newest)
    different = _first_difference(whole, stopped)
    keep(
        not different,
        f"stopped after step {steps // 2} of {steps}, and gone on with, the run ends with another {different}; "
        "does state_dict() of the trainer return all that the next step depends on?",
    )


def _train(subject: FamilySubject, trainer: Trainer, engine: TrainingEngine) -> Iterator[Mapping[str, Tensor]]:
    """Do the first steps of a training as the loop does them; yield the losses of each."""
    config = subject.training
    data = subject.dataset("train")
    batches = training_batches(data, config.batch_size, seed=0, start=0, device=engine.device, workers=0)
    for _ in range(min(config.total_steps, STEPS)):
        for part, batch in enumerate(islice(batches, config.accumulate)):
            engine.begin(part)
            yield trainer.step(batch)
        engine.step += 1


def _run(subject: FamilySubject, name: str, steps: int, *, resume: bool = False) -> None:
    """Train for a number of steps by the loop of the program, and then stop it."""
    left = iter(range(steps - 1))
    with suppress(Stopped):
        train(
            subject.family.name, str(subject.data), subject.folder / name, subject.chosen, resume=resume,
            compute=Compute("cpu", "fp32"), host=subject.host, stop=lambda: next(left, None) is None,
        )  # fmt: skip


def _state(trainer: Trainer) -> dict[str, Any]:
    return {
        "networks": {name: network.state_dict() for name, network in trainer.networks.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in trainer.optimizers.items()},
        "own state": trainer.state_dict(),
    }


def _weights(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def _shapes(network: nn.Module) -> set[tuple[str, tuple[int, ...]]]:
    return {(name, tuple(tensor.shape)) for name, tensor in network.state_dict().items()}


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def _first_difference(one: Any, two: Any, name: str = "state") -> str:
    """Return where two trees of tensors and plain values differ, or nothing."""
    if isinstance(one, Mapping | list | tuple):
        if not isinstance(two, type(one)) or len(one) != len(two):
            return name
        parts = one.items() if isinstance(one, Mapping) else enumerate(one)
        found = (_first_difference(part, two[key], f"{name}[{key!r}]") for key, part in parts)
        return next(filter(None, found), "")
    same = torch.equal(one, two) if isinstance(one, Tensor) else one == two
    return "" if same else name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, islice(names, 5))) or "nothing"
