"""Networks that look at the frames around a frame, or give several frames for it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import img2img
from img2img import Condition, Model, Traits, Translator
from img2img.errors import TranslationError
from img2img.inference.device import Device
from img2img.inference.executor import Executor
from img2img.media.video.reader import VideoReader
from img2img.nn.sizes import translate_any_size
from img2img.translation.clip_time import divided, lasting, multiplied, with_neighbours

from .networks import LEVELS, Adding, Doubling, Weighing

Clip = Callable[..., Any]


def weighed(levels: list[int], before: int, after: int) -> list[int]:
    """What `Weighing` makes of levels, with the edges repeated."""
    whole = [levels[0]] * before + levels + [levels[-1]] * after
    width = before + 1 + after
    sums = (sum(whole[at + n] * (n + 1) for n in range(width)) for at in range(len(levels)))
    return [min(255, round(each / 16)) for each in sums]


@pytest.mark.parametrize("window", [(0, 1), (1, 0), (1, 1), (2, 1), (0, 4), (7, 0)], ids=str)
def test_a_network_sees_the_frames_around_each_frame(
    window: tuple[int, int], weighing: Callable[..., Model], clip: Clip
) -> None:
    found = clip(weighing(*window), LEVELS)
    assert np.abs(np.subtract(found, weighed(LEVELS, *window))).max() <= 1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_clip_shorter_than_the_window_has_its_edges_repeated(
    count: int, weighing: Callable[..., Model], clip: Clip
) -> None:
    found = clip(weighing(3, 2), LEVELS[:count])
    assert np.abs(np.subtract(found, weighed(LEVELS[:count], 3, 2))).max() <= 1


def test_windows_are_the_same_at_each_edge_of_any_clip() -> None:
    assert [*with_neighbours("abc", 1, 1)] == [("a", "a", "b"), ("a", "b", "c"), ("b", "c", "c")]
    assert [*with_neighbours("a", 1, 2)] == [("a", "a", "a", "a")]
    assert [*with_neighbours("ab", 0, 3)] == [("a", "b", "b", "b"), ("b", "b", "b", "b")]
    assert [*with_neighbours("", 2, 2)] == []


@pytest.mark.parametrize("window", [(0, 2), (2, 0), (1, 1), (6, 0), (0, 7)], ids=str)
@pytest.mark.parametrize("at", [5, 13])
def test_a_stopped_clip_goes_on_to_the_same_frames_with_filters_that_count(
    window: tuple[int, int], at: int, weighing: Callable[..., Model], clip: Clip, stopped_at: Callable[..., None]
) -> None:
    words = ["count", "add:side=before"]
    model = weighing(*window)
    whole = clip(model, LEVELS, filters=words)
    stopped_at(at, model, LEVELS, filters=words)
    assert clip(model, LEVELS, "again", filters=words) == whole


def test_a_clip_of_twice_the_rate_has_the_frames_between(doubling: Model, clip: Clip, tmp_path: Path) -> None:
    found = clip(doubling, [10, 20, 40, 40, 100, 0, 8], rate=20)
    assert found == [10, 15, 20, 30, 40, 40, 40, 70, 100, 50, 0, 4, 8, 8]
    with VideoReader(tmp_path / "out.mkv") as reader:
        assert reader.info.rate == 20
        tick = reader.info.time_base
        times = [(frame.pts * tick, frame.duration * tick) for frame in reader.frames()]
    assert times == [(Fraction(n, 20), Fraction(1, 20)) for n in range(14)]


@pytest.mark.parametrize("at", [1, 12])
def test_a_stopped_clip_of_twice_the_rate_goes_on(
    at: int, doubling: Model, clip: Clip, stopped_at: Callable[..., None]
) -> None:
    whole = clip(doubling, LEVELS, filters=["count"])
    stopped_at(at, doubling, LEVELS, filters=["count"])
    assert clip(doubling, LEVELS, "again", filters=["count"]) == whole


def test_a_filter_behind_the_network_sees_each_result(doubling: Model, clip: Clip) -> None:
    found = clip(doubling, [10, 10, 10], filters=["count"])
    assert found == [11 + 10, 12 + 20, 12 + 30, 12 + 40, 13 + 50, 13 + 60]


def test_times_are_divided_exactly_and_at_the_finest_tick_as_well_as_can_be() -> None:
    info = img2img.media.video.ClipInfo(8, 8, Fraction(1001, 30000), Fraction(30000, 1001))
    frames = [img2img.media.video.Frame(pts, lasts, lambda: np.zeros(()), b"c") for pts, lasts in ((0, 2), (2, 1))]
    finer = multiplied(info, 3)
    assert (finer.time_base, finer.rate) == (Fraction(1001, 90000), Fraction(90000, 1001))
    parts = [divided(n, k, frame, info, 3) for n, frame in enumerate(frames) for k in range(3)]
    times = [(0, 0, 2), (1, 2, 2), (2, 4, 2), (3, 6, 1), (4, 7, 1), (5, 8, 1)]
    assert [(number, frame.pts, frame.duration) for number, frame in parts] == times
    assert [bool(f.captions) for _, f in parts] == [True, False, False] * 2
    finest = img2img.media.video.ClipInfo(8, 8, Fraction(1, 2**31 - 1), Fraction(25))
    assert multiplied(finest, 2).time_base == finest.time_base


def test_a_frame_lasts_no_longer_than_until_the_next_one() -> None:
    frames = [img2img.media.video.Frame(pts, 9, lambda: np.zeros(())) for pts in (0, 4, 20)]
    assert [(frame.pts, frame.duration) for frame in lasting(frames)] == [(0, 4), (4, 9), (20, 9)]


def test_a_single_image_is_a_window_of_itself_and_gets_the_first_result(
    weighing: Callable[..., Model], doubling: Model
) -> None:
    image = np.random.default_rng(0).integers(0, 255, (5, 7, 3), np.uint8)
    assert np.array_equal(doubling(image), image)
    assert np.abs(weighing(1, 2)(image).astype(int) - (image * (10 / 16))).max() <= 0.5001
    tensor = torch.rand(2, 3, 5, 7)
    assert torch.equal(doubling(tensor), tensor)
    windows = torch.rand(2, 2, 3, 5, 7)
    assert doubling(windows).shape == (2, 2, 3, 5, 7)
    assert torch.allclose(doubling(windows)[:, 1], windows.mean(1))
    assert weighing(0, 1)(windows).shape == (2, 3, 5, 7)


def test_a_translator_takes_images_windows_and_clips_of_any_size() -> None:
    doubling = Doubling(nn.Identity(), Traits(window=(0, 1), frames_out=2, multiple_of=4, keeps_colour=True))
    assert translate_any_size(doubling, torch.rand(2, 3, 5, 7)).shape == (2, 3, 5, 7)
    assert translate_any_size(doubling, torch.rand(2, 2, 3, 5, 7)).shape == (2, 2, 3, 5, 7)
    adding = Adding(nn.Identity(), Traits(remembers=True))
    clips = torch.rand(2, 4, 3, 5, 7)
    result = translate_any_size(adding, clips)
    assert result.shape == clips.shape
    assert torch.allclose(result[:, 3], clips.sum(1) / 16, atol=0.01)
    assert torch.equal(translate_any_size(adding, clips[:, 0]), result[:, 0])


def test_each_frame_has_its_own_mask_beside_its_neighbours(
    make: Any, clip: Clip, stopped_at: Callable[..., None], tmp_path: Path
) -> None:
    class Masked(Translator):
        def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
            return images[:, 2] / 2 + conditions["mask"] / 2

    (tmp_path / "masks" / "clip").mkdir(parents=True)
    masks = LEVELS[::-1]
    for number, level in enumerate(masks):
        cv2.imwrite(str(tmp_path / "masks" / "clip" / f"{number:02}.png"), np.full((4, 4), level, np.uint8))
    mask = Condition("what is added", kind="map", channels=1, required=True)
    model = make.model(Masked(nn.Identity(), Traits(window=(1, 1), conditions={"mask": mask}, tiling="exact")))
    given = {"conditions": {"mask": tmp_path / "masks"}}
    whole = clip(model, LEVELS, **given)
    following = [*LEVELS[1:], LEVELS[-1]]
    assert np.abs(np.subtract(whole, np.add(following, masks) / 2)).max() <= 1
    stopped_at(8, model, LEVELS, **given)
    assert clip(model, LEVELS, "again", **given) == whole


@pytest.mark.parametrize("tile", [16, None])
def test_windows_are_cut_into_tiles_with_the_frame(tile: int | None, make: Any) -> None:
    class Convolving(Translator):
        def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
            return torch.as_tensor(self.generator(images.flatten(1, 2)))

    network = make.Convolve(2, channels=9)
    translator = Convolving(network, Traits(scale=2, tiling="exact", halo=3, window=(1, 1)))
    pixels = np.random.default_rng(0).integers(0, 65535, (2, 41, 53, 9), np.uint16)
    results = []
    for side in (None, tile):
        executor = Executor(translator, Device(), side)
        results.append(executor.run(pixels).astype(int))
        executor.close()
    assert np.abs(results[0] - results[1]).max() <= 1


def test_a_grey_frame_stays_grey_whatever_its_neighbours(make: Any, clip: Clip) -> None:
    class Tinting(Translator):
        def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
            return images[:, 1] * torch.tensor([1.0, 0.5, 0.2])[:, None, None]

    model = make.model(Tinting(nn.Identity(), Traits(window=(1, 1), keeps_colour=True)))
    result = model(np.full((4, 4, 3), 100, np.uint8))
    assert (result == result[..., :1]).all()
    windows = torch.rand(1, 3, 3, 4, 4)
    windows[:, 1] = 0.5
    result = model(windows)
    assert (result == result[:, :1]).all()


def test_a_result_of_another_number_of_frames_is_refused(make: Any) -> None:
    model = make.model(Weighing(nn.Identity(), Traits(window=(0, 1), frames_out=2)))
    with pytest.raises(TranslationError, match=r"\(1, 3, 4, 4\) where .* promise \(1, 2, 3, 4, 4\)"):
        model(np.zeros((4, 4, 3), np.uint8))
