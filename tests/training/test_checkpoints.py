"""Which checkpoints are kept, and how they are written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from img2img_srgan.trainer import SRGANTrainer

import img2img
from img2img.contract.trainers import Translate
from img2img.errors import CheckpointError
from img2img.training.checkpoints import list_checkpoints, load_newest, save_checkpoint

CPU = torch.device("cpu")
HostWith = Callable[[type[SRGANTrainer]], img2img.PluginHost]


def save(folder: Path, *steps: int, best: int = 0) -> None:
    for step in steps:
        save_checkpoint(folder, step, {"step": step, "weights": torch.full((9,), float(step))}, best=step == best)


def steps_of(folder: Path) -> list[int]:
    return [checkpoint.step for checkpoint in list_checkpoints(folder)]


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    state = {"step": 5, "tensors": [torch.arange(3)], "names": ("a", None), "table": {"x": 0.5, 3: True}}
    assert save_checkpoint(tmp_path / "new", 5, state, best=False) == tmp_path / "new" / "step-00000005"
    loaded = load_newest(tmp_path / "new", CPU)
    assert loaded is not None
    assert torch.equal(loaded["tensors"][0], torch.arange(3))
    assert {key: loaded[key] for key in ("step", "names", "table")} == {
        key: state[key] for key in ("step", "names", "table")
    }


def test_the_last_three_and_the_best_are_kept(tmp_path: Path) -> None:
    save(tmp_path, 1, 2, 3, 4, 5, 6, best=2)
    assert steps_of(tmp_path) == [2, 4, 5, 6]


def test_only_the_last_best_is_kept(tmp_path: Path) -> None:
    save(tmp_path, 1, best=1)
    save(tmp_path, 2, best=2)
    save(tmp_path, 3, 4, 5, 6)
    assert steps_of(tmp_path) == [2, 4, 5, 6]


def test_a_best_among_the_last_takes_no_further_place(tmp_path: Path) -> None:
    save(tmp_path, 1, 2, 3, 4, best=3)
    assert steps_of(tmp_path) == [2, 3, 4]


def test_what_was_just_written_is_kept_though_later_ones_cannot_be_read(tmp_path: Path) -> None:
    """A run that went back past three damaged checkpoints must not lose the first that it writes anew."""
    save(tmp_path, 1, 20, 30, 40)
    save(tmp_path, 2)
    assert 2 in steps_of(tmp_path)
    save(tmp_path, 3, 4)
    assert [step for step in steps_of(tmp_path) if step < 10] == [2, 3, 4]


def test_a_checkpoint_that_stands_under_the_name_is_replaced(tmp_path: Path) -> None:
    save(tmp_path, 7)
    (tmp_path / "step-00000007" / "state.pt").write_bytes(b"damaged")
    save(tmp_path, 7)
    loaded = load_newest(tmp_path, CPU)
    assert loaded is not None
    assert loaded["step"] == 7


def test_steps_beyond_eight_digits_are_still_in_order(tmp_path: Path) -> None:
    save(tmp_path, 99_999_999, 100_000_000)
    assert steps_of(tmp_path) == [99_999_999, 100_000_000]


def test_no_folder_is_no_checkpoint(tmp_path: Path) -> None:
    assert load_newest(tmp_path / "nowhere", CPU) is None


def test_only_damaged_ones_are_an_error_and_not_a_new_beginning(tmp_path: Path) -> None:
    (tmp_path / "step-00000003").mkdir()
    with pytest.raises(CheckpointError, match="can be read; remove them to begin anew"):
        load_newest(tmp_path, CPU)


def test_a_checkpoint_with_code_in_it_is_not_executed(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return shutil.os.mkdir, (str(tmp_path / "executed"),)  # type: ignore[attr-defined]

    save_checkpoint(tmp_path / "checkpoints", 1, {"step": Bomb()}, best=False)
    with pytest.raises(CheckpointError):
        load_newest(tmp_path / "checkpoints", CPU)
    assert not (tmp_path / "executed").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=r"cannot write the checkpoint .*file/step-00000001"):
        save(tmp_path / "file", 1)


def judging(direction: str) -> type[SRGANTrainer]:
    """A trainer whose figure is best after its third validation."""

    class Judging(SRGANTrainer):
        goal = ("figure", direction)  # type: ignore[assignment]

        def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> dict[str, float]:
            figure = float("nan") if self.engine.step == 1 else -abs(self.engine.step - 3)
            return {"figure": figure if direction == "max" else -figure}

    return Judging


@pytest.mark.parametrize("direction", ["max", "min"])
def test_the_trainers_goal_decides_which_is_the_best(
    direction: str, settings: dict[str, Any], host_with: HostWith
) -> None:
    settings["options"] |= {"pretrain_steps": 8, "gan_steps": 0}
    folder = img2img.train(
        "scripted", **settings | {"intervals": img2img.Intervals(1, 3, 2)}, host=host_with(judging(direction))
    ).folder
    assert steps_of(folder / "checkpoints") == [3, 6, 7, 8]
