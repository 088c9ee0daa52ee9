"""log.csv, and what an observer costs that fails."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

import pytest

import img2img
from img2img.config import TrainingConfig
from img2img.host.declarations import Plugin
from img2img.training.observers import CsvLog
from img2img.training.run import Run
from img2img.training.table import Table


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, "any", TrainingConfig(), tmp_path)


@pytest.fixture
def log(run: Run) -> CsvLog:
    log = CsvLog(Table(run.folder / "log.csv"))
    log.training_started(run)
    return log


def rows_of(run: Run) -> list[dict[str, str]]:
    with (run.folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_new_run_begins_with_an_empty_log(run: Run, log: CsvLog) -> None:
    assert (run.folder / "log.csv").read_text().split() == ["step"]


def test_a_new_column_leaves_earlier_rows_empty(run: Run, log: CsvLog) -> None:
    log.training_stepped(10, {"pixel": 0.5})
    log.validated(10, {"psnr": 20.0})
    log.training_stepped(20, {"pixel": 0.25})
    assert rows_of(run) == [
        {"step": "10", "pixel": "0.5", "validation_psnr": ""},
        {"step": "10", "pixel": "", "validation_psnr": "20"},
        {"step": "20", "pixel": "0.25", "validation_psnr": ""},
    ]


def test_a_run_that_goes_back_drops_the_rows_that_come_again(run: Run, log: CsvLog) -> None:
    for step in (10, 20, 30):
        log.training_stepped(step, {"pixel": step / 10})
    run.step = 20
    log.training_started(run)
    assert [row["step"] for row in rows_of(run)] == ["10", "20"]


@pytest.mark.parametrize("torn", ["30", "30,", '30,"0.'])
def test_a_torn_last_line_is_dropped(torn: str, run: Run, log: CsvLog) -> None:
    log.training_stepped(10, {"pixel": 0.5, "adversarial": 2})
    with (run.folder / "log.csv").open("a") as file:
        file.write(torn)
    run.step = 40
    log.training_started(run)
    assert [row["step"] for row in rows_of(run)] == ["10"]


class Vandal:
    """Puts a folder in the place of the log."""

    @img2img.hookimpl
    def training_started(self, run: img2img.Run) -> None:
        (run.folder / "log.csv").unlink(missing_ok=True)
        (run.folder / "log.csv").mkdir()


def test_a_log_that_cannot_be_written_is_reported_and_the_training_goes_on(
    settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings["options"] |= {"pretrain_steps": 2, "gan_steps": 0}
    host = img2img.PluginHost.discover()
    host.register(Vandal(), Plugin("vandal", "img2img-vandal", "1"))
    with caplog.at_level(logging.WARNING, "img2img"):
        run = img2img.train("srgan", **settings, host=host)
    assert run.step == 2
    assert "CsvLog" in caplog.text
    assert (run.folder / "previews" / "step-00000002.png").exists()
