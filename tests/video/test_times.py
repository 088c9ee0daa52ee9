"""Pictures and sound of sound files with odd times come at the right times, and no picture is lost or invented."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from img2img.media.video.reader import VideoReader

from . import clips, damage, look, odd, special
from .clips import Tone

Kept = Callable[..., Path]

RECORDINGS: dict[str, dict[str, Any]] = {
    "h264.ts": {"audio": [Tone()]},
    "hevc.ts": {"codec": "libx265"},
    "mpeg2.ts": {"codec": "mpeg2video", "b_frames": 2, "audio": [Tone(codec="mp2")]},
    "mpeg2.vob": {"codec": "mpeg2video", "b_frames": 2, "audio": [Tone(codec="mp2")]},
    "mpeg1.mpg": {"codec": "mpeg1video"},
}
STREAMS: dict[str, dict[str, Any]] = {
    **RECORDINGS,
    "late.flv": {"start": 3},
    "a.ogv": {"codec": "libvpx"},
    "a.h264": {},
}


def steps(times: list[Fraction | None]) -> set[Fraction]:
    """How long the pictures are shown, but for the last."""
    known = [time for time in times if time is not None]
    assert len(known) == len(times)
    return {after - before for before, after in pairwise(known)}


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", RECORDINGS)
def test_joined_recordings_are_shown_one_after_the_other(name: str, count: int, kept: Kept, tmp_path: Path) -> None:
    parts = [
        clips.write(tmp_path / f"{part}{name}", first=100 * part, frames=20, **RECORDINGS[name])
        for part in range(count)
    ]
    target = kept(odd.joined(tmp_path / name, *parts), tmp_path / "out.mp4")
    assert look.numbers(target) == [100 * part + number for part in range(count) for number in range(20)]
    found = steps(look.times(target))
    assert Fraction(1, 25) in found
    assert all(Fraction(1, 25) <= step < Fraction(1, 10) for step in found)  # sound may last a little longer


def test_a_recording_joined_to_one_with_later_times_follows_at_once(kept: Kept, tmp_path: Path) -> None:
    parts = [
        clips.write(tmp_path / f"{start}.ts", start=start, first=start, frames=20, audio=[Tone()]) for start in (0, 90)
    ]
    target = kept(odd.joined(tmp_path / "a.ts", *parts), tmp_path / "out.mkv")
    assert look.numbers(target) == [*range(20), *range(90, 110)]
    assert max(steps(look.times(target))) < Fraction(1, 5)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_sound_of_joined_recordings_stays_with_the_picture(suffix: str, kept: Kept, tmp_path: Path) -> None:
    part = clips.write(tmp_path / "part.ts", frames=50, audio=[Tone(codec="mp2")])
    whole = odd.joined(tmp_path / "a.ts", part, part)
    target = kept(whole, tmp_path / f"out{suffix}")
    sound, source = look.packets(target)[0], look.packets(part)[0]
    assert len(sound.sizes) == 2 * len(source.sizes)
    begins = [time for time in sound.times if time is not None]
    half = len(source.sizes)
    assert begins == sorted(begins)
    assert abs(begins[half] - begins[0] - 2) < Fraction(1, 50)
    assert begins[-1] < begins[0] + Fraction(41, 10)


def test_a_recording_may_end_between_two_joined_ones_earlier_in_sound_than_in_picture(
    kept: Kept, tmp_path: Path
) -> None:
    short = clips.write(tmp_path / "short.ts", frames=25, audio=[Tone(codec="mp2")])
    silent = clips.write(tmp_path / "silent.ts", first=100, frames=60)
    target = kept(odd.joined(tmp_path / "a.ts", short, silent, short), tmp_path / "out.mkv")
    assert look.numbers(target) == [*range(25), *range(100, 160), *range(25)]
    sound = [time for time in look.packets(target)[0].times if time is not None]
    pictures = [time for time in look.times(target) if time is not None]
    later = [time for time in sound if time > sound[0] + Fraction(3, 2)]
    assert abs(later[0] - pictures[85]) < Fraction(1, 5)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_recording_that_begins_before_the_clock_starts_anew_is_moved_to_0(
    suffix: str, kept: Kept, tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "a.ts", start=odd.CLOCK - Fraction(5, 2), frames=75, audio=[Tone(codec="mp2")])
    target = kept(source, tmp_path / f"out{suffix}")
    assert look.numbers(target) == list(range(75))
    times = [time for time in look.times(target) if time is not None]
    assert 0 <= times[0] < Fraction(1, 10)
    assert abs(times[-1] - times[0] - Fraction(74, 25)) < Fraction(1, 500)
    sound = look.packets(target)[0].times[0]
    assert sound is not None
    assert abs(sound - times[0]) < Fraction(1, 10)


@pytest.mark.parametrize("audio", [[], [Tone()]])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
def test_pictures_that_have_only_the_times_of_decoding_are_shown_in_order(
    codec: str, audio: list[Tone], kept: Kept, tmp_path: Path
) -> None:
    source = odd.without_composition(tmp_path / "a.mp4", codec=codec, b_frames=2, frames=75, audio=audio)
    target = kept(source, tmp_path / "out.mp4")
    assert look.numbers(target) == list(range(75))
    assert steps(look.times(target)) == {Fraction(1, 25)}


def test_a_sample_without_a_byte_repeats_the_picture_before(kept: Kept, tmp_path: Path) -> None:
    target = kept(odd.with_empty_samples(tmp_path / "a.mov"), tmp_path / "out.mkv")
    assert look.numbers(target) == list(range(47))
    assert look.times(target) == [Fraction(time, 25) for time in range(50) if time not in (5, 20, 33)]


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.ts", {}), ("b.ts", {"b_frames": 0}), ("hevc.ts", {"codec": "libx265"}), ("a.flv", {}), ("a.mkv", {})],
)
def test_a_variable_rate_is_no_damage(name: str, options: dict[str, Any], kept: Kept, tmp_path: Path) -> None:
    ticks = [0, 1, 2, 5, 6, 7, 8, 30, 31, 32, 33, 60, 61, 62, 63, 64, 65, 90]
    source = clips.write(tmp_path / name, times=ticks, **options)
    target = kept(source, tmp_path / "out.mkv")
    times = [time for time in look.times(target) if time is not None]
    assert look.numbers(target) == list(range(18))
    assert [round((time - times[0]) * 25) for time in times] == ticks


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_last_picture_is_shown_until_its_end(suffix: str, kept: Kept, tmp_path: Path) -> None:
    images = [Image.new("RGB", (32, 32), (10 * number, 0, 0)) for number in range(16)]
    source = tmp_path / "card.webp"
    images[0].save(source, save_all=True, append_images=images[1:], duration=[60] * 15 + [2000])
    assert look.about(kept(source, tmp_path / f"out{suffix}")).video.duration == Fraction(29, 10)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001), Fraction(24_000, 1001)])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_constant_rate_stays_what_it_is(suffix: str, rate: Fraction, kept: Kept, tmp_path: Path) -> None:
    target = kept(clips.write(tmp_path / f"in{suffix}", rate=rate, frames=76), tmp_path / f"out{suffix}")
    assert look.about(target).video.rate == rate


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mkv", "libx264"), (".mp4", "libx264"), (".mkv", "libx265"), (".mp4", "libx265"), (".ts", "libx265")],
)
def test_pictures_that_need_one_before_the_beginning_are_no_damage(
    suffix: str, codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    whole = clips.write(tmp_path / "whole.mkv", codec=codec, frames=40, options=odd.OPEN_GROUPS[codec])
    source = odd.without_beginning(tmp_path / f"in{suffix}", whole, odd.key_packets(whole)[1])
    item = translate(source, tmp_path / "out.mkv", codec="ffv1")
    assert (item.status, item.reason) == ("done", "")
    assert look.numbers(item.target) == list(range(12, 40))
    if suffix != ".mp4":  # which hides them
        assert any("pictures at its beginning" in note for note in item.notes)


def test_a_recording_of_a_broadcast_may_begin_between_two_key_frames(kept: Kept, tmp_path: Path) -> None:
    whole = clips.write(tmp_path / "whole.ts", codec="mpeg2video", b_frames=2, frames=40)
    source = odd.without_beginning(tmp_path / "in.ts", whole, 5)
    assert look.numbers(kept(source, tmp_path / "out.mkv", codec="ffv1"))[-20:] == list(range(20, 40))


def test_a_hidden_picture_in_a_packet_of_its_own_is_no_loss(kept: Kept, tmp_path: Path) -> None:
    whole = clips.write(tmp_path / "whole.mkv", codec="libsvtav1", keyframes=60)
    source = odd.with_own_packets(tmp_path / "in.mkv", whole, "av1", odd.av1_pictures)
    assert len(damage.video_packets(source)) > 30
    assert look.numbers(kept(source, tmp_path / "out.mkv")) == list(range(30))


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_a_hidden_key_frame_of_vp8_and_vp9_is_no_loss(codec: str, kept: Kept, tmp_path: Path) -> None:
    source = special.hidden(tmp_path / "a.webm", codec=codec)
    assert look.numbers(kept(source, tmp_path / "out.mkv")) == list(range(30))


@pytest.mark.parametrize(("start", "first"), [(Fraction(1), 25), (Fraction(13, 10), 33)])
@pytest.mark.parametrize("name", STREAMS)
def test_a_part_of_a_stream_without_an_index_is_no_damage(
    name: str, start: Fraction, first: int, kept: Kept, tmp_path: Path
) -> None:
    source = clips.write(tmp_path / name, frames=100, **STREAMS[name])
    numbers = look.numbers(kept(source, tmp_path / "out.mkv", start=start))
    assert numbers[0] in (first - 1, first)  # sound may begin a little before the picture
    assert numbers == list(range(numbers[0], 100))


def test_a_part_of_joined_recordings_counts_from_the_beginning_of_the_first(kept: Kept, tmp_path: Path) -> None:
    parts = [clips.write(tmp_path / f"{part}.ts", first=100 * part, frames=50) for part in range(2)]
    source = odd.joined(tmp_path / "a.ts", *parts)
    target = kept(source, tmp_path / "out.mkv", start=Fraction(3), end=Fraction(7, 2))
    numbers = look.numbers(target)
    assert numbers == list(range(numbers[0], 138))
    assert numbers[0] in (125, 126)


@pytest.mark.parametrize("name", ["a.flv", "b.flv", "late.flv", "late.mkv", "late.wmv"])
def test_a_whole_file_that_begins_late_is_not_called_cut_off(name: str, tmp_path: Path) -> None:
    codec = "wmv2" if name.endswith("wmv") else "libx264"
    audio = [Tone(rate=44_100)] if name == "b.flv" else []
    start = 10 if name.startswith("late") else 0
    with VideoReader(clips.write(tmp_path / name, codec=codec, audio=audio, start=start, frames=72)) as reader:
        assert len(list(reader.frames())) == 72
        assert reader.damage == ""


def test_the_damage_of_one_of_two_joined_recordings_is_noticed(translate: Callable[..., Any], tmp_path: Path) -> None:
    first = clips.write(tmp_path / "0.ts", frames=40)
    second = damage.spoil(clips.write(tmp_path / "1.ts", first=100, frames=40))
    item = translate(odd.joined(tmp_path / "a.ts", first, second), tmp_path / "out.mkv", codec="ffv1")
    assert item.status == "damaged"
    assert look.numbers(item.target)[-20:] == list(range(120, 140))
