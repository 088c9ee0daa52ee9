"""Links in the folder of a run: nothing outside of it is changed or deleted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from img2img.config import TrainingConfig
from img2img.errors import CheckpointError, UsageError, WriteError
from img2img.training.checkpoints import list_checkpoints, save_checkpoint
from img2img.training.run import Run
from img2img.training.table import Table

NAMES = ("log.csv", ".lock", "step-00000001/state.pt", ".step-00000001.part/precious", ".img2img-aaa.part")


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder with files of the user's, which must be as they were after the test."""
    folder = tmp_path / "outside"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"step\n")
    yield folder
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == dict.fromkeys(NAMES, b"step\n")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "run").mkdir()
    return Run(tmp_path / "run", "any", TrainingConfig(), tmp_path)


@pytest.mark.parametrize("name", ["checkpoints", "previews", ".lock"])
def test_a_link_in_a_runs_folder_is_refused_before_the_first_step(name: str, run: Run, outside: Path) -> None:
    (run.folder / name).symlink_to(outside / name if name == ".lock" else outside)
    with pytest.raises(UsageError, match=f"run/{name} is a link"), run.locked():
        pytest.fail("the training began")


def test_a_link_that_is_planted_in_the_place_of_the_checkpoints_is_not_followed(run: Run, outside: Path) -> None:
    run.checkpoints.symlink_to(outside)
    with pytest.raises(CheckpointError, match="checkpoints is a link"):
        save_checkpoint(run.checkpoints, 1, {}, best=True)


def test_a_link_in_the_place_of_a_checkpoint_is_replaced(run: Run, outside: Path) -> None:
    run.checkpoints.mkdir()
    for name in ("step-00000001", ".step-00000001.part"):
        (run.checkpoints / name).symlink_to(outside / name)
    save_checkpoint(run.checkpoints, 1, {}, best=True)
    assert [checkpoint.step for checkpoint in list_checkpoints(run.checkpoints)] == [1]
    assert not (run.checkpoints / "step-00000001").is_symlink()


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["link", "hard link"])
def test_a_link_in_the_place_of_the_log_is_replaced(
    link: Callable[[Path, Path], None], run: Run, outside: Path
) -> None:
    link(outside / "log.csv", run.folder / "log.csv")
    table = Table(run.folder / "log.csv")
    table.go_back(0)
    table.append(1, {"loss": 0.5})
    table.append(2, {"loss": 0.25})
    assert (run.folder / "log.csv").read_bytes().split() == [b"step,loss", b"1,0.5", b"2,0.25"]


def test_a_log_that_becomes_a_link_is_not_written_through(run: Run, outside: Path) -> None:
    table = Table(run.folder / "log.csv")
    table.append(1, {"loss": 0.5})
    (run.folder / "log.csv").unlink()
    (run.folder / "log.csv").symlink_to(outside / "log.csv")
    with pytest.raises(WriteError, match=r"log\.csv is a link"):
        table.append(2, {"loss": 0.5})


def test_leftovers_behind_a_link_stay(run: Run, outside: Path) -> None:
    run.previews.symlink_to(outside)
    with pytest.raises(WriteError, match="previews"):
        run.remove_leftovers()
    assert (outside / ".img2img-aaa.part").exists()


def test_a_run_may_stand_in_a_linked_folder_that_the_user_names(run: Run, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(run.folder)
    linked = Run(tmp_path / "link", "any", TrainingConfig(), tmp_path)
    with linked.locked():
        save_checkpoint(linked.checkpoints, 1, {}, best=True)
    assert list_checkpoints(run.checkpoints)
