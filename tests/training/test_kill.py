"""Runs that are killed go on as if they had not been."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import img2img
from img2img.host.host import PluginHost
from img2img.models.file import load_generator, read_info
from img2img.training.checkpoints import list_checkpoints

Settings = dict[str, Any]
Fingerprint = Callable[[Path], dict[str, Any]]


def assert_everything_is_whole(folder: Path, host: PluginHost) -> None:
    """Whatever stands under its final name is complete, and no checkpoint came before its model files."""
    for checkpoint in list_checkpoints(folder / "checkpoints"):
        assert checkpoint.load(torch.device("cpu"))["step"] == checkpoint.step
        assert (folder / "run.safetensors").exists()
    assert len(list_checkpoints(folder / "checkpoints")) == len(list((folder / "checkpoints").glob("step-*")))
    for path in folder.glob("*.safetensors"):
        load_generator(read_info(path), host)


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.name.endswith(".part")]


@pytest.mark.slow
def test_a_run_killed_before_each_change_to_its_files_ends_bit_identical(
    settings: Settings, children: Any, host: PluginHost, fingerprint: Fingerprint, tmp_path: Path
) -> None:
    """The n-th attempt dies at its n-th change, so that each point of writing the first checkpoint is met.

    The first checkpoint ends the first stage, whose model file would never be written if a later attempt went on
    from there without it.
    """
    settings["options"] |= {"pretrain_steps": 2, "gan_steps": 10}
    settings |= {"intervals": img2img.Intervals(3, 3, 2)}
    finished = img2img.train("srgan", **settings | {"run": str(tmp_path / "finished" / "run")}, host=host).folder
    folder = Path(settings["run"])
    for change in range(1, 100):
        ended = children.train({**settings, "resume": True}, dies_at_change=change)
        if ended.error != "killed":
            break
        if folder.exists():
            assert_everything_is_whole(folder, host)
    assert ended.error == "", ended.message
    assert change > 25  # or the files are written in another way than was thought of here
    assert fingerprint(folder) == fingerprint(finished)
    assert "run-pretrain.safetensors" in fingerprint(folder)
    assert not leftovers(folder)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_killed_at_random_moments_ends_bit_identical(
    workers: int, settings: Settings, finished: Path, children: Any, host: PluginHost, fingerprint: Fingerprint
) -> None:
    chance = random.Random(workers)
    kills, span = 0, 3.0
    while kills < 3:  # on a fast machine a whole run may come between two kills: then begin another, and kill sooner
        span /= 2
        folder = Path(settings["run"]).parent / f"span {span}" / "run"
        folder.parent.mkdir()
        kills = kill_until_finished({**settings, "run": str(folder), "workers": workers}, children, chance, span, host)
    assert fingerprint(folder) == fingerprint(finished)


def kill_until_finished(settings: Settings, children: Any, chance: random.Random, span: float, host: PluginHost) -> int:
    """Kill each attempt within `span` seconds, until one is sooner; the ninth is let alone."""
    kills = 0
    while True:
        moment = chance.uniform(0.02, span) if kills < 8 else None
        ended = children.train({**settings, "resume": True}, killed_after=moment)
        if ended.error != "killed":
            assert ended.error == "", ended.message
            return kills
        kills += 1
        assert_everything_is_whole(Path(settings["run"]), host)
