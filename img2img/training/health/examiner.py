"""Figures of how a training stands, measured on a few fixed training images; ailments are recognised by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from math import ceil, nan
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from img2img.contract.data import Batch, Dataset
from img2img.contract.families import ModelFamily, Translator
from img2img.contract.trainers import Trainer, Verdict
from img2img.nn.resize import brought_to
from img2img.nn.sizes import translate_any_size
from img2img.training.chance import random_state, restore_random_state, seed_everything
from img2img.training.ema import EMA
from img2img.training.loader import collate, to_device
from img2img.training.run import Run

IMAGES = 8
"""How many training crops an examination uses, at least; they are always the same."""
JUDGED = 4
"""How many of them the discriminator judges, which takes the longest; at least one batch."""
LOW = 32
"""Side, in pixels, to which images are reduced where only their large shapes count."""

Signals = Mapping[str, float]


class Examiner:
    """Examines a training without leaving a trace in it.

    The images are cut from the training data by the run's seed, and go through the networks in batches of the
    training's size.
    """

    def __init__(self, run: Run, family: ModelFamily[Any, Any], trainer: Trainer, data: Dataset) -> None:
        self.run, self.family, self.trainer, self.data = run, family, trainer, data

    def examine(self, averages: Mapping[str, EMA]) -> dict[str, Signals]:
        """Return the figures of each direction; the family decides which of them there are. Waits for the device.

        `accuracy` of the discriminator, and the `gap` between its mean logits; `adversarial_gradient`, the norm of what
        it adds to the generator's gradient, and `adversarial_share`, that over the norm of the last step's gradient.
        Of the averaged generator G, with sources x and targets y: `sensitivity`, how far results are from each other
        over how far their sources are; `diversity`, the same over targets; `correlation`, of the brightness of large
        shapes, with those of the source or, in pairs, of the target; `change`, |G(x) - x| over |y - x|;
        `condition_effect`, |G(x, c') - G(x, c)| over |G(x, c) - x|. A source that is noise has no shapes or changes.
        """
        with _undisturbed(self.trainer.networks.values()):
            games = self._games()
            with torch.inference_mode():
                seen = self.trainer.views(self._batches[0])
                results = {name: self._results(name, averages[name]) for name in averages if name in seen}
        return {name: games.get(name, {}) | results.get(name, {}) for name in averages}

    @cached_property
    def _batches(self) -> list[Batch]:
        size, count = min(IMAGES, self.run.config.batch_size), len(self.data)
        total = ceil(IMAGES / size) * size
        places = [number * count // total if count >= total else number % count for number in range(total)]
        chances = (np.random.default_rng((self.run.seed, number)) for number in range(total))
        samples = [self.data.sample(place, chance) for place, chance in zip(places, chances, strict=True)]
        batches = (collate(samples[start : start + size]) for start in range(0, total, size))
        return [to_device(batch, self.run.device.place) for batch in batches]

    def _games(self) -> dict[str, dict[str, float]]:
        generators = self.trainer.generators()
        rows: dict[str, list[dict[str, float]]] = {}
        for batch in self._batches[: max(1, JUDGED // len(self._batches[0].source))]:
            for direction, verdict in self.trainer.examine(batch).items():
                rows.setdefault(direction, []).append(_game(verdict, generators[direction]))
        return {direction: _means(found) for direction, found in rows.items()}

    def _results(self, direction: str, average: EMA) -> dict[str, float]:
        translator = self.family.translator(self.run.config, average.network)
        views = [self.trainer.views(batch)[direction] for batch in self._batches]
        results = _translate(translator, views)
        sources, targets = (torch.cat([getattr(view, name) for view in views]).float() for name in ("source", "target"))
        spread = _spread(results)
        figures = {"sensitivity": _ratio(spread, _spread(sources)), "diversity": _ratio(spread, _spread(targets))}
        if translator.traits.source:
            return figures
        figures["correlation"] = _correlation(results, targets if self.data.paired else sources)
        if sources.shape[1] in (1, results.shape[1]):
            sources = brought_to(sources, results)
            figures["change"] = _ratio(_distance(results, sources), _distance(targets, sources))
            if views[0].condition:
                others, differ = _with_other_conditions(views)
                effect = (_translate(translator, others) - results).abs()[differ].mean()
                figures["condition_effect"] = _ratio(float(effect), _distance(results[differ], sources[differ]))
        return figures


@contextmanager
def _undisturbed(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Put random numbers and buffers back afterwards; inside, the same numbers are drawn each time."""
    chance = random_state()
    buffers = [(buffer, buffer.clone()) for network in networks for buffer in network.buffers()]
    seed_everything(0)
    try:
        yield
    finally:
        restore_random_state(chance)
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def _translate(translator: Translator, views: Sequence[Batch]) -> Tensor:
    return torch.cat([translate_any_size(translator, view.source, **view.condition) for view in views]).float()


def _with_other_conditions(views: Sequence[Batch]) -> tuple[list[Batch], Tensor]:
    """Return each image with another's conditions, and where they differ from its own: (N), true as often as can be."""
    sizes = [len(view.source) for view in views]
    own = {name: torch.cat([view.condition[name] for view in views]) for name in views[0].condition}

    def differ(shift: int) -> Tensor:
        """Return which images get conditions that differ from their own when all are shifted by some places."""
        return torch.stack([(rows.roll(shift, 0) != rows).flatten(1).any(1) for rows in own.values()]).any(0)

    shift = max(range(1, sum(sizes)), key=lambda shift: int(differ(shift).sum()))
    moved = {name: torch.split(rows.roll(shift, 0), sizes) for name, rows in own.items()}
    others = [replace(view, condition={name: moved[name][n] for name in own}) for n, view in enumerate(views)]
    return others, differ(shift)


def _game(verdict: Verdict, generator: nn.Module) -> dict[str, float]:
    real, fake = verdict.real_logits.detach().float(), verdict.fake_logits.detach().float()
    figures = {"gap": float(real.mean() - fake.mean())}
    if verdict.boundary is not None:
        right = (real > verdict.boundary).float().mean() + (fake < verdict.boundary).float().mean()
        figures["accuracy"] = float(right / 2)
    if verdict.adversarial is None:
        return figures
    weights = list(generator.parameters())
    gradients = torch.autograd.grad(verdict.adversarial, weights, allow_unused=True)
    figures["adversarial_gradient"] = _norm(gradients)
    whole = _norm([weight.grad for weight in weights])
    return figures | ({"adversarial_share": figures["adversarial_gradient"] / whole} if whole else {})


def _norm(gradients: Iterable[Tensor | None]) -> float:
    found = [gradient for gradient in gradients if gradient is not None]
    return float(torch.nn.utils.get_total_norm(found)) if found else 0.0


def _spread(images: Tensor) -> float:
    """Return the mean distance of two of the images (N, C, H, W): the root mean square over the pixels."""
    pairs = combinations(images, 2)
    return float(torch.stack([(one - other).square().mean().sqrt() for one, other in pairs]).mean())


def _distance(images: Tensor, others: Tensor) -> float:
    return float((images - others).abs().mean())


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else nan


def _correlation(images: Tensor, others: Tensor) -> float:
    """Return Pearson's correlation of the brightness of large shapes, as a mean over the images."""
    one, other = (_large_shapes(batch) for batch in (images, others))
    return float(torch.nn.functional.cosine_similarity(one, other).mean())


def _large_shapes(images: Tensor) -> Tensor:
    """Return the brightness of large shapes: (N, LOW²), each row of mean 0."""
    low = interpolate(images.mean(1, keepdim=True), size=(LOW, LOW), mode="bilinear", antialias=True).flatten(1)
    return low - low.mean(1, keepdim=True)


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
