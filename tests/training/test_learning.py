"""Evidence that the gradient flows: an easy task is learned, and not where the truths are exchanged."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from img2img_srgan.trainer import SRGANTrainer
from torch import Tensor

import img2img

Settings = dict[str, Any]
HostWith = Callable[[type[SRGANTrainer]], img2img.PluginHost]


class Shuffled(SRGANTrainer):
    """The control: each source has the truth of another image."""

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        return super().step(img2img.Batch(batch.source, batch.target.roll(1, 0)))


class Honest(SRGANTrainer):
    pass


@pytest.fixture
def easy(settings: Settings) -> Settings:
    """Waves that bilinear enlargement gets wrong and a few convolutions get right."""
    steps = {"pretrain_steps": 120, "gan_steps": 0, "accumulate": 1, "batch_size": 4}
    settings["options"] |= steps | {"width": 16, "pretrain_lr": 1e-2, "ema": 0.9}
    return settings | {"intervals": img2img.Intervals(60, 10, 2)}


def column(folder: Path, name: str) -> list[float]:
    with (folder / "log.csv").open(newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


def test_an_easy_task_is_learned(easy: Settings, host_with: HostWith) -> None:
    folder = img2img.train("scripted", **easy, host=host_with(Honest)).folder
    losses, psnr = column(folder, "pixel"), column(folder, "validation_psnr_y")
    assert losses[-1] < 0.6 * losses[0]
    assert psnr[-1] > 5 + untrained_psnr(easy, host_with)


def test_exchanged_truths_are_not_learned(easy: Settings, host_with: HostWith) -> None:
    folder = img2img.train("scripted", **easy, host=host_with(Shuffled)).folder
    losses, psnr = column(folder, "pixel"), column(folder, "validation_psnr_y")
    assert losses[-1] > 0.9 * losses[0]
    assert psnr[-1] < untrained_psnr(easy, host_with)


def untrained_psnr(easy: Settings, host_with: HostWith) -> float:
    """What the network gives before it has learned: nearly the bilinear image."""
    options = easy["options"] | {"pretrain_steps": 1, "pretrain_lr": 1e-9}
    run = img2img.train("scripted", **easy | {"options": options, "run": easy["run"] + "-0"}, host=host_with(Honest))
    return column(run.folder, "validation_psnr_y")[0]
