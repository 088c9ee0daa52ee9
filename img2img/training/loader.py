"""Batches for a run, in an order that depends on the seed and the position alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from img2img.contract.data import Batch, Sample
from img2img.contract.data import Dataset as FamilyDataset
from img2img.errors import DataError, FatalError, Img2ImgError

Key = tuple[int, int]
"""Epoch and index."""

_DEATHS = ("DataLoader worker (pid", "items of ancdata", "shared memory")
"""Torch's messages when a worker was killed: at any time, while it handed over a tensor, and after that."""


def training_batches(
    dataset: FamilyDataset, batch_size: int, seed: int, start: int, device: torch.device, workers: int
) -> Iterator[Batch]:
    """Yield batches without end, beginning with number `start`, as if the ones before had been drawn.

    Each epoch goes through the data once in a new order; a sample's chance is seeded by (seed, epoch, index). Nothing
    is remembered, so that a run goes on where it was whatever the number of workers.

    Raises:
        FatalError: An item of the dataset cannot be used, or a process that reads data has died.
    """
    loader: DataLoader[Any] = DataLoader(
        _Keyed(dataset, seed),
        batch_sampler=_Order(len(dataset), batch_size, seed, start),
        collate_fn=_collate_or_fail,
        num_workers=workers,
        generator=torch.Generator(),  # or it would draw its own seed from the run's random numbers
    )
    batches = iter(loader)
    while True:
        with watch_workers(*((OSError, EOFError) if workers else ())):  # a dead worker's socket is broken
            batch = next(batches)
        if isinstance(batch, Img2ImgError):
            raise FatalError(f"{str(batch).rstrip('.')}. Then go on with --resume.") from batch
        yield to_device(batch, device)


@contextmanager
def watch_workers(*signs: type[Exception]) -> Iterator[None]:
    """Turn the death of a worker, which torch raises wherever this process happens to be, into an error with a remedy.

    Args:
        signs: Exceptions that tell of such a death as well.

    Raises:
        FatalError: A process that reads data has died.
    """
    kinds: tuple[type[Exception], ...] = (RuntimeError, *signs)
    try:
        yield
    except kinds as error:
        reported = not isinstance(error, RuntimeError) or any(words in str(error) for words in _DEATHS)
        if not reported or "in DataLoader worker process" in str(error):  # the latter is what a living one raised
            raise
        raise FatalError(
            f"a process that reads training data has died ({error}), perhaps for want of memory; "
            "go on with --resume and fewer --workers, or none"
        ) from error


def validation_batches(dataset: FamilyDataset, device: torch.device) -> Iterator[Batch]:
    """Yield every image, whole, one to a batch."""
    for index in range(len(dataset)):
        yield to_device(collate([dataset.sample(index, None)]), device)


def collate(samples: list[Sample]) -> Batch:
    """Stack samples of one size to a batch.

    Raises:
        DataError: They differ in size, or in which conditions they have.
    """
    sources, targets = [sample.source for sample in samples], [sample.target for sample in samples]
    conditions = {
        name: [sample.condition.get(name) for sample in samples]
        for name in dict.fromkeys(name for sample in samples for name in sample.condition)
    }
    return Batch(
        _stack(sources, "source", samples),
        _stack(targets, "target", samples),
        {name: _stack(rows, f"condition {name!r}", samples) for name, rows in conditions.items()},
        tuple(sample.name for sample in samples),
        tuple(sample.target_name or sample.name for sample in samples),
    )


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Move a batch to the device, images in channels-last order."""

    def move(images: Tensor) -> Tensor:
        """Move one tensor of images, or of noise."""
        order = torch.channels_last if images.ndim == 4 else torch.preserve_format
        return images.to(device, memory_format=order)

    condition: Mapping[str, Tensor] = {
        name: move(rows) if rows.ndim == 4 else rows.to(device) for name, rows in batch.condition.items()
    }
    return replace(batch, source=move(batch.source), target=move(batch.target), condition=condition)


def _stack(rows: Sequence[Tensor | None], what: str, samples: list[Sample]) -> Tensor:
    first = rows[0]
    for row, sample in zip(rows, samples, strict=True):
        if row is None or first is None:
            lacking = next(sample for row, sample in zip(rows, samples, strict=True) if row is None)
            raise DataError(f"{lacking.name or 'a sample'} has no {what}, which others of its batch have; give it one")
        if row.shape != first.shape:
            raise DataError(
                f"the samples of a batch need one shape, but the {what} of {samples[0].name or 'one'} is "
                f"{tuple(first.shape)}, and that of {sample.name or 'another'} {tuple(row.shape)}; let the dataset "
                "crop both to one size, or train with -o batch_size=1"
            )
    return torch.stack([row for row in rows if row is not None])


def _collate_or_fail(samples: list[Sample | Img2ImgError]) -> Batch | Img2ImgError:
    failed = next((sample for sample in samples if isinstance(sample, Img2ImgError)), None)
    try:
        return failed or collate([sample for sample in samples if isinstance(sample, Sample)])
    except DataError as error:
        return error


class _Keyed(Dataset[Sample | Img2ImgError]):
    """Samples by key; an error is handed over as it is, for torch would wrap what a worker raises in its traceback."""

    def __init__(self, dataset: FamilyDataset, seed: int) -> None:
        self.dataset, self.seed = dataset, seed

    def __getitem__(self, key: Key) -> Sample | Img2ImgError:
        epoch, index = key
        chance = np.random.default_rng((self.seed, epoch, index + 1))  # 0 would be the chance of the epoch's order
        try:
            return self.dataset.sample(index, chance)
        except Img2ImgError as error:
            return error


class _Order(Sampler[list[Key]]):
    """Lists of (epoch, index) from batch number `start` on; a batch may end one epoch and begin the next."""

    def __init__(self, length: int, batch_size: int, seed: int, start: int) -> None:
        self.length, self.batch_size, self.seed, self.start = length, batch_size, seed, start

    def __iter__(self) -> Iterator[list[Key]]:
        keys = self._keys(self.start * self.batch_size)
        while True:
            yield [next(keys) for _ in range(self.batch_size)]

    def _keys(self, position: int) -> Iterator[Key]:
        epoch, offset = divmod(position, self.length)
        while True:
            order = np.random.default_rng((self.seed, epoch)).permutation(self.length)
            for index in order[offset:]:
                yield epoch, int(index)
            epoch, offset = epoch + 1, 0
