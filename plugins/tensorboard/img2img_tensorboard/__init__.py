"""This plugin writes the losses, figures and previews of a run to its folder `tensorboard/`, for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import img2img

if TYPE_CHECKING:
    from torch import Tensor
    from torch.utils.tensorboard import SummaryWriter


class TensorBoard:
    """Observes runs; each run has a writer of its own from its start to its end."""

    def __init__(self) -> None:
        self._writers: dict[Path, SummaryWriter] = {}

    @img2img.hookimpl
    def training_started(self, run: img2img.Run) -> None:
        if find_spec("tensorboard") is None:
            return
        from torch.utils.tensorboard import SummaryWriter

        folder = run.folder.absolute() / "tensorboard"  # TensorBoard would take a name such as gs:/a for an address
        run.root.make(run.folder / "tensorboard")  # which refuses a link to another place
        # The records that an earlier process wrote after the run's checkpoint are dropped and written again.
        writer = SummaryWriter(str(folder), purge_step=run.step + 1 if run.step else None)
        rows = [f"| {name} | {value} |" for name, value in run.config.model_dump().items()]
        writer.add_text("config", "\n".join([f"| {run.family} | |", "|---|---|", *rows]), run.step)
        self._writers[run.folder] = writer

    @img2img.hookimpl
    def training_stepped(self, run: img2img.Run, step: int, losses: Mapping[str, float]) -> None:
        self._scalars(run, "loss", step, losses)

    @img2img.hookimpl
    def validated(
        self, run: img2img.Run, step: int, metrics: Mapping[str, float], previews: Mapping[str, Tensor]
    ) -> None:
        self._scalars(run, "validation", step, metrics)
        if writer := self._writers.get(run.folder):
            for name, images in previews.items():
                writer.add_images(f"previews/{name}", images.clamp(0, 1), step)
            writer.flush()

    @img2img.hookimpl
    def examined(self, run: img2img.Run, step: int, direction: str, signals: Mapping[str, float]) -> None:
        self._scalars(run, f"health/{direction}", step, signals)

    @img2img.hookimpl
    def training_finished(self, run: img2img.Run) -> None:
        if writer := self._writers.pop(run.folder, None):
            writer.close()

    def _scalars(self, run: img2img.Run, group: str, step: int, figures: Mapping[str, float]) -> None:
        if writer := self._writers.get(run.folder):
            for name, value in figures.items():
                writer.add_scalar(f"{group}/{name}", value, step)


observer = TensorBoard()
