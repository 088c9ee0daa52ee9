"""Going on: after a stop, from damaged checkpoints, on a full disk, and never as another run."""

from __future__ import annotations

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
from img2img.errors import CheckpointError, FatalError, Stopped, UsageError
from img2img.media import write_file
from img2img.training.checkpoints import list_checkpoints

Settings = dict[str, Any]
Fingerprint = Callable[[Path], dict[str, Any]]


def stopping_at(*steps: int) -> Callable[[], bool]:
    """Says stop after each of these steps, once."""
    answers: Iterator[bool] = chain((step in steps for step in range(1, max(steps) + 1)), repeat(False))
    return lambda: next(answers)


def steps_of(folder: Path) -> list[int]:
    return [checkpoint.step for checkpoint in list_checkpoints(folder / "checkpoints")]


def test_a_stop_leaves_a_checkpoint_and_what_goes_on_from_it_ends_bit_identical(
    settings: Settings, finished: Path, host: Any, fingerprint: Fingerprint
) -> None:
    """Stopped in each stage, and between log lines: whatever was summed up is not lost."""
    folder = Path(settings["run"])
    for step in (2, 9):
        done = steps_of(folder)[-1] if folder.exists() else 0
        with pytest.raises(Stopped, match=f"stopped after step {step}; go on with --resume"):
            img2img.train("srgan", **settings, resume=True, host=host, stop=stopping_at(step - done))
        assert steps_of(folder)[-1] == step
    img2img.train("srgan", **settings, resume=True, host=host)
    ours, theirs = fingerprint(folder), fingerprint(finished)
    assert {**ours, "steps": None} == {**theirs, "steps": None}


def test_a_stop_after_the_last_step_is_no_stop(settings: Settings, host: Any) -> None:
    settings["options"] |= {"pretrain_steps": 2, "gan_steps": 0}
    run = img2img.train("srgan", **settings, host=host, stop=stopping_at(2))
    assert steps_of(run.folder) == [2]


def test_a_finished_run_that_is_resumed_writes_its_model_files_again(
    settings: Settings, copied: Path, finished: Path, host: Any, fingerprint: Fingerprint
) -> None:
    (copied / "run.safetensors").unlink()
    img2img.train("srgan", **settings, resume=True, host=host)
    assert fingerprint(copied) == fingerprint(finished)


def test_resume_of_what_was_never_begun_begins_it(
    settings: Settings, finished: Path, host: Any, fingerprint: Fingerprint
) -> None:
    folder = img2img.train("srgan", **settings, resume=True, host=host).folder
    assert fingerprint(folder) == fingerprint(finished)


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "one bit flipped": lambda folder: (folder / "state.pt").write_bytes(flipped((folder / "state.pt").read_bytes())),
    "truncated": lambda folder: (folder / "state.pt").write_bytes((folder / "state.pt").read_bytes()[:-100]),
    "zero bytes": lambda folder: (folder / "state.pt").write_bytes(b""),
    "no state": lambda folder: (folder / "state.pt").unlink(),
    "description truncated": lambda folder: (folder / "checkpoint.json").write_text('{"step": 13, "sh'),
    "description is a list": lambda folder: (folder / "checkpoint.json").write_text("[]"),
    "no description": lambda folder: (folder / "checkpoint.json").unlink(),
    "empty folder": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_taken(
    damage: str, settings: Settings, copied: Path, finished: Path, host: Any, fingerprint: Fingerprint, caplog: Any
) -> None:
    DAMAGES[damage](copied / "checkpoints" / "step-00000013")
    with caplog.at_level(logging.WARNING, "img2img"):
        img2img.train("srgan", **settings, resume=True, host=host)
    assert "step-00000013" in caplog.text
    assert fingerprint(copied) == fingerprint(finished)


def test_where_every_checkpoint_is_damaged_the_run_is_refused_and_told_what_to_do(
    settings: Settings, copied: Path, host: Any
) -> None:
    for path in (copied / "checkpoints").iterdir():
        (path / "state.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* can be read; remove them to begin anew"):
        img2img.train("srgan", **settings, resume=True, host=host)


