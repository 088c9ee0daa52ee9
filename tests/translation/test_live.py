"""The newest frame, and how it is shown: real clips, networks whose answers and durations are known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np
import pytest
from torch import Tensor
from torch.nn.functional import interpolate

from img2img import Model, PluginHost
from img2img.errors import Img2ImgError, TranslationError, UsageError, VideoError
from img2img.inference.filtering import Chain
from img2img.live.live import Counts, Latest, Shot, live, shots_of
from img2img.media.clip.animation import AnimationReader
from img2img.media.video.reader import VideoReader

from ..video import clips, picture, special

FRAMES, RATE = 20, 25


class Recorder:
    """A screen that keeps what it shows; its user closes it after so many frames, or looks."""

    def __init__(self, frames: float = float("inf"), looks: float = float("inf")) -> None:
        self.pairs: list[tuple[Any, Any]] = []
        self.frames, self.looks, self.counts = frames, looks, Counts()

    def show(self, before: Any, after: Any, counts: Counts) -> None:
        self.pairs.append((before, after))
        self.counts = counts

    def heed(self) -> bool:
        self.looks -= 1
        return len(self.pairs) < self.frames and self.looks > 0

    @property
    def numbers(self) -> list[int]:
        return [picture.number(before) for before, _ in self.pairs]


def never() -> bool:
    return False


@pytest.fixture
def clip(tmp_path: Path) -> Iterator[VideoReader]:
    with VideoReader(clips.write(tmp_path / "clip.mp4", frames=FRAMES, rate=RATE)) as reader:
        yield reader


@pytest.fixture
def slow(make: Any) -> Callable[[float], Model]:
    """Inverts, and takes so many seconds for it."""

    def slow(seconds: float) -> Model:
        def network(images: Tensor) -> Tensor:
            time.sleep(seconds)
            return 1 - images

        return make.model(make.translator(network))

    return slow


def at_once(*pictures: Any) -> Iterator[Shot]:
    return (Shot(0.05 * number, 0.05, lambda pixels=pixels: pixels) for number, pixels in enumerate(pictures))


def test_a_slow_model_drops_frames_and_the_clip_takes_its_own_time(
    clip: VideoReader, slow: Callable[[float], Model]
) -> None:
    screen = Recorder()
    began = time.perf_counter()
    counts = live(slow(0.1), {}, shots_of(clip), screen, never)
    passed = time.perf_counter() - began

    duration = FRAMES / RATE
    assert duration <= passed < duration + 0.8
    assert counts.shown + counts.dropped == FRAMES
    assert counts.shown == len(screen.pairs) <= duration / 0.1 + 2
    assert counts.dropped > 0
    assert counts.rate == pytest.approx(counts.shown / passed, rel=0.3)
    assert screen.numbers == sorted(set(screen.numbers)), "a frame came twice, or after a later one"
    assert screen.numbers[-1] == FRAMES - 1, "the last is shown, since none is newer"


def test_each_frame_is_shown_with_its_own_translation(clip: VideoReader, slow: Callable[[float], Model]) -> None:
    screen = Recorder()
    live(slow(0), {}, shots_of(clip), screen, never)
    assert len(screen.pairs) > FRAMES / 2
    for before, after in screen.pairs:
        assert before.shape == (64, 96, 3)
        np.testing.assert_array_equal(after, 255 - before)


def test_what_is_dropped_is_not_even_converted(clip: VideoReader, slow: Callable[[float], Model]) -> None:
    converted = []

    def watched() -> Iterator[Shot]:
        for number, shot in enumerate(shots_of(clip)):
            yield shot._replace(picture=lambda shot=shot, number=number: converted.append(number) or shot.picture())

    screen = Recorder()
    live(slow(0.1), {}, watched(), screen, never)
    assert converted == screen.numbers
    assert len(converted) < FRAMES


def test_a_clip_of_any_times_keeps_them_however_late_it_begins(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "clip.mkv", times=(0, 100, 150, 600), time_base=Fraction(1, 1000), start=10)
    began = time.perf_counter()
    with VideoReader(path) as reader, Latest(shots_of(reader)) as latest:
        taken = []
        while len(taken) < 4:
            if latest.take(1):
                taken.append(time.perf_counter() - began)
    passed = np.diff(taken)
    assert passed == pytest.approx([0.1, 0.05, 0.45], abs=0.045)
    assert taken[0] < 1


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
        assert np.abs(before - pixels[..., :3] / scale).max() <= 0.5


def test_steady_blends_a_flickering_model(make: Any, host: PluginHost) -> None:
    light = iter([0.3, 0.5] * 50)
    model = make.model(make.translator(lambda images: 0.5 * images + next(light)))
    still = np.repeat(np.repeat(make.picture(8, 8), 8, axis=0), 8, axis=1)

    def flicker(*filters: str) -> float:
        screen = Recorder()
        live(model, {}, at_once(*[still] * 6), screen, never, filters=Chain.parse(filters, host))
        assert len(screen.pairs) > 3
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


def test_a_filter_that_fails_ends_it_and_is_named(make: Any, marked_host: PluginHost) -> None:
    chain = Chain.parse(["broken:how=raise"], marked_host)
    model = make.model(make.translator(lambda images: images))
    with pytest.raises(TranslationError, match="the filter 'img2img-marks/broken' failed: ValueError: no idea"):
        live(model, {}, at_once(make.picture()), Recorder(), never, filters=chain)


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


def test_a_closed_screen_ends_it_while_a_frame_takes_its_time(make: Any, slow: Callable[[float], Model]) -> None:
    for screen in (Recorder(looks=3), Recorder(frames=1)):
        began = time.perf_counter()
        live(slow(0.3), {}, at_once(*[make.picture()] * 200), screen, never)
        assert time.perf_counter() - began < 3
        assert len(screen.pairs) <= 1


def test_a_wish_to_stop_ends_it_though_nothing_comes(slow: Callable[[float], Model]) -> None:
    ended, asked = Event(), iter([False] * 5 + [True] * 100)

    def nothing() -> Iterator[Shot]:
        ended.wait(30)
        yield from ()

    def stop() -> bool:
        if wanted := next(asked):
            ended.set()
        return wanted

    assert live(slow(0), {}, nothing(), Recorder(), stop).shown == 0


def test_an_error_of_the_source_is_raised_after_the_frames_before_it(make: Any, slow: Callable[[float], Model]) -> None:
    def failing() -> Iterator[Shot]:
        yield from at_once(make.picture())
        raise VideoError("the cable was pulled")

    screen = Recorder()
    with pytest.raises(VideoError, match="the cable was pulled"):
        live(slow(0.05), {}, failing(), screen, never)
    assert len(screen.pairs) == 1


def test_an_error_of_the_network_is_raised(make: Any) -> None:
    model = make.model(make.translator(lambda images: 1 / 0))
    with pytest.raises(TranslationError, match="ZeroDivisionError"):
        live(model, {}, at_once(*[make.picture()] * 100), Recorder(), never)


def test_what_ends_ends_for_good() -> None:
    with Latest(at_once()) as latest:
        for _ in range(2):
            with pytest.raises(EOFError):
                latest.take(1)
    with Latest(iter([Shot(0, 100, never)])) as latest:  # left without waiting for its end
        assert latest.take(1)
        assert latest.take(0) is None
    assert not issubclass(EOFError, Img2ImgError)
