"""The stream: what goes together, in which order it comes back, and what an error costs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from img2img import Traits
from img2img.errors import Stopped, TranslationError, WriteError
from img2img.inference.device import Device
from img2img.inference.executor import Executor
from img2img.inference.picture import Picture
from img2img.inference.stream import Outcome, Stream


@dataclass(frozen=True)
class Page:
    """A work of one grey level; without one, it has no picture."""

    number: int
    level: int | None = None
    side: int = 8
    conditions: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def picture(self) -> Picture | None:
        if self.level is None:
            return None
        return Picture.enter(np.full((self.side, self.side, 3), self.level, np.uint8), Traits())

    @property
    def bytes(self) -> int:
        return self.side**2 * 3


Flow = Stream[Page, int]


def level(page: Page, result: Any) -> int:
    return int(result[0, 0, 0])


@pytest.fixture
def stream(make: Any) -> Iterator[Callable[..., Flow]]:
    made: list[Flow] = []

    def stream(
        network: Callable[[Tensor], Tensor],
        *,
        stop: Callable[[], bool] = lambda: False,
        workers: int = 2,
        **options: Any,
    ) -> Flow:
        executor = Executor(make.translator(network), Device(), workers=workers, batch_size=4)
        made.append(Stream(executor, level, stop, **options))
        return made[-1]

    yield stream
    for one in made:
        one.executor.close()
        one.close()


def never(page: Page) -> bool:
    return False


def invert(images: Tensor) -> Tensor:
    return 1 - images


@pytest.mark.parametrize("finishers", [0, 2])
def test_each_work_comes_back_with_its_own_result(finishers: int, stream: Callable[..., Flow]) -> None:
    pages = [Page(number, number, 8 + number % 3) for number in range(40)]
    found = {outcome.work.number: outcome.result() for outcome in stream(invert, finishers=finishers).by_group(pages)}
    assert found == {number: 255 - number for number in range(40)}


def test_in_order_a_slow_batch_is_waited_for(stream: Callable[..., Flow]) -> None:
    other = threading.Event()

    def wait(images: Tensor) -> Tensor:
        if images[0, 0, 0, 0] == 0:
            assert other.wait(20), "the batch behind the first does not run beside it"
        other.set()
        return images

    pages = [Page(number, number) for number in range(12)]
    found = [outcome.work.number for outcome in stream(wait).in_order(pages, never)]
    assert found == list(range(12))


def test_in_order_batches_end_where_they_are_asked_to(stream: Callable[..., Flow]) -> None:
    seen: list[int] = []
    network = stream(lambda images: seen.append(len(images)) or images, workers=1)
    outcomes = list(network.in_order((Page(number, 1) for number in range(9)), lambda page: page.number == 4))
    assert seen == [4, 1, 4]
    assert len(outcomes) == 9


def test_works_without_a_picture_pass_by_the_network_in_their_place(stream: Callable[..., Flow]) -> None:
    pages = [Page(0), Page(1, 7), Page(2), Page(3)]
    outcomes = list(stream(invert).in_order(pages, never))
    assert [(outcome.work.number, outcome.value) for outcome in outcomes] == [(0, None), (1, 248), (2, None), (3, None)]


def fail_on_nine(images: Tensor) -> Tensor:
    if any(torch.isclose(image.max(), torch.tensor(9 / 255)) for image in images):
        raise ValueError("nine")
    return images


def test_by_group_the_guilty_one_of_a_batch_is_lost_alone(stream: Callable[..., Flow]) -> None:
    outcomes = list(stream(fail_on_nine).by_group([Page(number, number + 6) for number in range(4)]))
    lost = [outcome for outcome in outcomes if outcome.error]
    assert [(outcome.work.number, outcome.is_lost_alone) for outcome in lost] == [(3, True)]
    with pytest.raises(TranslationError, match="nine"):
        lost[0].result()


def test_in_order_a_batch_is_lost_with_one_of_its_works(stream: Callable[..., Flow]) -> None:
    outcomes = list(stream(fail_on_nine).in_order([Page(number, number + 6) for number in range(8)], never))
    assert [outcome.error is not None for outcome in outcomes] == [True] * 4 + [False] * 4


def test_what_is_no_error_of_one_work_ends_the_job() -> None:
    assert Outcome[Page, int](Page(0), error=MemoryError()).is_lost_alone
    assert Outcome[Page, int](Page(0), error=OSError()).is_lost_alone
    assert not Outcome[Page, int](Page(0), error=WriteError()).is_lost_alone


def test_a_stop_ends_the_stream(stream: Callable[..., Flow]) -> None:
    seen: list[Outcome[Page, int]] = []
    network = stream(invert, stop=lambda: len(seen) >= 3)
    with pytest.raises(Stopped, match="the same command goes on from there"):
        seen.extend(network.by_group(Page(number, 1) for number in range(100)))
    assert len(seen) == 3


def test_a_closed_stream_returns_what_nobody_has_seen_and_drops_what_has_not_begun(
    stream: Callable[..., Flow],
) -> None:
    network = stream(invert, workers=1)
    first = next(network.by_group([Page(number, 1) for number in range(12)]))
    network.executor.close()
    numbers = {outcome.work.number for outcome in network.close()}
    assert first.work.number not in numbers
    assert numbers <= set(range(12))
    assert network.close() == network.close(), "a second time, it does nothing"


def test_a_picture_and_its_tiles_share_the_threads_of_the_network(make: Any) -> None:
    threads = set()

    def note(images: Tensor) -> Tensor:
        threads.add(threading.current_thread())
        return images

    executor = Executor(make.translator(note), Device(), tile=16, workers=3)
    network = Stream[Page, int](executor, level, lambda: False)
    assert len(list(network.by_group([Page(number, 1, 64) for number in range(6)]))) == 6
    assert 1 <= len(threads) <= 3
    executor.close()
    network.close()
