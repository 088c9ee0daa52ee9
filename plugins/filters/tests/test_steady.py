"""Flicker leaves a clip; detail, cuts, fades and what was hidden stay, and a resumed clip goes on to the same bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import cv2
import numpy as np
import pytest
from img2img_filters.flow import flow, visible, warp
from img2img_filters.steady import Steady, SteadyOptions

from img2img.errors import ConfigError

from .conftest import DISC, GROUND, HEIGHT, WIDTH, Frame, clip, texture


def model(frame: Frame) -> Frame:
    return 255 - frame


def flickering(frames: Sequence[Frame]) -> list[Frame]:
    """What the model returns if each frame gets another tint, other blotches and another texture."""
    rng = np.random.default_rng(0)
    results = []
    for frame in frames:
        blotches = cv2.resize(rng.normal(0, 15, (4, 5, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        grain = cv2.GaussianBlur(rng.normal(0, 20, (HEIGHT, WIDTH)), (0, 0), 1)[..., None]
        results.append((model(frame) * rng.normal(1, 0.06, 3) + blotches + grain).clip(0, 255).astype(np.uint8))
    return results


def made(**options: float) -> Steady:
    return Steady(SteadyOptions.parse(options))


def steadied(sources: Sequence[Frame], results: Sequence[Frame], stage: Steady | None = None) -> list[Frame]:
    stage = stage or made()
    return [stage.after(source, result) for source, result in zip(sources, results, strict=True)]


def warping_error(sources: Sequence[Frame], results: Sequence[Frame]) -> float:
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in sources]
    errors = []
    for index in range(1, len(grey)):
        motion = flow(grey[index], grey[index - 1], "medium")
        seen = visible(motion, flow(grey[index - 1], grey[index], "medium")) > 0
        change = results[index] - warp(results[index - 1].astype(np.float32), motion)
        errors.append((change[seen] ** 2).mean())
    return float(np.mean(errors))


def unrest(results: Sequence[Frame], truth: Sequence[Frame]) -> float:
    """Mean square of how the error changes from frame to frame."""
    errors = np.stack(results).astype(np.float32) - np.stack(truth)
    return float(np.square(np.diff(errors, axis=0)).mean())


def detail(frame: Frame) -> float:
    return float(cv2.Laplacian(frame, cv2.CV_32F).var())


def to_16_bit(frame: Frame) -> Frame:
    """Values that 8 bit do not have."""
    return frame.astype(np.uint16) * 257 - frame // 3


def same(some: Sequence[Frame], others: Sequence[Frame]) -> Iterator[bool]:
    return map(np.array_equal, some, others)


def test_at_strength_0_nothing_changes() -> None:
    frames, results = clip(3), flickering(clip(3))
    assert all(same(steadied(frames, results, made(strength=0)), results))


@pytest.mark.parametrize("strength", [-0.1, 1.0, float("nan")])
def test_a_strength_that_is_none_is_refused(strength: float) -> None:
    with pytest.raises(ConfigError, match="strength"):
        made(strength=strength)


def test_flicker_falls_to_a_fifth_and_detail_stays() -> None:
    frames = clip(12)
    plain, truth = flickering(frames), [model(frame) for frame in frames]
    steady = steadied(frames, plain)
    assert warping_error(frames, steady) <= warping_error(frames, plain) / 5
    assert unrest(steady, truth) <= unrest(plain, truth) / 5
    assert detail(steady[-1]) > 0.8 * detail(truth[-1])


def test_what_does_not_flicker_keeps_its_detail() -> None:
    frames = clip(12)
    truth = [model(frame) for frame in frames]
    steady = steadied(frames, truth)
    assert cv2.PSNR(steady[-1], truth[-1]) > 35
    assert detail(steady[-1]) > 0.85 * detail(truth[-1])


def test_the_same_frames_give_the_same_bits() -> None:
    frames = clip(5)
    assert all(same(steadied(frames, flickering(frames)), steadied(frames, flickering(frames))))


def test_the_arrays_that_are_given_do_not_change_and_those_returned_are_new() -> None:
    frames, plain = clip(2), flickering(clip(2))
    given = [array.copy() for array in (*frames, *plain)]
    steady = steadied(frames, plain)
    assert all(same(given, [*frames, *plain]))
    assert not any(np.shares_memory(*pair) for pair in product(steady, plain))


@pytest.mark.parametrize("shade", [1.0, 0.2], ids=["bright", "dark"])
def test_the_first_frame_after_a_cut_is_that_of_the_model(shade: float) -> None:
    scenes = [(texture(seed, HEIGHT, WIDTH) * shade).astype(np.uint8) for seed in (5, 5, 6, 6)]
    plain = flickering(scenes)
    steady = steadied(scenes, plain)
    assert list(same(steady, plain)) == [True, False, True, False]


def test_bars_beside_the_picture_do_not_hide_a_cut() -> None:
    scenes = [texture(seed, HEIGHT, WIDTH) for seed in (5, 6)]
    for scene in scenes:
        scene[:50] = scene[-50:] = 0
    plain = flickering(scenes)
    assert all(same(steadied(scenes, plain), plain))


def test_a_fast_pan_is_no_cut() -> None:
    frames = [np.ascontiguousarray(GROUND[:HEIGHT, 30 * index : 30 * index + WIDTH]) for index in range(6)]
    plain = flickering(frames)
    assert list(same(steadied(frames, plain), plain)) == [True] + [False] * 5
    assert warping_error(frames, steadied(frames, plain)) < warping_error(frames, plain) / 2


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_restored_clip_goes_on_to_the_same_bits(depth: int, after: int) -> None:
    frames, plain = clip(7), flickering(clip(7))
    if depth == 16:
        frames, plain = ([to_16_bit(frame) for frame in some] for some in (frames, plain))
    first, second = made(), made()
    steadied(frames[:after], plain[:after], first)
    second.restore(first.state())
    steadied(frames[after:], plain[after:], first)
    assert all(same(steadied(frames[after:], plain[after:], second), steadied(frames, plain)[after:]))


@pytest.mark.parametrize("which", ["source", "result"])
def test_frames_of_another_size_begin_a_new_clip(which: str) -> None:
    (frame,) = clip(1)
    smaller, stage = np.ascontiguousarray(frame[:-32]), made()
    stage.after(frame, frame)
    source, result = (smaller, model(frame)) if which == "source" else (frame, model(smaller))
    assert np.array_equal(stage.after(source, result), result)


def test_16_bits_keep_what_8_bits_cannot_hold() -> None:
    ramp = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH, 1)
    frames, results = [to_16_bit(GROUND[:HEIGHT, :WIDTH])] * 6, [ramp * 2 + 1000] * 6
    for steady in steadied(frames, results):
        assert steady.dtype == np.uint16
        assert np.abs(steady.astype(int) - results[0]).max() <= 1


@pytest.mark.parametrize("scale", [2, 1.5, 0.5])
def test_results_of_another_size_than_the_source_are_steadied(scale: float) -> None:
    frames = clip(10)

    def resized(some: Sequence[Frame]) -> list[Frame]:
        size = (round(WIDTH * scale), round(HEIGHT * scale))
        return [cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR) for frame in some]

    plain, truth = resized(flickering(frames)), resized([model(frame) for frame in frames])
    steady = steadied(frames, plain)
    assert steady[-1].shape == plain[-1].shape
    assert unrest(steady, truth) <= unrest(plain, truth) / 5


@pytest.mark.parametrize("channels", [(1, 1), (1, 3), (3, 1)], ids=str)
def test_grey_frames_are_steadied(channels: tuple[int, int]) -> None:
    frames = clip(8)
    sources = [frame[..., : channels[0]] for frame in frames]
    plain, truth = ([frame[..., : channels[1]] for frame in some] for some in (flickering(frames), map(model, frames)))
    steady = steadied(sources, plain)
    assert steady[-1].shape == plain[-1].shape
    assert unrest(steady, truth) <= unrest(plain, truth) / 5


@pytest.mark.parametrize("length", [12, 40, 160])
def test_a_fade_to_black_is_followed(length: int) -> None:
    (frame,) = clip(1)
    sources = [(frame * max(0.0, 1 - index / length)).astype(np.uint8) for index in range(length + 3)]
    results = [model(source) for source in sources]
    lags = [
        np.abs(steady.mean((0, 1)) - result.mean((0, 1))).max()
        for steady, result in zip(steadied(sources, results), results, strict=True)
    ]
    assert max(lags) < 3


def test_a_lamp_that_is_switched_on_is_followed_at_once() -> None:
    before = np.ascontiguousarray(GROUND[:HEIGHT, :WIDTH]) // 2
    after = before.copy()
    after[:, : WIDTH // 2] += 20
    steady = steadied([before, after], [model(before), model(after)])[-1]
    lit = np.s_[:, : WIDTH // 2 - 32]
    assert np.abs(steady[lit].astype(int) - model(after)[lit]).max() <= 1


def test_what_appears_shows_no_ghost() -> None:
    frames = [GROUND[:HEIGHT, :WIDTH].copy() for _ in range(6)]
    inside = np.s_[50:90, 60:110]
    for frame in frames[4:]:
        frame[inside] = DISC[inside]
    error = np.subtract(steadied(frames, frames)[4], frames[4], dtype=int)[inside]
    assert np.abs(error).mean() < 2


def test_detail_that_changes_is_followed_where_the_mean_stays() -> None:
    inside, checks = np.s_[50:90, 60:110], (np.indices((40, 50)).sum(axis=0) // 5 % 2 * 60 + 100)[..., None]
    before, after = (GROUND[:HEIGHT, :WIDTH].copy() for _ in range(2))
    before[inside], after[inside] = checks, checks.mean()
    error = np.subtract(steadied([before, after], [before, after])[1], after, dtype=int)[inside]
    assert np.abs(error).mean() < 2


def test_a_clip_without_motion_or_flicker_passes_unchanged() -> None:
    (frame,) = clip(1)
    for steady in steadied([frame] * 8, [model(frame)] * 8):
        assert np.abs(steady.astype(int) - model(frame)).max() <= 1


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(
    "size",
    [(1, 1), (1, 300), (8, 8), (8, 100), (15, 40), (16, 16), (17, 1000), (31, 800), (40, 16), (129, 33)],
    ids=str,
)
def test_tiny_and_thin_frames_are_no_trouble(size: tuple[int, int], scale: int) -> None:
    rng = np.random.default_rng(0)
    for channels in (1, 3):
        frames = [rng.integers(0, 256, (*size, channels), np.uint8) for _ in range(2)] * 2
        results = [frame.repeat(scale, 0).repeat(scale, 1) for frame in frames]
        assert {frame.shape for frame in steadied(frames, results)} == {results[0].shape}
        for steady in steadied(frames[:1] * 3, results[:1] * 3):
            assert np.abs(steady.astype(int) - results[0]).max() <= 1
