"""What fails in the stages, what it costs, and how they come to rest."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from img2img.errors import Stopped, WriteError
from img2img.inference import picture
from img2img.translation import pipeline as stages
from img2img.translation.place import Place
from img2img.translation.report import Item

Run = Callable[..., list[Item]]


def statuses(items: Sequence[Item]) -> list[str]:
    return [item.status for item in items]


def test_an_image_on_which_the_network_fails_is_lost_alone(run: Run, make: Any, tmp_path: Path) -> None:
    guilty = torch.from_numpy(make.picture(8, 9)).permute(2, 0, 1) / 255
    make.save(tmp_path / "in" / "guilty.png", make.picture(8, 9))

    def fail(images: Tensor) -> Tensor:
        if any(torch.allclose(image, guilty, atol=1e-3) for image in images):
            raise ValueError("I do not like this one")
        return images

    others = [(8, 9, 3, "uint8", seed) for seed in range(1, 8)]
    items = run(
        fail, others, items=[Item(tmp_path / "in" / "guilty.png", tmp_path / "out" / "guilty.png")], batch_size=8
    )
    assert statuses(items) == ["failed"] + ["done"] * 7
    assert items[0].reason == f"{items[0].source}: the network failed: ValueError: I do not like this one"
    assert not items[0].target.exists()


def test_files_that_cannot_be_read_are_lost_alone_and_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    items = []
    for name, data in (("empty.png", b""), ("text.png", b"no image"), ("gone.png", None)):
        items.append(Item(tmp_path / "in" / name, tmp_path / "out" / name))
        if data is not None:
            items[-1].source.write_bytes(data)
    run(lambda images: images, [(8, 9)] * 3, items=items)
    assert statuses(items) == ["failed"] * 3 + ["done"] * 3
    assert all(str(item.source) in item.reason for item in items[:3])


@pytest.mark.parametrize("stage", ["decode_image", "to_network", "from_network", "encode_image"])
def test_an_image_that_does_not_fit_the_memory_is_lost_alone(
    stage: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    home = picture if stage.endswith("_network") else stages
    work = getattr(home, stage)

    def fail_once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError("Unable to allocate 3.6 GiB")
        return work(*arguments)

    monkeypatch.setattr(home, stage, fail_once)
    items = run(lambda images: images, [(8, 9)] * 4, codecs=1)
    assert statuses(items) == ["failed"] + ["done"] * 3
    assert "does not fit the memory (Unable to allocate 3.6 GiB)" in items[0].reason


@pytest.mark.parametrize(("tile", "workers"), [(0, 1), (0, 3), (16, 1), (16, 3)])
def test_a_stop_leaves_each_item_done_or_not_reached_and_none_failed(tile: int, workers: int, run: Run) -> None:
    stopping = threading.Event()

    def slow(images: Tensor) -> Tensor:
        time.sleep(0.01)
        return images

    items: list[Item] = []
    with pytest.raises(Stopped, match="the same command goes on from there"):
        run(
            slow,
            [(40, 40)] * 60,  # more than are ever on their way
            stop=stopping.is_set,
            on_items_done=lambda done: stopping.set() if sum(item.status == "done" for item in items) >= 3 else None,
            items=items,
            tile=tile,
            workers=workers,
            batch_size=3,
        )
    assert set(statuses(items)) == {"done", "planned"}
    assert [item.target.exists() for item in items] == [item.status == "done" for item in items]
    assert not list(items[0].target.parent.glob(".img2img-*"))


def test_a_target_that_cannot_be_written_ends_the_job_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    numbers = itertools.count(1)

    def full(place: Place, data: bytes) -> None:
        number = next(numbers)  # two threads write
        written.append(number)
        if number > 5:
            raise WriteError(f"{place.path}: the disk is full")
        write(place, data)

    write = Place.write
    monkeypatch.setattr(Place, "write", full)
    items: list[Item] = []
    with pytest.raises(WriteError, match="the disk is full"):
        run(lambda images: images, [(8, 9)] * 100, items=items, batch_size=2)
    assert statuses(items).count("done") == 5
    assert set(statuses(items)) == {"done", "planned"}
    assert len(written) < 30
    assert [item.target.exists() for item in items] == [item.status == "done" for item in items]


def test_each_item_is_announced_once_in_the_thread_that_asked(run: Run) -> None:
    announced: list[Item] = []
    threads = set()

    def on_items_done(items: Sequence[Item]) -> None:
        announced.extend(items)
        threads.add(threading.current_thread())

    items = run(lambda images: images, [(8, 9)] * 10, on_items_done=on_items_done, batch_size=3)
    assert sorted(announced, key=lambda item: item.source) == items
    assert threads == {threading.current_thread()}


def test_when_an_observer_ends_the_job_the_items_still_tell_what_is_on_the_disk(run: Run) -> None:
    items: list[Item] = []

    def fail(done: Sequence[Item]) -> None:
        deadline = time.monotonic() + 60
        while sum(item.target.exists() for item in items) < 3:  # others come to their end meanwhile
            assert time.monotonic() < deadline, "nothing goes on while an observer is at work"
            time.sleep(0.001)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(lambda images: images, [(8, 9)] * 20, items=items, on_items_done=fail, batch_size=2)
    assert [item.target.exists() for item in items] == [item.status == "done" for item in items]
    assert statuses(items).count("done") >= 3


def test_ctrl_c_without_a_handler_ends_the_job_in_order(run: Run) -> None:
    def interrupt(done: Sequence[Item]) -> None:
        raise KeyboardInterrupt

    items: list[Item] = []
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run(lambda images: images, [(8, 9)] * 20, items=items, on_items_done=interrupt, batch_size=2)
    assert [item.target.exists() for item in items] == [item.status == "done" for item in items]
    assert threading.active_count() == before, "a thread of the job is still there"
