"""Damage costs what is damaged, is told of, and moves nothing else; what is no video is refused by name."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from . import clips, damage, look, picture, special
from .clips import Tone

THIRTY = list(range(30))
SPOILABLE: dict[str, dict[str, Any]] = {
    "a.mp4": {},
    "a.mov": {},
    "a.mkv": {},
    "a.ts": {},
    "a.avi": {"codec": "mpeg4"},
    "b.avi": {},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "hevc.mkv": {"codec": "libx265"},
    "hevc.mp4": {"codec": "libx265"},
}
FAST = {"movflags": "+faststart"}
LOSS = re.compile(r"(\d+) of (\d+) frames are damaged, the first at (\d+\.\d\d) s")


def test_a_spoilt_packet_in_avi_with_b_frames_costs_no_frame(translate: Callable[..., Any], tmp_path: Path) -> None:
    item = translate(damage.spoil(clips.write(tmp_path / "b.avi")), tmp_path / "out.mkv", codec="ffv1")
    assert (item.status, len(look.frames(item.target))) == ("damaged", 30)


@pytest.mark.parametrize("name", sorted({*SPOILABLE} - {"b.avi"}))  # whose times are those of decoding
def test_a_spoilt_packet_costs_a_frame_and_the_one_before_stands_in_its_place(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    whole = clips.write(tmp_path / f"whole-{name}", **SPOILABLE[name])
    source = damage.spoil(clips.write(tmp_path / name, **SPOILABLE[name]))
    item = translate(source, tmp_path / "out.mkv", codec="ffv1")
    assert item.status == "damaged"
    seen = look.frames(item.target)
    times = [frame.time for frame in seen if frame.time is not None]
    assert len(seen) == 30
    expected = [time for time in look.times(whole) if time is not None]
    assert [time - times[0] for time in times] == [time - min(expected) for time in sorted(expected)]
    numbers = [frame.number for frame in seen]
    wrong = next(count for count, number in enumerate(numbers) if number != count)
    assert wrong in (8, 9, 10, 11)  # the tenth that is stored
    assert numbers[wrong] == wrong - 1
    assert numbers[wrong + 1] in (wrong + 1, picture.UNREADABLE, *range(wrong))  # what was lost may have been needed
    assert numbers[12:] == THIRTY[12:]


@pytest.mark.parametrize("name", sorted({*SPOILABLE} - {"b.avi"}))
def test_the_reason_tells_how_many_frames_and_when_the_first(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(damage.spoil(clips.write(tmp_path / name, **SPOILABLE[name])), tmp_path / "out.mkv", codec="ffv1")
    found = LOSS.search(item.reason)
    assert found, item.reason
    lost, packets, first = int(found[1]), int(found[2]), Fraction(found[3])
    numbers = look.numbers(item.target)
    wrong = [count for count, number in enumerate(numbers) if number != count]
    assert packets == 30
    assert 1 <= lost <= len(wrong)
    assert first == Fraction(wrong[0], 25)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_packet_that_is_spoilt_behind_its_head_is_not_taken_for_a_picture(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(damage.spoil(clips.write(tmp_path / name), skip=8), tmp_path / "out.mkv", codec="ffv1")
    numbers = look.numbers(item.target)
    assert item.status == "damaged"
    assert len(numbers) == 30
    assert all(number in (count, numbers[count - 1]) for count, number in enumerate(numbers))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_spoilt_key_frame_costs_no_frame_after_the_next(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(damage.spoil(clips.write(tmp_path / name), packet=12), tmp_path / "out.mkv", codec="ffv1")
    numbers = look.numbers(item.target)
    assert (item.status, len(numbers), numbers[-6:]) == ("damaged", 30, THIRTY[-6:])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_spoilt_first_frame_leaves_the_others_at_their_times(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = damage.spoil(clips.write(tmp_path / name, keyframes=5, b_frames=0), packet=0)
    item = translate(source, tmp_path / "out.mkv", codec="ffv1")
    assert item.status == "damaged"
    for frame in look.frames(item.target):
        assert frame.time is not None
        assert frame.number in (frame.time * 25, 5)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_damage_of_the_picture_leaves_the_sound_alone(name: str, translate: Callable[..., Any], tmp_path: Path) -> None:
    codec = "libmp3lame" if name == "a.avi" else "aac"
    source = damage.spoil(clips.write(tmp_path / name, codec="mpeg4", audio=[Tone(codec=codec)]))
    item = translate(source, tmp_path / "out.mkv")
    assert item.status == "damaged"
    assert look.packets(item.target)[0].payload == look.packets(source)[0].payload


def test_the_program_answers_damage_with_1(program: Callable[..., Any], same_models: Any, tmp_path: Path) -> None:
    source = damage.spoil(clips.write(tmp_path / "a.mp4"))
    done = program("translate", same_models[1], source, tmp_path / "out.mp4")
    assert done.status == 1
    assert LOSS.search(done.err)
    assert len(look.frames(tmp_path / "out.mp4")) == 30


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"muxer": FAST}),
        ("a.mkv", {}),
        ("a.webm", {"codec": "libvpx"}),
        ("late.mp4", {"muxer": FAST, "start": 10}),
        ("late.mkv", {"start": 10}),
    ],
)
def test_a_file_that_is_cut_off_gives_what_there_is_and_says_so(
    name: str, options: dict[str, Any], translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = damage.cut(clips.write(tmp_path / name, **options, audio=[Tone(codec="libopus")]), 0.5)
    there, _ = look.decoded(source)
    item = translate(source, tmp_path / "out.mkv", codec="ffv1")
    assert item.status == "damaged"
    assert "cut off" in item.reason
    numbers = look.numbers(item.target)
    assert numbers[:10] == THIRTY[:10]
    assert abs(len(numbers) - len(there)) <= 1


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_a_file_without_its_index_is_refused_by_name(name: str, translate: Callable[..., Any], tmp_path: Path) -> None:
    item = translate(damage.cut(clips.write(tmp_path / name), 0.7), tmp_path / "out.mp4")
    assert item.status == "failed"
    assert "moov" in item.reason
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.webm"])
def test_a_whole_file_is_not_called_damaged(name: str, translate: Callable[..., Any], tmp_path: Path) -> None:
    video = {"a.avi": "mpeg4", "a.webm": "libvpx"}.get(name, "libx264")
    sound = {"a.avi": "libmp3lame", "a.webm": "libopus"}.get(name, "aac")
    source = clips.write(tmp_path / name, codec=video, audio=[Tone(codec=sound)], frames=100)
    assert translate(source, tmp_path / "out.mkv").reason == ""


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.mp4"])
def test_a_picture_that_changes_its_size_is_refused_by_name(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(special.growing(tmp_path / name), tmp_path / "out.mp4")
    assert item.status == "failed"
    assert "from 96×64 to 128×96 at 0.40 s" in item.reason
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def sound_alone(path: Path) -> Path:
    return clips.write(path, video=False, audio=[Tone()])


def cover_alone(path: Path) -> Path:
    return clips.write(path, video=False, cover=True, audio=[Tone()])


def no_frame(path: Path) -> Path:
    return clips.write(path.with_suffix(".mkv"), frames=0, audio=[Tone()])


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (sound_alone, "no video, only audio"),
        (cover_alone, "no video"),
        (no_frame, "frames"),
        (special.empty, "0 bytes"),
        (special.text, "no video"),
    ],
)
def test_what_is_no_video_is_refused_by_name(
    write: Callable[[Path], Path], words: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = write(tmp_path / "in.mp4")
    item = translate(source, tmp_path / "out.mp4")
    assert item.status == "failed"
    assert words in item.reason
    assert source.name in item.reason
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


@pytest.mark.parametrize("write", [special.ffconcat, special.hls])
def test_a_playlist_opens_no_other_file_and_no_connection(
    write: Callable[..., Path], translate: Callable[..., Any], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/secret.ts"
        clips.write(tmp_path / "secret.ts")
        for number, target in enumerate(("secret.ts", address, str(tmp_path / "secret.ts"))):
            item = translate(write(tmp_path / f"{number}.mp4", target), tmp_path / "out.mp4")
            assert item.status == "failed"
            assert "playlist" in item.reason
        with pytest.raises(TimeoutError):
            server.accept()
    assert not (tmp_path / "out.mp4").exists()
