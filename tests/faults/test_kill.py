"""`kill -9` at any moment: whole files only, and the same command leads to the tree that was to be."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def kill(program: Any, until: Any, tmp_path: Path) -> Callable[..., bool]:
    """Start a program and kill it a moment after something is so; tells whether it was still at work."""
    rng = random.Random(0)

    def kill(command: tuple[object, ...], so: Callable[[], bool]) -> bool:
        running = program.start(*command, cwd=tmp_path)
        until(lambda: so() or " in " in running.err)  # or it has said that it is through
        time.sleep(rng.uniform(0, 0.03))
        running.send(signal.SIGKILL)
        return int(running.wait()) == -signal.SIGKILL

    return kill


@pytest.fixture
def whole(tree: Any) -> Callable[..., dict[str, bytes]]:
    """The files in a folder but those that a kill may leave, which are half-written under names of their own."""
    return lambda folder: {name: data for name, data in tree(folder).items() if ".img2img-" not in name}


def test_a_job_that_is_killed_again_and_again_gets_done(
    program: Any, kill: Any, whole: Any, photos: Path, golden: Any, model: Any, tmp_path: Path, tree: Any
) -> None:
    out = tmp_path / "out"
    command = ("translate", model(delay=0.02, hold=4), photos, out, "--batch-size", 2)
    killed = 0
    for made in range(0, 24, 2):
        killed += kill(command, lambda made=made: len(list(out.rglob("*.png"))) >= made)
        now = whole(out)
        assert now == {name: golden[name] for name in now}, "a file is half-written under its name"
    assert killed >= 5, "it takes 6 to make all, 4 by 4"
    (tmp_path / "go").touch()
    (out / "b").mkdir(parents=True, exist_ok=True)
    (out / "b" / ".img2img-0123456789ab.part").write_bytes(b"half of a")  # as a kill leaves it, though seldom
    assert program(*command, cwd=tmp_path).status == 0
    assert tree(out) == golden, "something is missing, wrong or left over"


def test_a_kill_while_files_are_replaced_leaves_the_old_or_the_new_of_each(
    program: Any, kill: Any, whole: Any, photos: Path, golden: Any, model: Any, tmp_path: Path, tree: Any
) -> None:
    out = tmp_path / "out"
    assert program("translate", model(level=0.5), photos, out).status == 0
    old = tree(out)
    assert not set(old.values()) & set(golden.values())
    command = ("translate", model(delay=0.02, hold=6), photos, out, "--batch-size", 2, "--overwrite")

    def replaced() -> int:
        return sum((out / name).read_bytes() == golden[name] for name in golden)

    killed = 0
    for made in range(0, 24, 4):
        killed += kill(command, lambda made=made: replaced() >= made)
        now = whole(out)
        assert now.keys() == golden.keys(), "neither the old nor the new is there"
        assert all(data in (old[name], golden[name]) for name, data in now.items())
    assert killed >= 3, "it takes 4 to make all, 6 by 6"
    (tmp_path / "go").touch()
    assert program(*command, cwd=tmp_path).status == 0
    assert tree(out) == golden


def test_a_kill_between_journal_and_target_counts_as_not_done_also_where_the_source_had_changed(
    tmp_path: Path, model: Any, program: Any, picture: Any, tree: Any
) -> None:
    """The worst moment, exactly: the entry is on the disk, and the target's rename has not happened."""
    (tmp_path / "in").mkdir()
    command = ("translate", model(delay=0), tmp_path / "in", tmp_path / "out", "--report", tmp_path / "report.json")
    results = []
    for seed in (1, 2):
        (tmp_path / "in" / "a.png").write_bytes(picture(seed))
        assert program(*command).status == 0
        results.append(tree(tmp_path / "out"))
    assert results[0] != results[1]
    (tmp_path / "out" / "a.png").write_bytes(results[0]["a.png"])  # as it was between the two
    again = program(*command)
    assert again.status == 0, again.err
    assert json.loads((tmp_path / "report.json").read_text("ascii"))["counts"]["done"] == 1
    assert tree(tmp_path / "out") == results[1]
