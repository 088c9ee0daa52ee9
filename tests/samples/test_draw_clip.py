"""The sample film is what samples/draw_clip.py draws, and what the demo expects of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

SAMPLES = Path(__file__).parents[2] / "samples"
DRAWN = (0, 59, 60, 119)
"""The frames that are drawn again: the first and the last of each shot."""

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SAMPLES))
        yield import_module("draw_clip")
        for name in [name for name in sys.modules if name.partition(".")[0] in ("draw_clip", "drawing")]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def truths(script: ModuleType) -> list[Pixels]:
    return list(script.truths(DRAWN))


@pytest.fixture(scope="module")
def frames() -> list[av.VideoFrame]:
    with clip() as film:
        return list(film.decode(video=0))


def test_the_film_is_small_enough_for_a_repository() -> None:
    assert (SAMPLES / "clip.mp4").stat().st_size < 500_000


def test_the_film_has_120_frames_of_256_by_144_pixels_at_24_a_second(frames: list[av.VideoFrame]) -> None:
    assert {(frame.width, frame.height) for frame in frames} == {(256, 144)}
    assert [round(24 * frame.time, 6) for frame in frames] == list(range(120))


def test_the_sound_is_in_stereo_and_as_long_as_the_picture(frames: list[av.VideoFrame]) -> None:
    with clip() as film:
        sound = list(film.decode(audio=0))
    assert {frame.layout.name for frame in sound} == {"stereo"}
    assert sound[0].time == pytest.approx(0, abs=0.1)
    assert sound[-1].time + sound[-1].samples / sound[-1].sample_rate == pytest.approx(len(frames) / 24, abs=0.1)


def test_a_bell_rings_at_the_cut() -> None:
    with clip() as film:
        chapter, rate = film.chapters()[1], film.streams.audio[0].rate
        loudness = np.abs(np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1)).max(axis=0)
    cut = round(chapter["start"] * chapter["time_base"] * rate)
    tenth = rate // 10
    assert loudness[cut : cut + tenth].max() > 3 * loudness[cut - tenth : cut - rate // 100].max()


def test_the_film_says_its_title_and_licence() -> None:
    with clip() as film:
        assert film.metadata["title"] == "Harbour and street"
        assert "Apache-2.0" in film.metadata["copyright"]


def test_the_tags_say_bt709_in_studio_range(frames: list[av.VideoFrame]) -> None:
    found = {(frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) for frame in frames}
    assert found == {(Colorspace.ITU709, ColorRange.MPEG, ColorPrimaries.BT709, ColorTrc.BT709)}


def test_the_picture_is_cut_once_where_the_second_chapter_begins(frames: list[av.VideoFrame]) -> None:
    with clip() as film:
        chapters = film.chapters()
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["The harbour", "The street"]
    pictures = np.stack([frame.to_ndarray(format="gray") for frame in frames]).astype(np.float32)
    changes = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2))
    cut = int(changes.argmax()) + 1
    assert cut / 24 == chapters[1]["start"] * chapters[1]["time_base"]
    assert changes[cut - 1] > 3 * np.delete(changes, cut - 1).max()


def test_a_frame_is_the_mean_of_two_by_two_pixels_of_its_truth(script: ModuleType, truths: list[Pixels]) -> None:
    for truth in truths:
        blocks = truth.reshape(144, 2, 256, 2, 3).mean(axis=(1, 3))
        np.testing.assert_allclose(script.source(truth), blocks, rtol=0, atol=0.5)


def test_the_script_draws_the_committed_film(
    script: ModuleType, truths: list[Pixels], frames: list[av.VideoFrame]
) -> None:
    for number, truth in zip(DRAWN, truths, strict=True):
        drawn = av.VideoFrame.from_ndarray(script.source(truth), format="rgb24")
        planes = drawn.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        error = frames[number].to_ndarray().astype(np.float64) - planes.to_ndarray()
        assert 10 * np.log10(255**2 / np.square(error).mean()) > 35


def test_the_script_writes_truth_without_loss(script: ModuleType, truths: list[Pixels], tmp_path: Path) -> None:
    film = script.Film(tmp_path / "truth.mp4", truths[0].shape[:2], exact=True)
    for truth in truths:
        film.add(truth)
    film.finish()
    with av.open(str(tmp_path / "truth.mp4")) as written:
        again = [frame.to_ndarray(format="rgb24") for frame in written.decode(video=0)]
    assert np.array_equal(again, truths)


def clip() -> av.container.InputContainer:
    """The committed film, opened."""
    return av.open(str(SAMPLES / "clip.mp4"))
