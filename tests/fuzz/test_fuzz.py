"""The command that puts mutated files through every reader sees each kind of fault, and finds none."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from img2img.errors import ImageError

from .__main__ import main
from .mutations import MUTATIONS, Mutation, mutated
from .trial import CRASH, HANG, MEMORY, READ, REFUSED, TRACEBACK, Limits, Trial


def refuse(path: Path) -> None:
    raise ImageError("no image")


def raise_another(path: Path) -> None:
    raise KeyError(path.name)


def crash(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hang(path: Path) -> None:
    time.sleep(3600)


def fill_memory(path: Path) -> None:
    bytearray(8 << 30)


@pytest.fixture
def trial() -> Iterator[Callable[[Callable[[Path], None], float], str]]:
    """Returns the verdict on a reader, and checks that the next file is read all the same."""
    trials: list[Trial] = []

    def verdict(reader: Callable[[Path], None], seconds: float = 60) -> str:
        readers = {"bad": reader, "good": lambda path: None}
        trials.append(Trial(lambda path: readers[path.name], Limits(seconds)))
        found = trials[0](Path("bad")).verdict
        assert trials[0](Path("good")).verdict == READ
        return found

    yield verdict
    for each in trials:
        each.close()


@pytest.mark.parametrize(
    ("reader", "expected"),
    [(refuse, REFUSED), (raise_another, TRACEBACK), (crash, CRASH), (fill_memory, MEMORY)],
)
def test_a_trial_says_what_a_reader_did_and_goes_on(
    reader: Callable[[Path], None], expected: str, trial: Callable[..., str]
) -> None:
    assert trial(reader) == expected


def test_a_trial_ends_a_reader_that_hangs_and_goes_on(trial: Callable[..., str]) -> None:
    assert trial(hang, 1) == HANG


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_mutation_never_fails(mutation: Mutation, size: int) -> None:
    for number in range(50):
        mutation(bytearray(range(size)), Random(number))


def test_the_number_and_the_seed_decide_an_input() -> None:
    data = bytes(range(200))
    assert mutated(data, Random("0 7")) == mutated(data, Random("0 7"))
    assert len({mutated(data, Random(f"0 {number}")) for number in range(20)}) > 15


@pytest.mark.slow
def test_no_reader_fails_on_mutated_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--inputs", "100"]) == 0, capsys.readouterr().out
