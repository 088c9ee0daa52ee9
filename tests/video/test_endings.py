"""A file that was cut off, or whose end is filled with zeros, is never taken for a whole one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from img2img.errors import VideoError
from img2img.media.clip.opening import open_clip

from . import clips, special
from .clips import Tone

FAST = {"movflags": "+faststart"}
FILMS: dict[str, dict[str, Any]] = {
    "a.mp4": {"muxer": FAST},
    "sound.mov": {"muxer": FAST, "audio": [Tone()]},
    "fragments.mp4": {"muxer": {"movflags": "frag_keyframe+empty_moov"}},
    "sound-fragments.mp4": {"muxer": {"movflags": "frag_keyframe+empty_moov"}, "audio": [Tone()]},
    "a.mkv": {},
    "sound.mkv": {"audio": [Tone()]},
    "live.mkv": {"muxer": {"live": "1"}},
    "a.webm": {"codec": "libvpx", "audio": [Tone(codec="libopus")]},
    "vp9.webm": {"codec": "libvpx-vp9", "muxer": {"live": "1"}},
    "mpeg4.avi": {"codec": "mpeg4", "b_frames": 2},
    "h264.avi": {},
    "sound.avi": {"codec": "mpeg4", "audio": [Tone(codec="libmp3lame")]},
    "a.flv": {},
    "sound.flv": {"audio": [Tone(rate=44_100)]},
    "a.ts": {},
    "sound.ts": {"audio": [Tone()]},
    "a.m2ts": {"audio": [Tone(codec="ac3")]},
    "a.vob": {"codec": "mpeg2video", "b_frames": 2, "audio": [Tone(codec="mp2")]},
    "a.ogv": {"codec": "libvpx"},
    "sound.ogg": {"codec": "libvpx", "audio": [Tone(codec="libopus")]},
    "a.wmv": {"codec": "wmv2"},
    "a.y4m": {"codec": "rawvideo"},
    "a.ivf": {"codec": "libvpx-vp9"},
    "a.nut": {},
    "a.mxf": {"codec": "mpeg2video", "b_frames": 2},
    "a.mjpeg": {"codec": "mjpeg", "pix_fmt": "yuvj420p", "full_range": True},
    "ffv1.mkv": {"codec": "ffv1"},
}
PLACES = (0.31, 0.52, 0.69, 0.83, 0.96)
"""Where films are cut off; none is a border between two packets of a transport stream, which nobody could see."""


def verdict(path: Path) -> str:
    """What is said of a file's damage, or why it is refused; empty for a whole one."""
    try:
        reader = open_clip(path)
    except VideoError as error:
        return str(error)
    try:
        for _ in reader.frames():
            pass
        return reader.damage
    finally:
        reader.close()


def cut(content: bytes, at: int) -> bytes:
    return content[:at]


def zeroed(content: bytes, at: int) -> bytes:
    return content[:at] + bytes(len(content) - at)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder, made = tmp_path_factory.mktemp("films"), dict[str, Path]()

    def film(name: str) -> Path:
        if name not in made:
            made[name] = clips.write(folder / name, frames=150, **FILMS[name])
        return made[name]

    return film


@pytest.mark.parametrize("name", FILMS)
def test_a_whole_film_is_whole(name: str, film: Callable[[str], Path]) -> None:
    assert verdict(film(name)) == ""


@pytest.mark.parametrize("harm", [cut, zeroed])
@pytest.mark.parametrize("name", FILMS)
def test_a_film_without_its_end_is_noticed(
    name: str, harm: Callable[[bytes, int], bytes], film: Callable[[str], Path], tmp_path: Path
) -> None:
    content = film(name).read_bytes()
    for place in PLACES:
        harmed = tmp_path / f"{place}-{name}"
        at = int(len(content) * place)
        harmed.write_bytes(harm(content, at + (at % 188 == 0)))
        assert verdict(harmed), place


@pytest.mark.parametrize("name", ["a.h264", "a.m2v"])
def test_zeros_at_the_end_of_a_stream_without_a_container_are_noticed(name: str, tmp_path: Path) -> None:
    codec = "libx264" if name == "a.h264" else "mpeg2video"
    content = clips.write(tmp_path / name, codec=codec, frames=150).read_bytes()
    for place in PLACES:
        (tmp_path / name).write_bytes(zeroed(content, int(len(content) * place)))
        assert verdict(tmp_path / name), place


@pytest.mark.parametrize("harm", [cut, zeroed])
@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animation_without_its_end_is_noticed(
    name: str, harm: Callable[[bytes, int], bytes], tmp_path: Path
) -> None:
    path = special.animation(tmp_path / name, frames=20)
    assert verdict(path) == ""
    content = path.read_bytes()
    for place in PLACES:
        path.write_bytes(harm(content, int(len(content) * place)))
        assert verdict(path), place


@pytest.mark.parametrize("name", ["a.gif", "a.mp4", "a.avi", "a.mkv"])
def test_a_few_bytes_behind_the_end_are_no_damage(name: str, tmp_path: Path) -> None:
    path = special.animation(tmp_path / name) if name == "a.gif" else clips.write(tmp_path / name)
    path.write_bytes(path.read_bytes() + b"\n\n")
    assert verdict(path) == ""


def test_sound_that_is_cut_off_alone_is_noticed(tmp_path: Path) -> None:
    """The sound lies behind the picture, and only the end of the sound is missing."""
    path = clips.write(tmp_path / "a.mp4", frames=150, audio=[Tone()], muxer=FAST | {"max_interleave_delta": "0"})
    content = path.read_bytes()
    assert verdict(path) == ""
    path.write_bytes(content[: int(len(content) * 0.9)])
    assert "ends at" in verdict(path)


def test_a_part_that_ends_before_the_damage_is_done(translate: Callable[..., Any], tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.ts", frames=150)
    path.write_bytes(cut(path.read_bytes(), int(path.stat().st_size * 0.83)))
    assert translate(path, tmp_path / "out.mkv", end=2).status == "done"
    assert translate(path, tmp_path / "whole.mkv").status == "damaged"
