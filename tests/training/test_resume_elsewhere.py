"""Going on where something was changed meanwhile: the checkpoint, the data, the folder, or the crop."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
import torch

import img2img
from img2img.errors import Stopped, UsageError
from img2img.training.checkpoints import list_checkpoints

Settings = dict[str, Any]


def stopping_at(*steps: int) -> Callable[[], bool]:
    """Says stop after each of these steps, once."""
    answers: Iterator[bool] = chain((step in steps for step in range(1, max(steps) + 1)), repeat(False))
    return lambda: next(answers)


def test_a_checkpoint_without_one_of_its_parts_is_refused_by_the_name_of_the_part(
    settings: Settings, copied: Path, host: Any
) -> None:
    for part in ("totals", "random", "networks", "best"):
        change_state(copied, lambda state, part=part: state.pop(part))
        with pytest.raises(UsageError, match=f"is not one of this run: it lacks '{part}'"):
            img2img.train("srgan", **settings, resume=True, host=host)
        shutil.copytree(copied / "kept", copied / "checkpoints" / "step-00000013", dirs_exist_ok=True)


@pytest.mark.parametrize("part", ["step", "best", "circumstances", "files"])
def test_a_checkpoint_whose_parts_are_of_other_kinds_is_refused(
    settings: Settings, copied: Path, host: Any, part: str
) -> None:
    change_state(copied, lambda state: state.update({part: 7j}))
    with pytest.raises(UsageError, match="is not one of this run: "):
        img2img.train("srgan", **settings, resume=True, host=host)


def test_a_table_of_settings_that_something_else_wrote_is_refused(settings: Settings, copied: Path, host: Any) -> None:
    (copied / "run.toml").write_text("family = 3\nconfig = [1]\ndata_from_here = [1]\n")
    with pytest.raises(UsageError, match="was begun with other settings"):
        img2img.train("srgan", **settings, resume=True, host=host)


def change_state(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the newest checkpoint, whose checksum stays right; the copy in `kept` is as it was."""
    newest = list_checkpoints(folder / "checkpoints")[-1]
    shutil.copytree(newest.path, folder / "kept", dirs_exist_ok=True)
    state = newest.load(torch.device("cpu"))
    change(state)
    torch.save(state, newest.path / "state.pt")
    about = json.loads((newest.path / "checkpoint.json").read_text())
    about["sha256"] = hashlib.sha256((newest.path / "state.pt").read_bytes()).hexdigest()
    (newest.path / "checkpoint.json").write_text(json.dumps(about))


def test_a_checkpoint_of_other_networks_is_refused_by_what_does_not_fit(
    settings: Settings, copied: Path, host: Any
) -> None:
    def widen(state: dict[str, Any]) -> None:
        weights = state["networks"]["generator"]
        name = next(iter(weights))
        weights[name] = torch.zeros(3, *weights[name].shape[1:])

    change_state(copied, widen)
    with pytest.raises(
        UsageError, match=r"is not one of this run: .*size mismatch for .*Put the run's own checkpoints"
    ):
        img2img.train("srgan", **settings, resume=True, host=host)


def test_data_that_were_replaced_are_named_when_the_run_goes_on(
    settings: Settings, photos: Path, host: Any, tmp_path: Path, caplog: Any
) -> None:
    data = Path(shutil.copytree(photos, tmp_path / "data"))
    settings |= {"data": str(data)}
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, host=host, stop=stopping_at(2))
    with pytest.raises(Stopped), caplog.at_level(logging.WARNING, "img2img"):
        img2img.train("srgan", **settings, resume=True, host=host, stop=stopping_at(1))
    assert "the data were changed" not in caplog.text
    shutil.copy(data / "1.png", data / "2.png")
    with pytest.raises(Stopped), caplog.at_level(logging.WARNING, "img2img"):
        img2img.train("srgan", **settings, resume=True, host=host, stop=stopping_at(1))
    assert "the data were changed since the run stopped, and it goes on with what is there: 1 changed (2.png)" in (
        caplog.text
    )


def test_a_run_that_moved_together_with_its_data_goes_on(
    settings: Settings, photos: Path, host: Any, tmp_path: Path
) -> None:
    shutil.copytree(photos, tmp_path / "project" / "photos")
    settings |= {"data": str(tmp_path / "project" / "photos"), "run": str(tmp_path / "project" / "runs" / "a")}
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, host=host, stop=stopping_at(2))
    (tmp_path / "project").rename(tmp_path / "moved")
    settings |= {"data": str(tmp_path / "moved" / "photos"), "run": str(tmp_path / "moved" / "runs" / "a")}
    with pytest.raises(Stopped, match="after step 3"):
        img2img.train("srgan", **settings, resume=True, host=host, stop=stopping_at(1))


def test_a_run_goes_on_with_a_smaller_crop_and_says_that_it_will_end_otherwise(
    settings: Settings, photos: Path, host: Any, caplog: Any
) -> None:
    settings["options"] |= {"crop": 20}
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, host=host, stop=stopping_at(2))
    settings["options"] |= {"crop": 16}
    with pytest.raises(Stopped, match="after step 3"):
        img2img.train("srgan", **settings, resume=True, host=host, stop=stopping_at(1))
    assert "this run will not end as it would have ended unchanged: config.crop: 20 then, 16 now" in caplog.text
    caplog.clear()
    with pytest.raises(Stopped, match="after step 4"):
        img2img.train("srgan", **settings, resume=True, host=host, stop=stopping_at(1))
    assert "unchanged" not in caplog.text
