"""Frames in are frames out: every one, in order, at its time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from . import clips, look, special
from .clips import Clip, Tone

SOURCES: dict[str, dict[str, Any]] = {
    "h264.mp4": {},
    "h264.mkv": {},
    "h264.mov": {},
    "h264.ts": {},
    "h264.avi": {},
    "one-way.mp4": {"b_frames": 0},
    "hevc.mp4": {"codec": "libx265"},
    "hevc.mkv": {"codec": "libx265"},
    "hevc.ts": {"codec": "libx265"},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "vp9.mkv": {"codec": "libvpx-vp9"},
    "asp.avi": {"codec": "mpeg4"},
    "asp-b.avi": {"codec": "mpeg4", "b_frames": 2},
    "mpeg2.ts": {"codec": "mpeg2video", "b_frames": 2},
    "mpeg2.mpg": {"codec": "mpeg2video", "b_frames": 2},
    "ffv1.mkv": {"codec": "ffv1", "pix_fmt": "bgr0"},
    "ntsc.mp4": {"rate": Fraction(30_000, 1001)},
}
TARGETS = [
    ("a.mp4", "h264"), ("a.mp4", "h265"), ("a.mp4", "av1"), ("a.mp4", "vp9"), ("a.mp4", "mpeg4"), ("a.m4v", "h264"),
    ("a.mov", "h264"), ("a.mov", "h265"), ("a.mov", "prores"), ("a.mkv", "h264"), ("a.mkv", "h265"), ("a.mkv", "av1"),
    ("a.mkv", "vp8"), ("a.mkv", "vp9"), ("a.mkv", "ffv1"), ("a.mkv", "mpeg4"), ("a.webm", "vp8"), ("a.webm", "vp9"),
    ("a.webm", "av1"),
]  # fmt: skip
THIRTY = list(range(30))
BASE = Fraction(1, 600)
VARIABLE = [0, 20, 60, 61, 200, 201, 202, 400]
MILLISECOND = Fraction(1, 1000)


@pytest.mark.parametrize("name", SOURCES)
def test_every_frame_of_a_source_is_in_the_target_in_order(
    name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / name, **SOURCES[name])
    assert look.numbers(kept(source, tmp_path / "out.mkv", codec="ffv1")) == THIRTY


@pytest.mark.parametrize("name", sorted({*SOURCES} - {"h264.avi", "mpeg2.mpg"}))
def test_every_frame_keeps_its_time(name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / name, **SOURCES[name])
    assert look.times(kept(source, tmp_path / "out.mp4")) == look.times(source)


@pytest.mark.parametrize("name", ["h264.avi", "mpeg2.mpg"])
def test_frames_of_files_whose_times_are_poor_follow_each_other_evenly(
    name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    found = look.times(kept(clips.write(tmp_path / name, **SOURCES[name]), tmp_path / "out.mp4"))
    assert found[0] is not None
    assert found == [found[0] + Fraction(number, 25) for number in THIRTY]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "codec"), TARGETS)
def test_every_frame_is_in_every_kind_of_target(
    name: str, codec: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", codec="ffv1", pix_fmt="bgr0", frames=12)
    preset = {"av1": "8", "h264": "veryfast", "h265": "ultrafast", "vp8": "8", "vp9": "8"}.get(codec, "")
    seen = look.frames(kept(source, tmp_path / name, codec=codec, preset=preset))
    assert [frame.number for frame in seen] == THIRTY[:12]
    assert [frame.time for frame in seen] == [Fraction(number, 25) for number in range(12)]


@pytest.mark.parametrize("frames", [1, 2, 119, 120, 121, 241])
def test_frames_are_kept_over_the_borders_of_segments(frames: int, kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=frames, size=(48, 32), start=Fraction(1, 5))
    target = kept(source, tmp_path / "out.mp4", preset="ultrafast")
    assert look.numbers(target) == list(range(frames))
    assert look.times(target) == look.times(source)


def test_hidden_frames_are_neither_shown_nor_missed(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = special.hidden(tmp_path / "in.webm")
    assert look.numbers(kept(source, tmp_path / "out.mkv", preset="ultrafast")) == THIRTY


@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_a_variable_rate_is_kept_to_the_tick(
    name: str, b_frames: int, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", time_base=BASE, times=VARIABLE, b_frames=b_frames)
    target = kept(source, tmp_path / name)
    assert look.times(target) == [tick * BASE for tick in VARIABLE]
    assert look.numbers(target) == list(range(8))


@pytest.mark.parametrize("name", ["a.mkv", "a.webm"])
def test_a_variable_rate_is_kept_to_the_millisecond_where_there_is_nothing_finer(
    name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", time_base=BASE, times=VARIABLE)
    for found, tick in zip(look.times(kept(source, tmp_path / name)), VARIABLE, strict=True):
        assert found is not None
        assert abs(found - tick * BASE) <= MILLISECOND


def test_a_variable_rate_of_matroska_is_kept_in_mp4(translate: Callable[..., Any], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", time_base=BASE, times=VARIABLE)
    assert look.times(translate(source, tmp_path / "out.mp4").target) == look.times(source)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
@pytest.mark.parametrize("source", ["in.mp4", "in.mkv", "in.ts"])
def test_a_clip_that_begins_late_begins_late(source: str, name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    codec = "libopus" if name == "a.webm" else "aac"
    written = clips.write(tmp_path / source, start=10, audio=[Tone(codec=codec)])
    target = kept(written, tmp_path / name)
    assert look.times(target) == [10 + Fraction(number, 25) for number in THIRTY]
    first, kept_first = (look.packets(path)[0].times[0] for path in (written, target))
    assert first is not None
    assert kept_first is not None
    assert abs(kept_first - first) <= MILLISECOND


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
@pytest.mark.parametrize("source", ["in.mp4", "in.mkv"])
def test_the_last_frame_lasts_as_long_as_it_did(
    source: str, name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    written = clips.write(tmp_path / source, time_base=BASE, times=VARIABLE, b_frames=0)
    expected, found = (look.about(path).duration for path in (written, translate(written, tmp_path / name).target))
    assert expected is not None
    assert found is not None
    assert abs(expected - 598 * BASE) <= MILLISECOND
    assert abs(found - expected) <= Fraction(1, 30)  # MP4 tells times of decoding, not of showing


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_the_declared_duration_reaches_to_the_end_at_a_variable_rate(
    name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    times = [0, 10, 11, 12, 13, 14, 15, 215, 225, 235]  # the last ones last as long as usual, or nearly so
    source = clips.write(tmp_path / "in.mp4", time_base=BASE, times=times, b_frames=0)
    target = kept(source, tmp_path / name)
    found, last = look.about(target).duration, look.times(target)[-1]
    assert found is not None
    assert last is not None
    assert found > last


def test_a_long_last_frame_is_no_damage(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", time_base=BASE, times=VARIABLE)
    assert look.numbers(kept(source, tmp_path / "out.mkv")) == list(range(8))


def test_the_declared_duration_is_that_of_the_source(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", audio=[Tone()])
    expected, found = (look.about(path).video.duration for path in (source, kept(source, tmp_path / "out.mp4")))
    assert expected == found == Fraction(6, 5)


def test_a_frame_rate_of_thousand_and_ones_stays_exact(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", rate=Fraction(30_000, 1001))
    target = kept(source, tmp_path / "out.mp4")
    assert look.about(target).video.rate == Fraction(30_000, 1001)
    assert look.times(target)[-1] == 29 * Fraction(1001, 30_000)


def test_of_two_video_tracks_the_first_is_translated_and_the_other_named(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", more_video=[Clip(size=(192, 128), first=1000, frames=20)])
    item = translate(source, tmp_path / "out.mkv")
    assert look.numbers(item.target) == THIRTY
    assert len(look.about(item.target).of("video")) == 1
    assert any("video stream 1" in note for note in item.notes)


def test_enlarging_doubles_the_size_and_keeps_all_else(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", audio=[Tone()], time_base=BASE, times=VARIABLE)
    target = kept(source, tmp_path / "out.mp4", scale=2)
    assert {frame.size for frame in look.frames(target)} == {(192, 128)}
    assert look.numbers(target) == list(range(8))
    assert look.times(target) == look.times(source)
    assert look.packets(target)[0].payload == look.packets(source)[0].payload
