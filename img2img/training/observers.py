"""This module holds the observers that write `log.csv`, its plot and the preview sheets into the folder of a run."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from img2img.contract.hookspecs import hookimpl
from img2img.training.run import SeenRun
from img2img.training.sheets import preview_sheet
from img2img.training.table import Table


class CsvLog:
    """Writes `log.csv`, given as a table: a row for each log line and validation."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @hookimpl
    def training_started(self, run: SeenRun) -> None:
        """Drop the rows of steps that the run will do again."""
        self.table.go_back(run.step)

    @hookimpl
    def training_stepped(self, step: int, losses: Mapping[str, float]) -> None:
        """Add a row with the losses."""
        self.table.append(step, losses)

    @hookimpl
    def validated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add a row with the validation figures."""
        self.table.append(step, {f"validation_{name}": value for name, value in metrics.items()})


class LossPlot:
    """Draws `log.png` of the table that `CsvLog` fills, with each checkpoint."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @hookimpl
    def checkpoint_saved(self, run: SeenRun) -> None:
        """Draw the plot anew."""
        from img2img.training.plot import plot  # matplotlib takes its time

        run.root.write(run.folder / "log.png", plot(self.table.rows))


class PreviewSheets:
    """Writes `previews/step-….png`: a row for each image, its versions side by side under their names."""

    @hookimpl
    def validated(self, run: SeenRun, step: int, previews: Mapping[str, Tensor]) -> None:
        """Write the preview sheet of a validation."""
        if not previews:
            return
        run.root.make(run.previews)
        run.root.write(run.previews / f"step-{step:08d}.png", preview_sheet(previews))
