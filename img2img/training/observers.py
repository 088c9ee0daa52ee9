"""What a run leaves to look at: `log.csv`, its plot, and the preview sheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from img2img.hookspecs import hookimpl
from img2img.media import Image, encode_image, write_file
from img2img.media.opencv import cv2
from img2img.training.run import Run


class CsvLog:
    """Writes `log.csv`: a row for each log line and validation; a run that goes back a few steps drops their rows."""

    @hookimpl
    def training_started(self, run: Run) -> None:
        path = run.folder / "log.csv"
        rows = [row for row in _read(path) if int(row["step"]) <= run.step]
        _write(path, rows)

    @hookimpl
    def training_stepped(self, run: Run, step: int, losses: Mapping[str, float]) -> None:
        self._append(run, step, losses)

    @hookimpl
    def validated(self, run: Run, step: int, metrics: Mapping[str, float]) -> None:
        self._append(run, step, {f"validation_{name}": value for name, value in metrics.items()})

    def _append(self, run: Run, step: int, figures: Mapping[str, float]) -> None:
        path = run.folder / "log.csv"
        row = {"step": str(step), **{name: f"{value:.6g}" for name, value in figures.items()}}
        columns = _columns(path)
        if set(row) <= set(columns):
            with path.open("a", newline="") as file:
                csv.DictWriter(file, columns).writerow(row)
        else:  # a new column: another stage has begun
            _write(path, [*_read(path), row])


class LossPlot:
    """Draws `log.png` of `log.csv` with each checkpoint."""

    @hookimpl
    def checkpoint_saved(self, run: Run) -> None:
        from img2img.training.plot import plot  # matplotlib takes its time

        write_file(run.folder / "log.png", plot(_read(run.folder / "log.csv")))


class PreviewSheets:
    """Writes `previews/step-….png`: a row for each image, its versions side by side under their names."""

    @hookimpl
    def validated(self, run: Run, step: int, previews: Mapping[str, Tensor]) -> None:
        if not previews:
            return
        folder = run.folder / "previews"
        folder.mkdir(exist_ok=True)
        sheet = preview_sheet(list(previews.values()))
        image = Image(np.concatenate([_captions(list(previews), sheet.shape[1]), sheet]))
        write_file(folder / f"step-{step:08d}.png", encode_image(image, ".png").data)


def preview_sheet(columns: list[Tensor], side: int = 384) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Lay out (N, 3, H, W) images, one column each, at most `side` pixels high and wide: (…, …, 3), uint8."""
    height, width = columns[-1].shape[-2:]
    shrink = min(1.0, side / max(height, width))
    size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    cells = [interpolate(column.float().cpu(), size=size, mode="bilinear", antialias=True) for column in columns]
    sheet = torch.cat([torch.cat(list(cell), dim=1) for cell in cells], dim=2)
    return sheet.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()


def _captions(names: list[str], width: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """(…, width, 3): black on white, one name for each column."""
    line = np.full((18, width, 3), 255, np.uint8)
    for place, name in enumerate(names):
        at = place * width // len(names) + 4, 13
        cv2.putText(line, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return line


def _columns(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return next(csv.reader(file), [])


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if None not in row.values()]  # a torn last line lacks columns


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(["step", *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    write_file(path, text.getvalue().encode())
