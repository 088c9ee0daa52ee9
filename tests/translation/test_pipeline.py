"""The stages beside each other: what goes together, what waits, what is lost when something fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from img2img.inference import stream
from img2img.translation import pipeline as stages
from img2img.translation.place import Place
from img2img.translation.report import Item

Run = Callable[..., list[Item]]


def statuses(items: Sequence[Item]) -> list[str]:
    return [item.status for item in items]


def recorder(seen: list[tuple[int, ...]]) -> Callable[[Tensor], Tensor]:
    return lambda images: seen.append((len(images), *images.shape[2:])) or images


def test_images_of_one_size_go_together_across_files(run: Run) -> None:
    seen: list[tuple[int, ...]] = []
    items = run(recorder(seen), [(8, 9)] * 10, batch_size=4)
    assert seen == [(4, 8, 9), (4, 8, 9), (2, 8, 9)]
    assert statuses(items) == ["done"] * 10


def test_images_of_two_sizes_that_alternate_still_fill_batches(run: Run) -> None:
    seen: list[tuple[int, ...]] = []
    run(recorder(seen), [(8, 9), (9, 8)] * 6, batch_size=3)
    assert sorted(seen) == [(3, 8, 9), (3, 8, 9), (3, 9, 8), (3, 9, 8)]


def test_images_of_different_depth_do_not_go_together(run: Run) -> None:
    seen: list[tuple[int, ...]] = []
    run(recorder(seen), [(8, 9, 3, "uint8"), (8, 9, 3, "uint16")] * 2, batch_size=4)
    assert seen == [(2, 8, 9), (2, 8, 9)]


def test_images_of_many_sizes_do_not_pile_up_while_they_wait(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PENDING", 8)
    alive = Alive(monkeypatch)
    items = run(lambda images: images, [(1 + n % 40, 2) for n in range(120)])
    assert statuses(items) == ["done"] * 120
    assert alive.most < 40


def test_small_images_are_batched_by_themselves(run: Run) -> None:
    seen: list[tuple[int, ...]] = []
    run(recorder(seen), [(8, 9)] * 30)
    assert seen == [(30, 8, 9)]


class Alive:
    """Counts the images between decoding and writing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float = 0) -> None:
        self.now = self.most = 0
        lock = threading.Lock()

        def count(change: int) -> None:
            with lock:
                self.now += change
                self.most = max(self.most, self.now)

        decode = stages.decode_image  # type: ignore[attr-defined]

        def decoded(*arguments: Any) -> Any:
            image = decode(*arguments)
            count(1)
            return image

        write = Place.write

        def written(*arguments: Any) -> None:
            time.sleep(seconds)
            write(*arguments)
            count(-1)

        monkeypatch.setattr(stages, "decode_image", decoded)
        monkeypatch.setattr(Place, "write", written)


def test_a_slow_disk_holds_up_the_decoders(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PENDING", 16)
    alive = Alive(monkeypatch, seconds=0.004)
    run(lambda images: images, [(4, 4)] * 200, batch_size=2)
    assert alive.now == 0
    assert alive.most < 50, "memory grows with the number of files"


def test_large_images_are_held_back_by_their_bytes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    bytes_of_one = 2 * 64 * 64 * 3
    monkeypatch.setattr(stream, "MEMORY", 16 * bytes_of_one)
    alive = Alive(monkeypatch, seconds=0.005)
    run(lambda images: images, [(64, 64)] * 60)
    assert alive.most <= 4 + 4 + 8 + 2 * 3, "decoded, waiting, in flight, in the decoders"


def test_decoders_do_not_run_ahead_of_the_memory(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MEMORY", 16 * 2 * 64 * 64 * 3)
    alive = Alive(monkeypatch)

    def dawdle() -> bool:  # where the decoded images are fetched
        time.sleep(0.003)
        return False

    run(lambda images: images, [(64, 64)] * 60, stop=dawdle)
    assert alive.most <= 4 + 4 + 8 + 2 * 3


def test_an_image_that_is_larger_than_all_the_memory_passes_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MEMORY", 100)
    assert statuses(run(lambda images: images, [(64, 64)] * 5)) == ["done"] * 5


def test_decoding_goes_on_while_the_network_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    third = threading.Event()
    decode = stages.decode_image  # type: ignore[attr-defined]

    def watch(data: bytes, name: str, limit: int) -> Any:
        decoded.append(name)
        if len(decoded) >= 3:
            third.set()
        return decode(data, name, limit)

    monkeypatch.setattr(stages, "decode_image", watch)

    def wait(images: Tensor) -> Tensor:
        assert third.wait(60), "the network waits for all images before it"
        return images

    assert statuses(run(wait, [(8, 9)] * 4, batch_size=1)) == ["done"] * 4


def test_encoding_goes_on_while_the_network_runs(run: Run, tmp_path: Path) -> None:
    calls: list[int] = []

    def wait(images: Tensor) -> Tensor:
        calls.append(1)
        deadline = time.monotonic() + 60
        while len(calls) == 3 and not (tmp_path / "out" / "000.png").exists():
            assert time.monotonic() < deadline, "nothing is written before the network is through"
            time.sleep(0.01)
        return images

    assert statuses(run(wait, [(8, 9)] * 3, batch_size=1)) == ["done"] * 3