def test_a_full_disk_costs_no_earlier_checkpoint(
    settings: Settings, finished: Path, children: Any, host: Any, fingerprint: Fingerprint
) -> None:
    """T05: the file size limit stops a checkpoint in the middle of its state, after the smaller model file."""
    folder = Path(settings["run"])
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, host=host, stop=stopping_at(5))
    before = {path: path.read_bytes() for path in (folder / "checkpoints").rglob("*") if path.is_file()}
    state = (folder / "checkpoints" / "step-00000005" / "state.pt").stat().st_size
    assert (folder / "run.safetensors").stat().st_size < state // 2
    ended = children.train({**settings, "resume": True}, largest_file=state // 2)
    assert ended.error == "CheckpointError"
    assert "step-00000007" in ended.message
    assert "the earlier ones are intact" in ended.message
    assert {path: path.read_bytes() for path in (folder / "checkpoints").rglob("*") if path.is_file()} == before
    img2img.train("srgan", **settings, resume=True, host=host)
    assert {**fingerprint(folder), "steps": None} == {**fingerprint(finished), "steps": None}


def test_a_process_that_reads_data_and_dies_ends_the_run_with_a_remedy(
    settings: Settings, finished: Path, children: Any, host: Any, fingerprint: Fingerprint
) -> None:
    ended = children.train({**settings, "workers": 1}, worker_dies_at_step=6)
    assert ended.error == "FatalError", ended.message
    assert "a process that reads training data has died" in ended.message
    assert "go on with --resume and fewer --workers" in ended.message
    assert steps_of(Path(settings["run"])) in ([4], [4, 7])  # it had read a few batches ahead
    img2img.train("srgan", **settings, resume=True, host=host)
    assert fingerprint(Path(settings["run"])) == fingerprint(finished)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_image_is_named_in_one_sentence_also_by_a_worker(
    workers: int, settings: Settings, children: Any, tmp_path: Path, photos: Path
) -> None:
    data = Path(shutil.copytree(photos, tmp_path / "data"))
    whole = (data / "0.png").read_bytes()
    (data / "0.png").write_bytes(whole[:-600] + bytes(500) + whole[-100:])  # which only decoding shows
    ended = children.train({**settings, "data": str(data), "workers": workers})
    assert ended.error == FatalError.__name__  # not a usage error: something has been attempted
    assert "0.png" in ended.message
    assert "Remove the file from the training data" in ended.message
    assert "Traceback" not in ended.message


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"seed": 4}, ["seed: 3 then, 4 now"]),
    ({"init": "other.safetensors"}, ["init: '' then, 'other.safetensors' now"]),
    ({"width": 12, "gan_lr": 1e-5}, ["config.width: 8 then, 12 now", "config.gan_lr: 0.0001 then, 1e-05 now"]),
]


@pytest.mark.parametrize(("changes", "named"), CHANGES, ids=[str(row[0]) for row in CHANGES])
def test_resume_with_other_settings_is_refused_and_each_difference_named(
    changes: dict[str, Any], named: list[str], settings: Settings, copied: Path, host: Any
) -> None:
    options = {key: value for key, value in changes.items() if key in ("width", "gan_lr")}
    settings["options"] |= options
    settings |= {key: value for key, value in changes.items() if key not in options}
    with pytest.raises(UsageError, match="was begun with other settings") as refused:
        img2img.train("srgan", **settings, resume=True, host=host)
    lines = str(refused.value).splitlines()[1:-1]
    assert sorted(line.strip() for line in lines) == sorted(named)


def test_resume_on_other_data_is_refused(settings: Settings, copied: Path, photos: Path, host: Any) -> None:
    other = copied.parent / "other"
    shutil.copytree(photos, other)
    with pytest.raises(UsageError, match=f"data: '{photos}' then, '{other}' now"):
        img2img.train("srgan", **settings | {"data": str(other)}, resume=True, host=host)


def test_the_same_data_under_a_relative_path_are_the_same(
    settings: Settings, copied: Path, photos: Path, host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    img2img.train("srgan", **settings | {"data": photos.name}, resume=True, host=host)


def test_a_damaged_run_toml_is_refused_and_named(settings: Settings, copied: Path, host: Any) -> None:
    (copied / "run.toml").write_text("family = 'sr")
    with pytest.raises(UsageError, match=r"run\.toml cannot be read"):
        img2img.train("srgan", **settings, resume=True, host=host)


def test_resume_does_not_need_the_model_file_that_the_run_began_with(
    settings: Settings, finished: Path, host: Any, tmp_path: Path
) -> None:
    init = Path(shutil.copy(finished / "run.safetensors", tmp_path / "init.safetensors"))
    settings |= {"init": str(init)}
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, host=host, stop=stopping_at(2))
    init.unlink()
    assert img2img.train("srgan", **settings, resume=True, host=host).step == 13


def test_resume_in_another_precision_is_possible_and_warned_of(
    settings: Settings, host: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings["options"] |= {"pretrain_steps": 2, "gan_steps": 0}
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings | {"compute": img2img.Compute("cpu", "fp32")}, host=host, stop=stopping_at(1))
    img2img.train("srgan", **settings | {"compute": img2img.Compute("cpu", "bf16")}, resume=True, host=host)
    assert "not end bit for bit" in caplog.text
    assert "precision float32 then, bfloat16 now" in caplog.text


def test_resume_with_more_images_is_possible_and_warned_of(
    settings: Settings, photos: Path, host: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = Path(shutil.copytree(photos, tmp_path / "data"))
    settings["options"] |= {"pretrain_steps": 2, "gan_steps": 0}
    settings |= {"data": str(data)}
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, host=host, stop=stopping_at(1))
    shutil.copy(data / "0.png", data / "7.png")
    img2img.train("srgan", **settings, resume=True, host=host)
    assert "training images 5 then, 6 now" in caplog.text


def test_what_a_killed_process_left_half_written_is_cleared_away(settings: Settings, copied: Path, host: Any) -> None:
    write_file(copied / "previews" / ".img2img-0123456789ab.part", b"half")
    write_file(copied / ".img2img-0123456789ab.part", b"half")
    (copied / "checkpoints" / "step-00000013").rename(copied / "checkpoints" / ".step-00000013.part")
    img2img.train("srgan", **settings, resume=True, host=host)
    assert not [path for path in copied.rglob(".*") if path.name.endswith(".part")]
    assert steps_of(copied)[-1] == 13


def test_json_of_a_checkpoint_says_its_step_and_checksum(finished: Path) -> None:
    newest = list_checkpoints(finished / "checkpoints")[-1]
    about = json.loads((newest.path / "checkpoint.json").read_text())
    assert (about["step"], about["sha256"]) == (13, newest.sha256)
    assert newest.load(torch.device("cpu"))["step"] == 13
