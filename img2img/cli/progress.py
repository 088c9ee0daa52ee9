"""What the program says while it works: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tqdm import tqdm

from img2img.hookspecs import hookimpl

if TYPE_CHECKING:
    from img2img.training.run import Run
    from img2img.translation.job import Job
    from img2img.translation.report import Item


class TranslationProgress:
    """Items done of those planned, with rate and remaining time."""

    @hookimpl
    def translation_started(self, job: Job) -> None:
        self.bar = tqdm(total=len(job.items), unit="image", disable=None, dynamic_ncols=True)

    @hookimpl
    def batch_translated(self, items: Sequence[Item]) -> None:
        self.bar.update(len(items))

    @hookimpl
    def translation_finished(self) -> None:
        self.bar.close()


class TrainingProgress:
    """Steps done, losses and validation figures; where there is no terminal, a line for each validation."""

    @hookimpl
    def training_started(self, run: Run) -> None:
        self.bar = tqdm(
            total=run.config.total_steps,
            initial=run.step,
            unit="step",
            disable=None,
            dynamic_ncols=True,
            smoothing=0.05,
        )

    @hookimpl
    def training_stepped(self, step: int, losses: Mapping[str, float]) -> None:
        self.bar.set_postfix_str(_figures(losses), refresh=False)
        self.bar.update(step - self.bar.n)

    @hookimpl
    def validated(self, step: int, metrics: Mapping[str, float]) -> None:
        tqdm.write(f"step {step}: {_figures(metrics)}", file=sys.stderr)

    @hookimpl
    def training_finished(self) -> None:
        self.bar.close()


def _figures(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
