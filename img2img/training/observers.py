"""What a run leaves to look at: `log.csv`, its plot, and the preview sheets."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from img2img.contract.hookspecs import hookimpl
from img2img.media import write_file
from img2img.training.run import Run
from img2img.training.sheets import preview_sheet
from img2img.training.table import Table


class CsvLog:
    """Writes `log.csv`: a row for each log line and validation."""

    @hookimpl
    def training_started(self, run: Run) -> None:
        _log(run).go_back(run.step)

    @hookimpl
    def training_stepped(self, run: Run, step: int, losses: Mapping[str, float]) -> None:
        _log(run).append(step, losses)

    @hookimpl
    def validated(self, run: Run, step: int, metrics: Mapping[str, float]) -> None:
        _log(run).append(step, {f"validation_{name}": value for name, value in metrics.items()})


class LossPlot:
    """Draws `log.png` of `log.csv` with each checkpoint."""

    @hookimpl
    def checkpoint_saved(self, run: Run) -> None:
        from img2img.training.plot import plot  # matplotlib takes its time

        write_file(run.folder / "log.png", plot(_log(run).rows()))


class PreviewSheets:
    """Writes `previews/step-….png`: a row for each image, its versions side by side under their names."""

    @hookimpl
    def validated(self, run: Run, step: int, previews: Mapping[str, Tensor]) -> None:
        if not previews:
            return
        folder = run.folder / "previews"
        folder.mkdir(exist_ok=True)
        write_file(folder / f"step-{step:08d}.png", preview_sheet(previews))


def _log(run: Run) -> Table:
    return Table(run.folder / "log.csv")
