"""What a user asks of a video takes effect, and what cannot be is refused before any work."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from img2img.errors import UsageError

from . import clips, look
from .clips import Tone

CHAPTERS = [(0, 0.4, "One"), (0.4, 0.8, "Two"), (0.8, 1.2, "Three")]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Thirty frames and a tone."""
    return clips.write(tmp_path / "in.mp4", audio=[Tone()], chapters=CHAPTERS)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (Fraction(13, 25), None, range(13, 30)),
        (None, Fraction(13, 25), range(13)),
        (Fraction(5, 25), Fraction(20, 25), range(5, 20)),
        (Fraction(51, 100), Fraction(53, 100), range(13, 14)),
        (None, Fraction(100), range(30)),
        (Fraction(0), None, range(30)),
    ],
)
def test_a_part_is_cut_out_to_the_frame(
    begin: Fraction | None, end: Fraction | None, expected: range, source: Path, kept: Callable[..., Path]
) -> None:
    target = kept(source, source.with_name("out.mp4"), start=begin, end=end)
    assert look.numbers(target) == list(expected)


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv", "in.ts", "in.avi", "in.webm"])
@pytest.mark.parametrize("late", [0, 10])
def test_a_part_counts_from_the_beginning_of_the_file(
    late: int, name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    if name == "in.avi" and late:
        pytest.skip("AVI always begins at 0")
    codec = {"in.avi": "mpeg4", "in.webm": "libvpx"}.get(name, "libx264")
    written = clips.write(tmp_path / name, codec=codec, start=late, keyframes=8)
    target = kept(written, tmp_path / "out.mp4", start=Fraction(13, 25), end=Fraction(1))
    assert look.numbers(target) == list(range(13, 25))
    assert look.times(target) == [Fraction(number, 25) for number in range(12)]


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_sound_is_cut_along_with_the_picture(name: str, source: Path, kept: Callable[..., Path]) -> None:
    target = kept(source, source.with_name(name), start=Fraction(10, 25), end=Fraction(20, 25))
    (whole,), (track,) = look.packets(source), look.packets(target)
    times = [time for time in track.times if time is not None]
    inside = [time - Fraction(10, 25) for time in whole.times if time and Fraction(10, 25) <= time < Fraction(20, 25)]
    assert len(times) == len(inside)
    assert max(abs(one - two) for one, two in zip(times, inside, strict=True)) <= Fraction(1, 1000)


def test_times_of_a_part_begin_at_zero(source: Path, kept: Callable[..., Path]) -> None:
    target = kept(source, source.with_name("out.mp4"), start=Fraction(13, 25))
    assert look.times(target) == [Fraction(number, 25) for number in range(17)]


def test_the_sound_of_a_part_is_in_step(source: Path, kept: Callable[..., Path]) -> None:
    target = kept(source, source.with_name("out.mp4"), start=Fraction(13, 25))
    first = look.packets(target)[0].times[0]
    assert first is not None
    assert abs(first) < Fraction(22, 1000)


def test_chapters_of_a_part_are_cut_and_moved(source: Path, kept: Callable[..., Path]) -> None:
    target = kept(source, source.with_name("out.mkv"), start=Fraction(1, 2), end=Fraction(1))
    expected = [(Fraction(0), Fraction(3, 10), "Two"), (Fraction(3, 10), Fraction(1, 2), "Three")]
    assert look.about(target).chapters == expected


def test_a_part_that_shows_nothing_is_refused(source: Path, translate: Callable[..., Any]) -> None:
    item = translate(source, source.with_name("out.mp4"), start=Fraction(100))
    assert item.status == "failed"
    assert "--start" in item.reason
    assert not item.target.exists()


@pytest.mark.parametrize("options", [{"start": Fraction(2), "end": Fraction(1)}, {"end": Fraction(0)}])
def test_a_part_that_ends_before_it_begins_is_refused_before_any_work(
    options: dict[str, Any], source: Path, translate: Callable[..., Any]
) -> None:
    with pytest.raises(UsageError, match="start < end"):
        translate(source, source.with_name("out.mp4"), **options)


@pytest.mark.parametrize("rate", [50, 25, 10, Fraction(30_000, 1001)])
def test_another_rate_shows_at_each_time_the_picture_that_was_there(
    rate: Fraction | int, source: Path, kept: Callable[..., Path]
) -> None:
    target = kept(source, source.with_name("out.mp4"), fps=Fraction(rate))
    times = look.times(target)
    assert times == [number / Fraction(rate) for number in range(len(times))]
    assert abs(len(times) / Fraction(rate) - Fraction(6, 5)) <= 1 / Fraction(rate)
    assert look.numbers(target) == [int(time * 25) for time in times if time is not None]


@pytest.mark.parametrize("rate", [50, 10])
def test_another_rate_leaves_the_sound_alone(rate: int, source: Path, kept: Callable[..., Path]) -> None:
    target = kept(source, source.with_name("out.mp4"), fps=Fraction(rate))
    assert look.packets(target)[0].payload == look.packets(source)[0].payload
    assert look.packets(target)[0].times == look.packets(source)[0].times


def test_a_constant_rate_of_a_variable_one_repeats_and_leaves_out(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    times = [0, 2, 3, 10]  # tenths of a second
    source = clips.write(tmp_path / "in.mkv", time_base=Fraction(1, 10), times=times)
    target = translate(source, tmp_path / "out.mkv", fps=Fraction(5)).target
    assert look.numbers(target)[:6] == [0, 1, 2, 2, 2, 3]


@pytest.mark.parametrize(
    ("name", "codec", "found"),
    [
        ("out.mp4", "", "h264"),
        ("out.mkv", "", "h264"),
        ("out.mov", "", "h264"),
        ("out.webm", "", "vp9"),
        ("out.mp4", "h265", "hevc"),
        ("out.mp4", "HEVC", "hevc"),
        ("out.mkv", "ffv1", "ffv1"),
        ("out.mov", "prores", "prores"),
        ("out.webm", "vp8", "vp8"),
        ("out.mkv", "mpeg4", "mpeg4"),
    ],
)
def test_the_codec_is_the_asked_one(
    name: str, codec: str, found: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    target = kept(clips.write(tmp_path / "in.mp4", frames=3), tmp_path / name, codec=codec)
    assert look.about(target).video.codec == found


@pytest.mark.parametrize(("name", "codec"), [("o.mp4", "h264"), ("o.mp4", "h265"), ("o.mkv", "av1"), ("o.webm", "vp9")])
def test_quality_is_the_crf_where_less_is_better(
    name: str, codec: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", codec="ffv1", pix_fmt="bgr0", frames=6, size=(192, 128))
    sizes = [kept(source, tmp_path / f"{q}{name}", codec=codec, quality=q).stat().st_size for q in (5, 30, 50)]
    assert sizes[0] > sizes[1] > sizes[2]


def test_the_preset_reaches_the_encoder(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=5)
    written = [kept(source, tmp_path / f"{name}.mp4", preset=name).read_bytes() for name in ("ultrafast", "slow")]
    assert b"cabac=0" in written[0]
    assert b"cabac=1" in written[1]


@pytest.mark.parametrize("name", ["yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le"])
def test_the_pixel_format_is_the_asked_one(name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    target = kept(clips.write(tmp_path / "in.mp4", frames=3), tmp_path / "out.mp4", pixel_format=name)
    assert look.about(target).video.pix_fmt == name


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("out.mp4", {"codec": "nonsense"}, "nonsense"),
        ("out.mp4", {"preset": "nonsense"}, "--preset"),
        ("out.mp4", {"pixel_format": "nonsense"}, "nonsense"),
        ("out.webm", {"codec": "h264"}, "webm"),
        ("out.mkv", {"codec": "ffv1", "quality": 3}, "no quality"),
        ("out.mp4", {"codec": "ffv1", "preset": "slow"}, "preset"),
        ("out.mp4", {"fps": Fraction(0)}, "frames a second"),
        ("out.mp4", {"codec": "aac"}, "aac"),
        ("out.webm", {"quality": 99}, "webm"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    name: str, options: dict[str, Any], words: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=3)
    with pytest.raises(UsageError) as error:
        translate(source, tmp_path / name, **options)
    assert words in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_the_program_answers_an_unknown_codec_with_2(program: Callable[..., Any], source: Path, tmp_path: Path) -> None:
    done = program("translate", "absent.safetensors", source, tmp_path / "out.mp4", "--codec", "nonsense")
    assert done.status == 2
    assert "nonsense" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
