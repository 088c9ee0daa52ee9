"""The odd and the damaged clips that other tests use are odd or damaged in the way they claim to be."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from . import clips, damage, look, special
from .clips import Tone

THIRTY = list(range(30))
SPOILABLE: dict[str, dict[str, Any]] = {
    "a.mp4": {},
    "a.mkv": {},
    "a.ts": {},
    "a.avi": {"codec": "mpeg4"},
    "a.webm": {"codec": "libvpx-vp9"},
    "hevc.mkv": {"codec": "libx265"},
}
FAST = {"movflags": "+faststart"}


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("name", SPOILABLE)
def test_a_spoilt_packet_costs_a_frame(name: str, threads: bool, tmp_path: Path) -> None:
    path = damage.spoil(clips.write(tmp_path / name, **SPOILABLE[name]))
    seen, errors = look.decoded(path, threads)
    assert len(seen) < 30
    assert errors == [] if name == "a.ts" else errors == ["InvalidDataError"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_packet_spoilt_behind_its_head_is_concealed_and_the_frame_says_so(name: str, tmp_path: Path) -> None:
    path = damage.spoil(clips.write(tmp_path / name), skip=8)
    seen, errors = look.decoded(path)
    wrong = [count for count, frame in enumerate(seen) if frame.number != count]
    assert (len(seen), errors) == (30, [])
    assert wrong == [count for count, frame in enumerate(seen) if frame.corrupt] != []


def test_a_spoilt_key_frame_costs_several_frames_but_none_after_the_next(tmp_path: Path) -> None:
    path = damage.spoil(clips.write(tmp_path / "a.mkv"), packet=12)
    seen, _ = look.decoded(path)
    numbers = [frame.number for frame in seen]
    assert numbers[-6:] == THIRTY[-6:]
    assert len({12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23} - set(numbers)) > 2


@pytest.mark.parametrize("name", sorted({*SPOILABLE} - {"a.ts"}))
def test_only_the_packet_asked_for_is_spoilt(name: str, tmp_path: Path) -> None:
    path = clips.write(tmp_path / name, **SPOILABLE[name], audio=[] if name == "a.webm" else [Tone()])
    sound = look.packets(path)
    before = [bytes(packet) for packet in damage.video_packets(path)]
    after = [bytes(packet) for packet in damage.video_packets(damage.spoil(path, packet=5, skip=4))]
    changed = [count for count, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert changed == [5]
    assert look.packets(path) == sound


def test_a_spoilt_packet_of_a_transport_stream_costs_one_frame_and_no_sound(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.ts", audio=[Tone()])
    sound = look.packets(path)
    numbers = look.numbers(damage.spoil(path, packet=10))
    assert (len(numbers), len({*THIRTY} - {*numbers})) == (29, 1)
    assert look.packets(path) == sound


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.avi"])
def test_a_file_whose_index_is_cut_off_does_not_open(name: str, tmp_path: Path) -> None:
    path = damage.cut(clips.write(tmp_path / name, codec="mpeg4"), 0.55)
    with pytest.raises(av.error.InvalidDataError):
        look.about(path)


@pytest.mark.parametrize(("name", "muxer"), [("a.mp4", FAST), ("a.mkv", {}), ("a.ts", {})])
def test_a_file_cut_in_half_gives_its_first_frames(name: str, muxer: dict[str, str], tmp_path: Path) -> None:
    whole = clips.write(tmp_path / name, audio=[Tone()], muxer=muxer)
    declared = look.about(whole).duration
    path = damage.cut(whole, 0.5)
    seen, _ = look.decoded(path)
    assert 10 < len(seen) < 20
    assert [frame.number for frame in seen][:10] == THIRTY[:10]
    assert declared is not None
    assert (look.about(path).duration == declared) is (name != "a.ts")  # which has no place to declare it


def test_an_animation_has_its_frames_and_times(tmp_path: Path) -> None:
    for name in ("a.gif", "a.png"):
        path = special.animation(tmp_path / name)
        assert look.numbers(path) == [0, 1, 2, 3, 4, 5]
        assert look.times(path) == [Fraction(number, 10) for number in range(6)]


def test_an_animated_webp_opens_and_gives_no_frame(tmp_path: Path) -> None:
    path = special.animation(tmp_path / "a.webp")
    assert path.read_bytes()[8:12] == b"WEBP"
    seen, errors = look.decoded(path)
    assert seen == []
    assert errors


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.ts", "libx264"), ("a.mkv", "libx264"), ("a.mp4", "libx264"), ("a.h264", "libx264"), ("a.webm", "libvpx-vp9")],
)
def test_the_pictures_of_a_clip_can_grow_in_the_middle(name: str, codec: str, tmp_path: Path) -> None:
    seen = look.frames(special.growing(tmp_path / name, codec=codec))
    assert [frame.number for frame in seen] == list(range(20))
    assert [frame.size for frame in seen] == [(96, 64)] * 10 + [(128, 96)] * 10


def test_hidden_frames_are_packets_that_show_nothing(tmp_path: Path) -> None:
    path = special.hidden(tmp_path / "a.webm")
    assert len(damage.video_packets(path)) == 32
    assert look.numbers(path) == THIRTY
    assert look.times(path) == [Fraction(number, 25) for number in THIRTY]


def test_a_long_clip_is_written_quickly(tmp_path: Path) -> None:
    began = time.process_time()
    path = special.long(tmp_path / "a.mp4")
    assert time.process_time() - began < 5
    assert look.about(path).video.frames == 20_000
    assert look.about(path).duration == 800
    few = special.long(tmp_path / "b.mkv", frames=600)
    assert look.numbers(few) == [number % 250 for number in range(600)]


def test_a_list_of_files_is_opened_whatever_its_name(tmp_path: Path) -> None:
    clips.write(tmp_path / "secret.ts")
    assert look.numbers(special.ffconcat(tmp_path / "list.mp4", "secret.ts")) == THIRTY
    assert look.numbers(special.hls(tmp_path / "list.m3u8", "secret.ts")) == THIRTY


@pytest.mark.parametrize("write", [special.ffconcat, special.hls])
def test_a_playlist_names_what_it_was_given(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(tmp_path / "list.mp4", "secret.ts", "http://127.0.0.1:9/x.ts")
    assert "secret.ts" in path.read_text("utf-8")
    assert "http://127.0.0.1:9/x.ts" in path.read_text("utf-8")
