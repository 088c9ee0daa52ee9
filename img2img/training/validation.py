"""Validation judges a run on its held-out images: figures, previews, results, and whether it is the best so far."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from img2img.contract.data import Batch, Dataset
from img2img.contract.families import ModelFamily, Translator
from img2img.contract.trainers import Trainer, Translate
from img2img.contract.traits import Traits
from img2img.nn.sizes import translate_any_size
from img2img.training.cards.showcase import Measure, Showcase, UnlikeOthers, unlike_truth
from img2img.training.ema import EMA
from img2img.training.loader import validation_batches
from img2img.training.run import Run

log = logging.getLogger(__name__)

PREVIEWED = 4
"""How many held-out images the preview sheets show."""
COMPARED = 32
"""The largest number of held-out targets with which a result is compared where it has no truth."""


@dataclass(frozen=True)
class Judgement:
    """The findings of a validation; observers and model cards take them from here."""

    step: int
    figures: Mapping[str, float]
    previews: Mapping[str, Tensor]
    """Name to images of a few held-out sources, (N, C, H, W)."""
    showcases: Mapping[str, Showcase]
    """The results of each direction that a card shows; empty where the family cannot show them."""


class Validation:
    """Runs the averaged generators on whole images, one to a batch; each image is read and translated once."""

    def __init__(self, run: Run, family: ModelFamily[Any, Any], trainer: Trainer, images: Dataset) -> None:
        self.run, self.family, self.trainer, self.images = run, family, trainer, images
        self.best: float | None = None
        self._showcases: dict[str, Showcase] = {}
        self._measures: dict[str, Measure] = {}

    @torch.inference_mode()
    def judge(self, averages: Mapping[str, EMA]) -> Judgement:
        """Judge the generators on every held-out image; waits for the device."""
        translators = {name: self.family.translator(self.run.config, each.network) for name, each in averages.items()}
        translate = {name: Remembering(partial(translate_any_size, each)) for name, each in translators.items()}
        self._showcases = self._open_showcases(translators)
        rows: list[Mapping[str, Tensor]] = []
        shown = self._shown(translate, rows)
        figures = self.trainer.validate(shown, translate)
        for _ in shown:  # the images that the family did not ask for
            pass
        previews = {name: _stack([row[name] for row in rows]) for name in rows[0]} if rows else {}
        return Judgement(self.run.step, figures, previews, self._showcases)

    def is_best(self, figures: Mapping[str, float]) -> bool:
        """Compare with the best of the run so far, by the trainer's goal."""
        if self.trainer.goal is None or self.trainer.goal[0] not in figures:
            return False
        name, direction = self.trainer.goal
        figure = figures[name] if direction == "max" else -figures[name]
        better = isfinite(figure) and (self.best is None or figure > self.best)
        self.best = figure if better else self.best
        return better

    def _shown(self, translate: Mapping[str, Remembering], rows: list[Mapping[str, Tensor]]) -> Iterator[Batch]:
        """Yield the held-out images; once the family has judged one, its results go to showcases and previews."""
        for batch in validation_batches(self.images, self.run.device.place):
            yield batch
            self._show(batch, translate)
            if len(rows) < PREVIEWED:
                rows.append(self.trainer.previews(batch, translate))
            for remembering in translate.values():
                remembering.forget()

    def _show(self, batch: Batch, translate: Mapping[str, Remembering]) -> None:
        try:
            for name, view in self.trainer.views(batch).items():
                if name in self._showcases:
                    self._showcases[name].add(view, translate[name](view.source, **view.condition))
        except Exception as error:
            self._show_nothing(error)

    def _open_showcases(self, translators: Mapping[str, Translator]) -> dict[str, Showcase]:
        try:
            return {
                name: Showcase(self.images.paired, self._measure(name, translator.traits), translator.traits)
                for name, translator in translators.items()
            }
        except Exception as error:
            self._show_nothing(error)
            return {}

    def _show_nothing(self, error: Exception) -> None:
        """Warn that a family cannot show its results, which must not end its training."""
        log.warning("the model card can show no results: %s: %s", type(error).__name__, error)
        self._showcases = {}

    def _measure(self, direction: str, traits: Traits) -> Measure:
        """Return how bad a result is; held-out targets are read for that once in a run."""
        if direction not in self._measures:
            unlike = unlike_truth if self.images.paired else self._unlike_targets(direction, traits)
            self._measures[direction] = unlike
        return self._measures[direction]

    def _unlike_targets(self, direction: str, traits: Traits) -> Measure:
        some = islice(validation_batches(self.images, self.run.device.place), COMPARED)
        views = (self.trainer.views(batch).get(direction) for batch in some)
        return UnlikeOthers((view for view in views if view), traits.conditions)


class Remembering:
    """A function of images that does not translate the same tensors twice."""

    def __init__(self, translate: Translate) -> None:
        self.translate = translate
        self.forget()

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Return the function's result, computed once for a tensor."""
        given = (images, *conditions.values())
        key = tuple(map(id, given))
        if key not in self.memory:
            self.memory[key] = self.translate(images, **conditions), given  # which keeps their identity theirs
        return self.memory[key][0]

    def forget(self) -> None:
        """Let the images go."""
        self.memory: dict[tuple[int, ...], tuple[Tensor, tuple[Tensor, ...]]] = {}


def _stack(images: list[Tensor]) -> Tensor:
    """Put images of several sizes into one tensor, each cut to their common size."""
    height = min(image.shape[-2] for image in images)
    width = min(image.shape[-1] for image in images)
    return torch.cat([image[..., :height, :width] for image in images])
