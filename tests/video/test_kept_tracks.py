"""What stands beside the picture stays as it was: sound, subtitles, chapters, titles and attachments."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from img2img.errors import UsageError

from . import clips, look
from .clips import Subtitles, Tone

TWO = [Tone(), Tone("deu", pitch=660, title="Kommentar", default=False)]
CHAPTERS = [(0, 0.5, "One"), (0.5, 1.2, "Two")]
EXPECTED = [(Fraction(0), Fraction(1, 2), "One"), (Fraction(1, 2), Fraction(6, 5), "Two")]


def payloads(path: Path) -> list[tuple[str, str]]:
    return [(track.codec, track.payload) for track in look.packets(path)]


def late(path: Path, other: Path) -> Fraction:
    """The largest difference between times of packets of two files."""
    pairs = zip(look.packets(path), look.packets(other), strict=True)
    differences = [
        abs((one or 0) - (two or 0)) for track, same in pairs for one, two in zip(track.times, same.times, strict=True)
    ]
    return Fraction(max(differences))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
def test_a_clip_without_sound_gets_none(name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    streams = look.about(kept(clips.write(tmp_path / "in.mp4"), tmp_path / name)).streams
    assert [stream.kind for stream in streams] == ["video"]


@pytest.mark.parametrize(
    ("source", "name", "codec"),
    [
        ("in.mp4", "a.mp4", "aac"),
        ("in.mp4", "a.mkv", "aac"),
        ("in.mp4", "a.mov", "aac"),
        ("in.mkv", "a.mp4", "aac"),
        ("in.mkv", "a.mov", "aac"),
        ("in.mp4", "a.webm", "libopus"),
        ("in.mkv", "a.webm", "libopus"),
        ("in.mkv", "a.mp4", "libopus"),
        ("in.mkv", "a.mkv", "flac"),
        ("in.mp4", "a.mp4", "libmp3lame"),
        ("in.mov", "a.mov", "pcm_s16le"),
        ("in.mov", "a.mkv", "pcm_s16le"),
        ("in.avi", "a.mkv", "pcm_s16le"),
        ("in.avi", "a.mp4", "libmp3lame"),
        ("in.ts", "a.mkv", "ac3"),
        ("in.ts", "a.mp4", "ac3"),
        ("in.ts", "a.mkv", "mp2"),
    ],
)
def test_sound_is_kept_bit_for_bit_and_in_step(
    source: str, name: str, codec: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    video = "mpeg4" if source == "in.avi" else "libx264"
    written = clips.write(tmp_path / source, codec=video, audio=[Tone(codec=codec)])
    target = kept(written, tmp_path / name)
    assert look.packets(target)[0].payload == look.packets(written)[0].payload
    assert late(target, written) <= Fraction(1, 1000)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_aac_of_a_broadcast_sounds_the_same_though_its_packets_lose_their_heads(
    name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    written = clips.write(tmp_path / "in.ts", audio=[Tone()])
    assert sound_of(kept(written, tmp_path / name)) == sound_of(written)


def sound_of(path: Path) -> bytes:
    """The decoded samples of the first audio track."""
    with av.open(str(path)) as file:
        return b"".join(frame.to_ndarray().tobytes() for frame in file.decode(audio=0))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_two_audio_tracks_keep_order_language_and_disposition(
    name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", audio=TWO)
    target = kept(source, tmp_path / name)
    tracks = look.about(target).of("audio")
    assert [track.language for track in tracks] == ["eng", "ger" if name == "a.mov" else "deu"]  # ISO 639-2 has both
    assert ["default" in track.disposition for track in tracks] == [True, False]
    assert payloads(target) == payloads(source)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_sound_that_begins_before_the_picture_does_not_move_it(
    name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", audio=[Tone()])  # the encoder's delay is before time 0
    assert look.packets(source)[0].times[0] == Fraction(-1024, 48_000)
    assert look.times(kept(source, tmp_path / name)) == look.times(source)


def test_titles_of_tracks_are_kept_in_matroska(kept: Callable[..., Path], tmp_path: Path) -> None:
    target = kept(clips.write(tmp_path / "in.mkv", audio=TWO), tmp_path / "out.mkv")
    assert [track.title for track in look.about(target).of("audio")] == [None, "Kommentar"]


def test_title_and_language_of_the_picture_are_kept(kept: Callable[..., Path], tmp_path: Path) -> None:
    target = kept(clips.write(tmp_path / "in.mkv", title="Angle 1", language="fra"), tmp_path / "out.mkv")
    assert (look.about(target).video.title, look.about(target).video.language) == ("Angle 1", "fra")


def test_the_numbers_of_streams_keep_their_order(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", audio=TWO, subtitles=[Subtitles("deu"), Subtitles("eng")])
    found = [(s.kind, s.codec, s.language) for s in look.about(kept(source, tmp_path / "out.mkv")).streams[1:]]
    assert found == [(s.kind, s.codec, s.language) for s in look.about(source).streams[1:]]


def test_subrip_is_kept_in_matroska(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", subtitles=[Subtitles("deu"), Subtitles("eng")])
    target = kept(source, tmp_path / "out.mkv")
    assert look.packets(target) == look.packets(source)


def test_webvtt_is_kept_in_webm(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.webm", codec="libvpx", subtitles=[Subtitles("deu")])
    target = kept(source, tmp_path / "out.webm")
    assert payloads(target) == payloads(source)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_timed_text_is_kept_in_mp4(name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", subtitles=[Subtitles("deu")])
    target = kept(source, tmp_path / name)
    (track,) = look.packets(target, ("subtitle",))
    (expected,) = look.packets(source, ("subtitle",))
    assert (track.codec, track.payload) == ("mov_text", expected.payload)
    assert track.language in ("deu", "ger")  # ISO 639-2 has both, MOV one
    assert track.times == expected.times


def test_subtitles_that_the_target_cannot_hold_are_refused_by_name(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", subtitles=[Subtitles("deu")])
    with pytest.raises(UsageError, match=r"subtitle stream 1 \(srt, deu\); write \.mkv, .*--drop-unsupported-streams"):
        translate(source, tmp_path / "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_subtitles_that_the_target_cannot_hold_are_dropped_if_asked_for(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", audio=TWO, subtitles=[Subtitles("deu")])
    item = translate(source, tmp_path / "out.mp4", drop_unsupported_streams=True)
    assert item.status == "done"
    assert any("subtitle stream 3 (srt, deu)" in note for note in item.notes)
    assert payloads(item.target) == payloads(source)[:2]


def test_sound_that_the_target_cannot_hold_is_refused_by_name(translate: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"audio stream 1 \(aac, eng\)"):
        translate(clips.write(tmp_path / "in.mp4", audio=[Tone()]), tmp_path / "out.webm")


def test_sound_that_the_target_cannot_hold_is_dropped_if_asked_for(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", audio=[Tone()])
    item = translate(source, tmp_path / "out.webm", drop_unsupported_streams=True)
    assert (item.status, payloads(item.target)) == ("done", [])
    assert any("audio stream 1 (aac, eng)" in note for note in item.notes)


@pytest.mark.parametrize("source", ["in.mp4", "in.mkv"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_chapters_are_kept(source: str, name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    written = clips.write(tmp_path / source, chapters=CHAPTERS)
    assert look.about(kept(written, tmp_path / name)).chapters == EXPECTED


def test_chapters_are_no_loss_that_is_told_of(translate: Callable[..., Any], tmp_path: Path) -> None:
    assert translate(clips.write(tmp_path / "in.mp4", chapters=CHAPTERS), tmp_path / "out.mp4").notes == ()


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
def test_the_title_of_the_file_is_kept(name: str, kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", metadata={"title": "Ä film", "comment": "none"})
    metadata = {key.lower(): value for key, value in look.about(kept(source, tmp_path / name)).metadata.items()}
    assert (metadata["title"], metadata["comment"]) == ("Ä film", "none")


def test_attachments_are_kept_in_matroska(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", attachments=[("a.txt", "text/plain", b"hi")])
    (attachment,) = look.about(kept(source, tmp_path / "out.mkv")).of("attachment")
    assert (attachment.metadata["filename"], attachment.metadata["mimetype"]) == ("a.txt", "text/plain")


def test_attachments_are_named_where_they_are_left_out(translate: Callable[..., Any], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", attachments=[("a.txt", "text/plain", b"hi")])
    item = translate(source, tmp_path / "out.mp4")
    assert item.status == "done"
    assert any("attachment" in note and "a.txt" in note for note in item.notes)


def test_a_data_track_is_named_as_left_out(translate: Callable[..., Any], tmp_path: Path) -> None:
    item = translate(clips.write(tmp_path / "in.ts", data=[b"one", b"two"]), tmp_path / "out.mp4")
    assert item.status == "done"
    assert any("data stream 1" in note for note in item.notes)


@pytest.mark.parametrize("source", ["in.mp4", "in.mkv"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_cover_is_not_the_picture_and_is_kept_or_named(
    source: str, name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(clips.write(tmp_path / source, cover=True, frames=5), tmp_path / name)
    assert (item.status, look.numbers(item.target)) == ("done", [0, 1, 2, 3, 4])
    covers = [stream for stream in look.about(item.target).of("video") if "attached_pic" in stream.disposition]
    assert covers or any("video stream 1" in note for note in item.notes)
