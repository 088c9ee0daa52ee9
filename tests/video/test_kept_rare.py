"""Rare companions of the picture are kept or named: old sound, data, timecodes, covers, timed text."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition

from img2img.errors import UsageError

from . import clips, look
from .clips import Subtitles, Tone

OLD_SOUND = [
    ("in.avi", "adpcm_ms"),
    ("in.avi", "adpcm_ima_wav"),
    ("in.avi", "pcm_alaw"),
    ("in.avi", "pcm_mulaw"),
    ("in.mov", "pcm_mulaw"),
    ("in.mov", "pcm_s24be"),
    ("in.avi", "adpcm_yamaha"),
    ("in.ts", "aac_latm"),
]


def old(path: Path, codec: str, **options: Any) -> Path:
    """A clip with sound that FFmpeg does not list for Matroska, and Matroska holds."""
    is_latm = codec == "aac_latm"
    options |= {"muxer": {"mpegts_flags": "latm"}} if is_latm else {}
    video = "mpeg2video" if is_latm else "mpeg4"
    return clips.write(path, codec=video, audio=[Tone(codec="aac" if is_latm else codec)], **options)


@pytest.mark.parametrize(("name", "codec"), OLD_SOUND)
def test_sound_that_avi_holds_is_copied_into_matroska(
    name: str, codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = old(tmp_path / name, codec)
    item = translate(source, tmp_path / "out.mkv")
    assert (item.status, item.notes) == ("done", ())
    (track,), (expected,) = (look.packets(path, ("audio",)) for path in (item.target, source))
    assert (track.codec, track.payload) == (expected.codec, expected.payload)
    assert look.numbers(item.target) == look.numbers(source)


def test_a_file_with_rare_sound_keeps_its_title_and_languages(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = old(tmp_path / "in.mov", "pcm_mulaw", metadata={"title": "Ä film"})
    target = look.about(kept(source, tmp_path / "out.mkv"))
    assert target.metadata["title"] == "Ä film"
    assert target.of("audio")[0].language == "eng"


def test_chapters_beside_rare_sound_are_named_as_left_out(translate: Callable[..., Any], tmp_path: Path) -> None:
    source = old(tmp_path / "in.mov", "pcm_mulaw", chapters=[(0, 0.5, "One"), (0.5, 1.2, "Two")])
    item = translate(source, tmp_path / "out.mkv")
    assert item.status == "done"
    assert look.about(item.target).chapters or any("chapters" in note for note in item.notes)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm"])
def test_sound_that_only_matroska_holds_is_refused_with_matroska_as_advice(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"audio stream 1 \(adpcm_ms.*; write \.mkv, which can"):
        translate(old(tmp_path / "in.avi", "adpcm_ms"), tmp_path / name)


@pytest.mark.parametrize("codec", ["libopus", "flac", "wavpack"])
def test_sound_that_mov_cannot_hold_is_refused_before_any_work(
    codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"target of this kind \(mov\) cannot hold audio stream 1"):
        translate(clips.write(tmp_path / "in.mkv", audio=[Tone(codec=codec)]), tmp_path / "out.mov")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_advice_never_names_the_target_that_cannot_hold_the_sound(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mov", audio=[Tone(codec="adpcm_ima_qt")])
    for name in ("out.mkv", "out.mp4"):
        with pytest.raises(UsageError, match="adpcm_ima_qt") as caught:
            translate(source, tmp_path / name)
        assert "write .mkv" not in str(caught.value)


def telemetry(path: Path, tag: bytes) -> Path:
    """A clip with a data track: a subtitle track whose header is given another tag and another handler."""
    data = clips.write(path, subtitles=[Subtitles()]).read_bytes()
    assert data.count(b"tx3g") == data.count(b"sbtl") == 1
    path.write_bytes(data.replace(b"tx3g", tag).replace(b"sbtl", b"meta"))
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_telemetry_of_a_camera_is_kept(name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    source = telemetry(tmp_path / "in.mp4", b"gpmd")
    (track,), (expected,) = (look.packets(path, ("data",)) for path in (kept(source, tmp_path / name), source))
    assert (track.payload, track.times) == (expected.payload, expected.times)


@pytest.mark.parametrize(("tag", "name"), [(b"gpmd", "a.mkv"), (b"mebx", "a.mp4"), (b"camm", "a.webm")])
def test_a_data_track_that_the_target_cannot_hold_is_named(
    tag: bytes, name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(telemetry(tmp_path / "in.mp4", tag), tmp_path / name)
    assert item.status == "done"
    assert any(note.startswith("left out: data stream 1") for note in item.notes)


@pytest.mark.parametrize("name", ["a.mov", "a.mp4", "a.mkv"])
def test_a_timecode_is_kept_and_is_no_loss(name: str, translate: Callable[..., Any], tmp_path: Path) -> None:
    item = translate(timed(tmp_path / "in.mov", "10:20:30:05"), tmp_path / name)
    assert (item.status, item.notes, timecodes(item.target)) == ("done", (), {"10:20:30:05"})


@pytest.mark.parametrize(
    ("rate", "timecode", "options", "moved"),
    [
        (25, "10:20:30:05", {"start": Fraction(1, 2)}, "10:20:30:18"),
        (25, "23:59:59:24", {"start": Fraction(1, 25)}, "00:00:00:00"),
        (Fraction(30000, 1001), "00:00:59;29", {"start": Fraction(1001, 30000)}, "00:01:00;02"),
        (Fraction(30000, 1001), "00:09:59;29", {"start": Fraction(1001, 30000)}, "00:10:00;00"),
        (Fraction(60000, 1001), "00:00:59;59", {"start": Fraction(1001, 60000)}, "00:01:00;04"),
        (25, "01:00:00:10", {"fps": Fraction(50)}, "01:00:00:20"),
        (Fraction(30000, 1001), "00:00:10;15", {"fps": Fraction(24)}, "00:00:10:12"),
    ],
)
@pytest.mark.parametrize("name", ["a.mov", "a.mkv"])
def test_a_timecode_moves_with_the_beginning_and_the_rate(
    name: str,
    rate: Any,
    timecode: str,
    options: dict[str, Fraction],
    moved: str,
    kept: Callable[..., Path],
    tmp_path: Path,
) -> None:
    source = timed(tmp_path / "in.mov", timecode, rate=rate)
    assert timecodes(kept(source, tmp_path / name, **options)) == {moved}


def timed(path: Path, timecode: str, **options: Any) -> Path:
    """A clip with a timecode."""
    return clips.write(path, metadata={"timecode": timecode}, **options)


def timecodes(path: Path) -> set[str]:
    """All timecodes that a file and its streams have."""
    with av.open(str(path)) as file:
        every = [dict(file.metadata), *(dict(stream.metadata) for stream in file.streams)]
    return {text for one in every for name, text in one.items() if name.lower() == "timecode"}


@pytest.mark.parametrize("source", ["in.mp4", "in.mkv"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("start", [None, Fraction(1, 25)])
def test_a_cover_is_kept_where_the_target_holds_one(
    start: Fraction | None, source: str, name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    written = clips.write(tmp_path / source, cover=True, frames=5, audio=[Tone()])
    item = translate(written, tmp_path / name, start=start)
    assert (item.status, item.notes, look.numbers(item.target)) == ("done", (), list(range(bool(start), 5)))
    assert covers(item.target) == covers(written)


@pytest.mark.parametrize("name", ["a.mov", "a.webm"])
def test_a_cover_that_the_target_cannot_hold_is_named_as_such(
    name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(clips.write(tmp_path / "in.mp4", cover=True, frames=5), tmp_path / name)
    assert "left out: cover picture, video stream 1 (mjpeg)" in item.notes


def covers(path: Path) -> list[bytes]:
    """The bytes of all covers of a file."""
    with av.open(str(path)) as file:
        streams = [one for one in file.streams.video if one.disposition & Disposition.attached_pic]
        return [bytes(packet) for packet in file.demux(streams) if packet.size] if streams else []


def test_timed_text_of_mp4_becomes_subrip_in_matroska_with_a_note(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", audio=[Tone()], subtitles=[Subtitles("deu")])
    item = translate(source, tmp_path / "out.mkv")
    assert item.status == "done"
    assert item.notes == ("subtitle stream 2 (mov_text, deu) became SubRip, without fonts and colours",)
    with av.open(str(item.target)) as file:
        stream = file.streams.subtitles[0]
        found = [(packet.pts, packet.duration, bytes(packet).decode()) for packet in file.demux(stream) if packet.size]
        assert (stream.codec_context.name, stream.language) == ("srt", "deu")
    assert found == [(100, 400, "One"), (600, 400, "Zwei: äöü")]
