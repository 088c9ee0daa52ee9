"""The model files of a run: each has the averaged generator of one direction, and its card beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from img2img.contract.families import ModelFamily
from img2img.models.file import save_model
from img2img.training.cards.cards import Cards
from img2img.training.ema import EMA
from img2img.training.run import Run
from img2img.training.validation import Judgement


class ModelFiles:
    """Writes the model files of a run.

    Args:
        run: The run.
        family: Its family.
        cards: Writes their cards.
    """

    def __init__(self, run: Run, family: ModelFamily[Any, Any], cards: Cards) -> None:
        self.run, self.family, self.cards = run, family, cards

    def save(self, averages: Mapping[str, EMA], judged: Judgement | None, milestone: str = "") -> None:
        """Write the averaged generators as they are now; waits for the device.

        Args:
            averages: Direction to averaged generator.
            judged: What the last validation found, where there has been one since the run was taken up.
            milestone: Ends the files' names.
        """
        run = self.run
        config = run.config.part(self.family.config_class)
        for direction, average in averages.items():
            path = run.model_path(direction, milestone)
            info = save_model(
                path, average.network, config, family=run.family, direction=direction,
                scale=self.family.translator(config, average.network).traits.scale, step=run.step,
                trained_on=run.trained_on, license=run.license, card=self.cards.card(direction, path, judged),
            )  # fmt: skip
            self.cards.write(info, judged)

    def missing(self, averages: Mapping[str, EMA]) -> bool:
        """Return whether a direction has no model file."""
        return not all(path.exists() for path in self.paths(averages))

    def paths(self, averages: Mapping[str, EMA]) -> list[Path]:
        """Return where the model file of each direction stands."""
        return [self.run.model_path(direction) for direction in averages]
