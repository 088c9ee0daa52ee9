"""What a run tells of its health: `health.csv`, and warnings that name the ailment and what to type."""

from __future__ import annotations

import csv
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from img2img_srgan.trainer import SRGANTrainer
from safetensors.torch import load_file
from torch import Tensor

import img2img
from img2img.errors import DivergedError
from img2img.nn.games import AdversarialConfig
from img2img.training.health.ailments import Finding
from img2img.training.health.log import HealthLog
from img2img.training.run import Run

Settings = dict[str, Any]
HostWith = Callable[[type[SRGANTrainer]], img2img.PluginHost]
ILL = {"diversity": 0.1, "sensitivity": 0.1}


class Steps(AdversarialConfig):
    @property
    def total_steps(self) -> int:
        return 1000


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, "any", Steps(), tmp_path, intervals=img2img.Intervals(examine_every=10))


def watch(run: Run, steps: range, signals: Mapping[str, float]) -> HealthLog:
    observer = HealthLog(run)
    observer.training_started(run)
    for step in steps:
        observer.examined(step, "forward", signals)
    return observer


def findings(run: Run) -> Sequence[Finding]:
    return HealthLog(run).load().findings


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "health.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_an_ailment_is_warned_of_once(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    watch(run, range(10, 200, 10), ILL)
    (warning,) = caplog.messages
    assert warning.startswith("step 80: collapse (forward): results differ from each other by 0.10")
    assert warning.endswith("what may help, one at a time: -o diff_augment=true")


def test_a_run_warms_up_for_a_twentieth_of_its_steps(run: Run) -> None:
    watch(run, range(10, 80, 10), ILL)
    assert findings(run) == []
    run.step = 70
    watch(run, range(80, 90, 10), ILL)
    assert [finding.step for finding in findings(run)] == [80]


def test_a_resumed_run_forgets_what_it_will_do_again_and_repeats_no_warning(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    watch(run, range(10, 100, 10), ILL)
    caplog.clear()
    run.step = 80
    watch(run, range(90, 100, 10), ILL)
    assert [int(row["step"]) for row in rows(run.folder)] == [*range(10, 100, 10)]
    assert caplog.messages == []


def test_a_run_has_a_row_for_each_look(finished: Path) -> None:
    assert [int(row["step"]) for row in rows(finished)] == [2, 4, 6, 8, 10, 12]
    assert all(row["diversity"] for row in rows(finished))
    assert [bool(row["accuracy"]) for row in rows(finished)] == [False] * 3 + [True] * 3  # the second stage


@pytest.mark.slow
def test_a_run_that_is_not_looked_at_walks_the_same_path(settings: Settings, finished: Path) -> None:
    img2img.train("srgan", **settings | {"intervals": img2img.Intervals(4, 3, 0)})
    assert not (Path(settings["run"]) / "health.csv").exists()
    unwatched, watched = load_file(Path(settings["run"]) / "run.safetensors"), load_file(finished / "run.safetensors")
    assert all(torch.equal(tensor, watched[name]) for name, tensor in unwatched.items())


class Spoilt(SRGANTrainer):
    """A loss is NaN in the tenth step."""

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        losses = dict(super().step(batch))
        return losses | ({"adversarial": torch.tensor(math.nan)} if self.engine.step == 9 else {})


def test_nan_is_named_with_what_may_help(
    settings: Settings, host_with: HostWith, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "img2img")
    settings["compute"] = img2img.Compute("cpu", precision="bf16")  # not every processor would choose it
    with pytest.raises(DivergedError):
        img2img.train("scripted", **settings, host=host_with(Spoilt))
    (warning,) = (message for message in caplog.messages if "not a number" in message)
    assert warning.startswith("step 12: not a number: a loss or a weight is no longer finite")
    assert "-o gan_lr=5e-05, --precision fp32" in warning


class Unexaminable(SRGANTrainer):
    def examine(self, batch: img2img.Batch) -> Mapping[str, img2img.Verdict]:
        raise KeyError("strength")


@pytest.mark.slow
def test_a_family_that_cannot_be_looked_at_trains_all_the_same(
    settings: Settings, host_with: HostWith, caplog: pytest.LogCaptureFixture
) -> None:
    host = host_with(Unexaminable)
    host.strict = False
    done = img2img.train("scripted", **settings, host=host)
    assert done.step == 13
    assert [message for message in caplog.messages if "health" in message] == [
        "the health of this training cannot be watched: KeyError: 'strength'"
    ]


@pytest.mark.parametrize(
    "line",
    ["90,forward,much", "soon,forward,0.9", "90,forward,0.9,0.9,0.9", "\x00", "90", ",,"],
    ids=["word", "step", "long", "nul", "short", "empty"],
)
def test_a_row_that_somebody_spoilt_costs_no_more_than_itself(line: str, run: Run) -> None:
    observer = watch(run, range(10, 90, 10), ILL)
    with (run.folder / "health.csv").open("a") as file:
        file.write(f"{line}\n")
    observer.examined(100, "forward", ILL)
    assert [finding.name for finding in findings(run)] == ["collapse"]
