"""The order of the data, and each sample's chance."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from img2img.contract.data import Batch, Sample
from img2img.errors import DataError, FatalError
from img2img.training.loader import training_batches, validation_batches, watch_workers

CPU = torch.device("cpu")


class Numbers:
    """Five samples: `source` is the index, `target` the first number of its chance."""

    paired = False

    def __init__(self, length: int = 5) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def files(self) -> list[Path]:
        return []

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        chance = rng.integers(2**20) if rng else 0
        images = (torch.full((3, 1, 1), float(value)) for value in (index, chance))
        return Sample(*images, {"label": torch.tensor(index)}, name=f"number {index}")  # type: ignore[call-arg]


def drawn(batches: Iterator[Batch], count: int) -> list[tuple[int, int]]:
    """Index and chance of the samples of the next batches."""
    found = []
    for batch in itertools.islice(batches, count):
        values = zip(batch.source[:, 0, 0, 0].tolist(), batch.target[:, 0, 0, 0].tolist(), strict=True)
        found += [(int(index), int(chance)) for index, chance in values]
    return found


def numbers(batch_size: int = 2, seed: int = 0, start: int = 0, length: int = 5) -> Iterator[Batch]:
    return training_batches(Numbers(length), batch_size, seed, start, CPU, workers=0)


def test_each_epoch_has_every_sample_once() -> None:
    indices = [index for index, _ in drawn(numbers(), 20)]
    epochs = [indices[at : at + 5] for at in range(0, 40, 5)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)


def test_each_epoch_has_another_order_and_other_chances() -> None:
    samples = drawn(numbers(batch_size=5), 6)
    orders = [tuple(index for index, _ in samples[at : at + 5]) for at in range(0, 30, 5)]
    assert len(set(orders)) >= 5
    assert len({chance for _, chance in samples}) == 30


def test_chances_differ_from_sample_to_sample_and_from_the_orders() -> None:
    """Sample 0 must not be drawn from the numbers that shuffled its epoch."""
    chances = dict(drawn(numbers(batch_size=5, seed=7), 1))
    assert len(set(chances.values())) == 5
    assert np.random.default_rng((7, 0)).integers(2**20) not in chances.values()


@pytest.mark.parametrize("start", [1, 2, 3, 7, 50])
def test_beginning_later_gives_what_would_have_come(start: int) -> None:
    assert drawn(numbers(start=start), 6) == drawn(numbers(), start + 6)[2 * start :]


def test_another_seed_gives_another_order() -> None:
    assert drawn(numbers(seed=1), 3) != drawn(numbers(seed=2), 3)


def test_a_batch_may_be_larger_than_the_data() -> None:
    indices = [index for index, _ in drawn(numbers(batch_size=7, length=3), 3)]
    assert [sorted(indices[at : at + 3]) for at in range(0, 21, 3)] == [[0, 1, 2]] * 7


def test_drawing_leaves_the_global_random_numbers_alone() -> None:
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist())
    drawn(numbers(), 5)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.random.get_state(legacy=False)["state"]["key"].tolist() == before[2]


def test_a_batch_carries_conditions_and_names() -> None:
    batch = next(numbers())
    indices = batch.source[:, 0, 0, 0].int().tolist()
    assert batch.condition["label"].tolist() == indices
    assert batch.names == tuple(f"number {index}" for index in indices)
    assert batch.source.shape == (2, 3, 1, 1)


def test_validation_goes_through_every_image_whole_and_in_order() -> None:
    batches = list(validation_batches(Numbers(), CPU))
    assert [batch.names for batch in batches] == [(f"number {index}",) for index in range(5)]
    assert all(batch.target.max() == 0 for batch in batches)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."),
        RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly"),
        RuntimeError("received 0 items of ancdata"),
        RuntimeError("unable to open shared memory object </torch_7_1> in read-write mode: No such file or directory"),
        ConnectionResetError(104, "Connection reset by peer"),
        EOFError(),
    ],
    ids=repr,
)
def test_the_death_of_a_worker_is_told_with_a_remedy(error: Exception) -> None:
    with (
        pytest.raises(FatalError, match=r"has died .*go on with --resume and fewer --workers"),
        watch_workers(OSError, EOFError),
    ):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("expected a tensor"),
        RuntimeError("Caught RuntimeError in DataLoader worker process 0."),
        OSError("Caught OSError in DataLoader worker process 0."),
        ValueError("DataLoader worker (pid 7)"),
    ],
    ids=repr,
)
def test_what_a_living_worker_or_a_network_raises_is_left_alone(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, watch_workers(OSError, EOFError):
        raise error
    assert raised.value is error


def test_an_error_of_the_dataset_comes_as_it_is() -> None:
    class Broken(Numbers):
        def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
            raise DataError(f"number {index} is torn")

    with pytest.raises(FatalError, match=r"^number \d is torn\. Then go on with --resume.$"):
        next(training_batches(Broken(), 2, 0, 0, CPU, workers=0))


class Shaped(Numbers):
    """Samples whose condition has the shapes that are given, one after another; None is no condition."""

    def __init__(self, *shapes: tuple[int, ...] | None) -> None:
        super().__init__(len(shapes))
        self.shapes = shapes

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        shape = self.shapes[index]
        condition = {} if shape is None else {"style": torch.zeros(shape)}
        return Sample(torch.zeros(3, 8, 8), torch.zeros(3, 8, 8), condition, name=f"{index}.png")


def test_pictures_of_two_sizes_are_no_batch_and_the_error_names_them() -> None:
    with pytest.raises(FatalError, match=r"condition 'style' of .\.png is \(3, 8, .\), and that of .\.png"):
        next(training_batches(Shaped((3, 8, 8), (3, 8, 9)), 2, 0, 0, CPU, workers=0))


def test_a_sample_without_the_condition_of_the_others_is_named() -> None:
    with pytest.raises(FatalError, match=r"1\.png has no condition 'style', which others of its batch have"):
        next(training_batches(Shaped((3, 8, 8), None), 2, 0, 0, CPU, workers=0))


def test_pictures_of_every_size_are_validated_one_by_one() -> None:
    batches = validation_batches(Shaped((3, 8, 8), (3, 5, 9)), CPU)
    assert [tuple(batch.condition["style"].shape) for batch in batches] == [(1, 3, 8, 8), (1, 3, 5, 9)]
