"""Judging a run on its held-out images: figures, previews, and whether it was never better."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from img2img.families import Dataset, ModelFamily
from img2img.nn.ema import EMA
from img2img.nn.sizes import translate_any_size
from img2img.trainers import Trainer, Translate
from img2img.training.loader import validation_batches
from img2img.training.run import Run

PREVIEWED = 4
"""How many held-out images the preview sheets show."""


class Validation:
    """Runs the averaged generators on whole images, one to a batch."""

    def __init__(self, run: Run, family: ModelFamily[Any, Any], trainer: Trainer, images: Dataset) -> None:
        self.run, self.family, self.trainer, self.images = run, family, trainer, images
        self.best: float | None = None

    @torch.inference_mode()
    def judge(self, averages: Mapping[str, EMA]) -> tuple[Mapping[str, float], dict[str, Tensor]]:
        """Return the figures, and previews of a few images: name to (N, C, H, W)."""
        translate: dict[str, Translate] = {
            name: partial(translate_any_size, self.family.translator(self.run.config, average.network))
            for name, average in averages.items()
        }
        figures = self.trainer.validate(validation_batches(self.images, self.run.device), translate)
        return figures, self._previews(translate)

    def is_best(self, figures: Mapping[str, float]) -> bool:
        """Compare with the best of the run so far, by the trainer's goal."""
        if self.trainer.goal is None or self.trainer.goal[0] not in figures:
            return False
        name, direction = self.trainer.goal
        figure = figures[name] if direction == "max" else -figures[name]
        better = isfinite(figure) and (self.best is None or figure > self.best)
        self.best = figure if better else self.best
        return better

    def _previews(self, translate: Mapping[str, Translate]) -> dict[str, Tensor]:
        rows: list[Mapping[str, Tensor]] = []
        for batch in validation_batches(self.images, self.run.device):
            rows.append(self.trainer.previews(batch, translate))
            if len(rows) == PREVIEWED:
                break
        return {name: _stack([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _stack(images: list[Tensor]) -> Tensor:
    """Images of several sizes in one tensor, each cut to their common size."""
    height = min(image.shape[-2] for image in images)
    width = min(image.shape[-1] for image in images)
    return torch.cat([image[..., :height, :width] for image in images])
