"""This module shows the progress of the program: as a bar on a terminal, and elsewhere not at all."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from tqdm import tqdm

from img2img.contract.hookspecs import hookimpl
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.training.run import Run
    from img2img.translation.job import Job
    from img2img.translation.report import Item


class TranslationProgress:
    """Shows the finished items of a job and the finished frames of its current clip, with rate and remaining time."""

    @hookimpl
    def translation_started(self, job: Job) -> None:
        only_clip = len(job.items) == 1 and job.items[0].is_clip
        unit = "file" if any(item.is_clip for item in job.items) else "image"
        self.bar = tqdm(total=len(job.items), unit=unit, disable=True if only_clip else None, dynamic_ncols=True)
        self.clip: tqdm[Any] | None = None
        self.at_work: Item | None = None

    @hookimpl
    def frame_translated(self, item: Item, done: int, total: int) -> None:
        if self.at_work is not item or self.clip is None:
            self._close_clip()
            self.at_work, self.clip = (
                item,
                tqdm(
                    total=total or None,
                    initial=done - 1,
                    desc=printable(item.source.name),
                    unit="frame",
                    position=0 if self.bar.disable else 1,
                    leave=bool(self.bar.disable),
                    disable=None,
                    dynamic_ncols=True,
                ),
            )
        self.clip.update(done - self.clip.n)

    @hookimpl
    def batch_translated(self, items: Sequence[Item]) -> None:
        self._close_clip()
        self.bar.update(len(items))

    @hookimpl
    def translation_finished(self) -> None:
        self._close_clip()
        self.bar.close()

    def _close_clip(self) -> None:
        if self.clip is not None:
            self.clip.close()
            self.clip = None


class TrainingProgress:
    """Shows the finished steps, losses and validation figures; without a terminal, a line for each validation."""

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


class EvaluationProgress:
    """Shows the finished images of an evaluation; it is called with their number and the number of all images."""

    def __enter__(self) -> Self:
        self.bar = tqdm(unit="image", disable=None, dynamic_ncols=True)
        return self

    def __call__(self, done: int, total: int) -> None:
        self.bar.total = total
        self.bar.update(done - self.bar.n)

    def __exit__(self, *error: object) -> None:
        self.bar.close()


def _figures(figures: Mapping[str, float]) -> str:
    return printable(", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
