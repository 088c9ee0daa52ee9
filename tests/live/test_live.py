"""The newest frame, and how it is shown: real clips, networks whose answers and durations are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from img2img import Model, PluginHost, Traits, Translator
from img2img.errors import UsageError
from img2img.inference.filtering import Chain
from img2img.live import live as module
from img2img.live.live import Latest, Shot, live, shots_of
from img2img.media.clip.animation import AnimationReader
from img2img.media.video.reader import VideoReader

from ..video import clips, special
from .clock import Clock
from .screens import Recorder, at_once, never

FRAMES, RATE = 20, 25


@pytest.fixture
def clip(tmp_path: Path) -> Iterator[VideoReader]:
    with VideoReader(clips.write(tmp_path / "clip.mp4", frames=FRAMES, rate=RATE)) as reader:
        yield reader


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time in which clips are shown."""
    clock = Clock()
    monkeypatch.setattr(module, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(module, "Condition", lambda: clock)
    monkeypatch.setattr(module, "Thread", clock.thread)
    return clock


@pytest.fixture
def slow(make: Any, clock: Clock) -> Callable[[float], Model]:
    """Inverts, and takes so many seconds for it."""

    def slow(seconds: float) -> Model:
        def network(images: Tensor) -> Tensor:
            clock.sleep(seconds)
            return 1 - images

        return make.model(make.translator(network))

    return slow


def test_a_slow_model_drops_frames_and_the_clip_takes_its_own_time(
    clip: VideoReader, clock: Clock, slow: Callable[[float], Model]
) -> None:
    screen = Recorder()
    counts = live(slow(0.103), {}, shots_of(clip), screen, never)

    newest = [0, *(int(count * 0.103 * RATE) for count in range(1, 8))]
    assert screen.numbers == [*newest, FRAMES - 1], "the last is shown, since none is newer"
    assert (counts.shown, counts.dropped) == (9, FRAMES - 9)
    assert clock.now == pytest.approx(9 * 0.103)
    assert counts.rate == pytest.approx(1 / 0.103)


def test_a_model_that_looks_at_neighbours_sees_the_frames_before(clock: Clock, make: Any) -> None:
    class Weighing(Translator):
        def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
            return (images * torch.tensor([1, 2, 3, 4])[:, None, None, None]).sum(1) / 10

    screen, levels = Recorder(), [10, 200, 50]
    shots = [
        Shot(number, 1, lambda level=level: np.full((4, 4, 3), level, np.uint8))  # type: ignore[misc]
        for number, level in enumerate(levels)
    ]
    live(make.model(Weighing(torch.nn.Identity(), Traits(window=(2, 1)))), {}, iter(shots), screen, never)
    assert [int(after[0, 0, 0]) for _, after in screen.pairs] == [10, 143, 76]


def test_a_quick_model_shows_each_frame_at_its_time_with_its_own_translation(
    clip: VideoReader, clock: Clock, slow: Callable[[float], Model]
) -> None:
    screen = Recorder()
    counts = live(slow(0), {}, shots_of(clip), screen, never)
    assert screen.numbers == list(range(FRAMES))
    assert counts.dropped == 0
    assert clock.now == pytest.approx(FRAMES / RATE), "the last stays as long as any"
    for before, after in screen.pairs:
        assert before.shape == (64, 96, 3)
        np.testing.assert_array_equal(after, 255 - before)


def test_what_is_dropped_is_not_even_converted(clip: VideoReader, slow: Callable[[float], Model]) -> None:
    converted = []

    def watched() -> Iterator[Shot]:
        for number, shot in enumerate(shots_of(clip)):
            yield shot._replace(picture=lambda shot=shot, number=number: converted.append(number) or shot.picture())

    screen = Recorder()
    live(slow(0.103), {}, watched(), screen, never)
    assert converted == screen.numbers
    assert len(converted) < FRAMES


def test_a_clip_of_any_times_keeps_them_however_late_it_begins(tmp_path: Path, clock: Clock) -> None:
    path = clips.write(tmp_path / "clip.mkv", times=(0, 100, 150, 600), time_base=Fraction(1, 1000), start=10)
    taken: list[float] = []
    with VideoReader(path) as reader, Latest(shots_of(reader)) as latest:
        while len(taken) < 4:
            if latest.take(1):
                taken.append(clock.now)
    assert taken == pytest.approx([0, 0.1, 0.15, 0.6])


def test_a_source_that_comes_late_is_shown_at_once_and_the_rest_in_time(
    clock: Clock, make: Any, slow: Callable[[float], Model]
) -> None:
    def late() -> Iterator[Shot]:
        for number in range(4):
            clock.sleep(0.12 if number == 1 else 0)
            yield Shot(0.05 * number, 0.05, lambda: shown.append(clock.now) or make.picture())

    shown: list[float] = []
    live(slow(0), {}, late(), Recorder(), never)
    assert shown == pytest.approx([0, 0.12, 0.15])


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_is_a_clip_too(name: str, tmp_path: Path, slow: Callable[[float], Model]) -> None:
    screen = Recorder()
    with AnimationReader(special.animation(tmp_path / name, frames=4, milliseconds=50)) as reader:
        counts = live(slow(0), {}, shots_of(reader), screen, never)
    assert counts.shown + counts.dropped == 4
    assert screen.numbers[-1] == 3


def test_before_is_brought_to_the_height_of_after(enlarger: Model, make: Any) -> None:
    screen, pixels = Recorder(), np.repeat(np.repeat(make.picture(6, 8), 5, axis=0), 5, axis=1)
    live(enlarger, {}, at_once(pixels), screen, never)
    ((before, after),) = screen.pairs
    assert before.shape == after.shape == (60, 80, 3)
    np.testing.assert_array_equal(after[5::10, 5::10], 255 - pixels[2::5, 2::5])
    assert np.abs(before[5::10, 5::10].astype(int) - pixels[2::5, 2::5]).max() <= 2


def test_a_model_that_reduces_is_shown_at_its_own_size(make: Any) -> None:
    model = make.model(make.translator(lambda images: interpolate(images, scale_factor=0.5, mode="area"), scale=0.5))
    screen = Recorder()
    live(model, {}, at_once(make.picture(40, 60)), screen, never)
    ((before, after),) = screen.pairs
    assert before.shape == after.shape == (20, 30, 3)


@pytest.mark.parametrize(("width", "expected"), [(24, (16, 24, 3)), (96, (64, 96, 3)), (500, (64, 96, 3))])
def test_only_what_is_wider_is_reduced(
    width: int, expected: tuple[int, int, int], clip: VideoReader, slow: Callable[[float], Model]
) -> None:
    screen = Recorder(frames=1)
    live(slow(0), {}, shots_of(clip), screen, never, width=width)
    assert {pixels.shape for pixels in screen.pairs[0]} == {expected}


def test_all_kinds_of_pixels_are_shown_in_8_bits_and_colour(make: Any) -> None:
    grey = make.model(make.translator(lambda images: 1 - images, channels_in=1, channels_out=1))
    for pixels in (make.picture(dtype=np.uint16), make.picture(channels=4), make.picture()):
        screen = Recorder()
        live(grey, {}, at_once(pixels), screen, never)
        ((before, after),) = screen.pairs
        assert before.shape == after.shape == (12, 16, 3)
        assert before.dtype == after.dtype == np.uint8
        scale = 257 if pixels.dtype == np.uint16 else 1
        opacity = pixels[..., 3:] / 255 if pixels.shape[2] == 4 else 1
        assert np.abs(before - (pixels[..., :3] / scale * opacity + 255 * (1 - opacity))).max() <= 0.5 + 1e-6


def test_steady_blends_a_flickering_model(make: Any, host: PluginHost, clock: Clock) -> None:
    light = iter([0.3, 0.5] * 50)
    model = make.model(make.translator(lambda images: 0.5 * images + next(light)))
    still = np.repeat(np.repeat(make.picture(8, 8), 8, axis=0), 8, axis=1)

    def flicker(*filters: str) -> float:
        screen = Recorder()
        live(model, {}, at_once(*[still] * 6), screen, never, filters=Chain.parse(filters, host))
        assert len(screen.pairs) == 6
        levels = [after.mean() for _, after in screen.pairs]
        return float(np.abs(np.diff(levels)).mean())

    assert flicker("steady") < flicker() / 2


def test_filters_are_around_the_model_and_the_frame_before_it_is_shown_as_it_came(
    make: Any, marked_host: PluginHost
) -> None:
    model, pixels, screen = make.model(make.translator(make.Enlarge(2))), make.picture(), Recorder()
    live(model, {}, at_once(pixels), screen, never, filters=Chain.parse(["add:side=before", "count"], marked_host))
    ((before, after),) = screen.pairs
    assert np.array_equal(
        before[::2, ::2], cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)[::2, ::2]
    )
    assert np.array_equal(after[::2, ::2], 255 - (pixels + np.uint8(2)) + np.uint8(10))


def test_conditions_reach_the_model_and_wrong_ones_are_refused_before_anything_is_read(
    make: Any, tinted_host: Any, tmp_path: Path
) -> None:
    from img2img import load_model

    model = load_model(make.tinter(tmp_path / "tinter.safetensors"), device="cpu", host=tinted_host)
    black, screen = np.zeros((4, 4, 3), np.uint8), Recorder()
    live(model, {"tint": "green"}, at_once(black), screen, never)
    assert screen.pairs[0][1][0, 0].tolist() == [0, 51, 0]
    with pytest.raises(UsageError, match="needs the condition 'tint'"):
        live(model, {}, iter(lambda: pytest.fail("it was read"), 0), screen, never)
