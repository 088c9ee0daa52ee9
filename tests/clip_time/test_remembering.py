"""Networks that remember the frames before, of this clip and of no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import img2img
from img2img import Model, PluginHost, Traits
from img2img.errors import TranslationError
from img2img.host.declarations import Plugin
from img2img.inference.device import Device
from img2img.inference.executor import Executor
from img2img.inference.memory import Memory

from .networks import LEVELS, Adding

Clip = Callable[..., Any]


def summed(levels: list[int]) -> list[int]:
    total = torch.zeros(())
    found = []
    for level in levels:
        total = (torch.tensor(level, dtype=torch.float32).div(255) + total).to(torch.bfloat16)
        found.append(round(min(1.0, float(total) / 16) * 255))
    return found


@pytest.mark.parametrize("at", [5, 13])
def test_a_network_that_remembers_goes_on_to_the_same_frames(
    at: int, adding: Model, clip: Clip, stopped_at: Callable[..., None]
) -> None:
    whole = clip(adding, LEVELS)
    assert whole == summed(LEVELS)
    stopped_at(at, adding, LEVELS)
    assert clip(adding, LEVELS, "again") == whole


def test_each_clip_begins_anew_after_a_stop_as_well(adding: Model, clip: Clip, stopped_at: Callable[..., None]) -> None:
    whole = clip(adding, LEVELS[:4])
    stopped_at(2, adding, LEVELS[:4], "other")
    assert clip(adding, LEVELS[:4], "third") == whole
    translator = adding.translator
    assert isinstance(translator, Adding)
    assert translator.calls[:5] == ["begin", *["frame"] * 4]


def test_pictures_translated_in_the_middle_of_a_clip_change_nothing_in_it(
    adding: Model, clip: Clip, marked_host: PluginHost
) -> None:
    whole = clip(adding, LEVELS)

    class Nosy:
        @img2img.hookimpl
        def frame_translated(self) -> None:
            adding(np.full((4, 4, 3), 200, np.uint8))

    marked_host.register(Nosy(), Plugin("nosy", "img2img-nosy", "1"))
    assert clip(adding, LEVELS, "again") == whole


def test_each_image_of_a_job_begins_anew(adding: Model, tmp_path: Path, make: Any, host: PluginHost) -> None:
    make.folder(tmp_path / "in", 5)
    img2img.translate(tmp_path / "in", tmp_path / "out", model=adding, host=host)
    for path in (tmp_path / "in").rglob("*.png"):
        result = make.load(tmp_path / "out" / path.relative_to(tmp_path / "in"))
        assert np.array_equal(result, adding(make.load(path)))
        assert np.abs(result - make.load(path) / 16.0).max() <= 1  # nothing of another picture is in it


def test_a_batch_of_tensors_is_translated_one_by_one_and_from_the_beginning(adding: Model) -> None:
    images = torch.rand(3, 3, 4, 5)
    together = adding(images)
    assert torch.equal(together, torch.cat([adding(image[None]) for image in images]))


class Nan16(nn.Module):
    """Returns NaN for the third picture, unless autocast is off."""

    seen = 0

    def forward(self, images: Tensor) -> Tensor:
        self.seen += 1
        return images * (float("nan") if self.seen == 3 and torch.is_autocast_enabled("cpu") else 1)


class Hungry(nn.Module):
    """Has no memory for the second and the fourth try."""

    seen = 0

    def forward(self, images: Tensor) -> Tensor:
        self.seen += 1
        if self.seen in (2, 4):
            raise torch.OutOfMemoryError("out of memory")
        return images


@pytest.mark.parametrize(("network", "precision"), [(Nan16, torch.bfloat16), (Nan16, torch.float32)])
def test_a_frame_that_is_done_again_begins_from_the_state_before(
    network: type[nn.Module], precision: torch.dtype
) -> None:
    executor = Executor(Adding(network(), Traits(remembers=True)), Device(precision=precision))
    memory = Memory()
    frames = [np.full((1, 4, 4, 3), level, np.uint8) for level in LEVELS[:6]]
    found = [int(executor.run(frame, memory=memory)[0, 0, 0, 0]) for frame in frames]
    executor.close()
    assert found == summed(LEVELS[:6])


def test_a_frame_that_fails_leaves_the_memory_as_it_was(make: Any) -> None:
    executor = Executor(Adding(Hungry(), Traits(remembers=True)), Device())
    memory, found = Memory(), []
    for level in LEVELS[:4]:
        frame = np.full((1, 4, 4, 3), level, np.uint8)
        try:
            executor.run(frame, memory=memory)
        except TranslationError:
            found.append(int(executor.run(frame, memory=memory)[0, 0, 0, 0]))
    executor.close()
    assert found == [summed(LEVELS[:2])[1], summed(LEVELS[:3])[2]]


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([1.5, -0.0, float("nan")], dtype=torch.bfloat16),
        torch.tensor(3.25, dtype=torch.float16),
        torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        torch.tensor([True, False]),
        torch.tensor(7),
        torch.tensor([1 + 2j]),
        torch.zeros(0, 3),
        torch.rand(4).to(torch.float8_e4m3fn),
    ],
    ids=lambda value: str(value.dtype),
)
def test_a_memory_of_every_type_comes_back_from_the_disk_to_the_bit(value: Tensor) -> None:
    memory, again = Memory(), Memory()
    memory.state = {"a.b": value}
    again.load(memory.store(), torch.device("cpu"))
    back = again.state["a.b"]
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    assert again.store().keys() == memory.store().keys()
    assert all(np.array_equal(again.store()[key], memory.store()[key]) for key in memory.store() if value.numel() != 1)
    assert back.reshape(-1).tolist()[:1] == value.reshape(-1).tolist()[:1]


def test_a_state_of_anything_but_tensors_is_refused_with_a_reason(make: Any) -> None:
    class Wrong(Adding):
        def state(self) -> Any:
            return {"hidden": [1, 2]}

    model = make.model(Wrong(nn.Identity(), Traits(remembers=True)))
    with pytest.raises(TranslationError, match=r"state\(\) of the model returned 'hidden': list"):
        model(np.zeros((4, 4, 3), np.uint8))
