"""The clips that other tests use are what they claim to be."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from . import clips, damage, look, picture, special
from .clips import Clip, Subtitles, Tone

KINDS: dict[str, dict[str, Any]] = {
    "h264.mp4": {},
    "h264.mkv": {},
    "h264.mov": {},
    "h264.ts": {},
    "one-way.mp4": {"b_frames": 0},
    "hevc.mp4": {"codec": "libx265"},
    "hevc10.mkv": {"codec": "libx265", "pix_fmt": "yuv420p10le", "colours": "pq"},
    "h264-10.mp4": {"pix_fmt": "yuv420p10le"},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "asp.avi": {"codec": "mpeg4"},
    "asp-b.avi": {"codec": "mpeg4", "b_frames": 2},
    "mpeg2.ts": {"codec": "mpeg2video", "b_frames": 2},
    "odd.mkv": {"size": (65, 49), "pix_fmt": "yuv444p"},
    "ffv1.mkv": {"codec": "ffv1", "pix_fmt": "bgr0"},
    "interlaced.mp4": {"interlaced": True},
    "anamorphic.mp4": {"sample_aspect_ratio": Fraction(4, 3)},
    "ntsc.mp4": {"rate": Fraction(30_000, 1001)},
}

THIRTY = list(range(30))
VARIABLE = [0, 20, 60, 61, 200, 201, 202, 400]


@pytest.mark.parametrize("name", KINDS)
def test_the_numbers_come_back_in_order(name: str, tmp_path: Path) -> None:
    assert look.numbers(clips.write(tmp_path / name, **KINDS[name])) == THIRTY


@pytest.mark.parametrize("size", [(96, 64), (65, 49), (32, 32), (64, 96)])
def test_a_number_survives_enlargement_and_blur(size: tuple[int, int]) -> None:
    for number in (0, 1, 1234, picture.MOST):
        pixels = picture.draw(number, size).round().astype(np.uint8)
        assert look.number(cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)) == number
        assert look.number(cv2.GaussianBlur(pixels, (3, 3), 0)) == number


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_has_no_number(grey: int) -> None:
    assert look.number(np.full((64, 96, 3), grey, np.uint8)) == picture.UNREADABLE


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_all_eight_orientations_are_told_apart(degrees: int, mirrored: bool) -> None:
    pixels = picture.draw(5).round().astype(np.uint8)
    assert look.orientation(picture.turned(pixels, degrees, mirrored)) == (degrees, mirrored)


@pytest.mark.parametrize("name", ["turned.mp4", "turned.mkv", "turned.mov"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_clip_is_stored_turned_and_shown_upright(
    degrees: int, mirrored: bool, name: str, tmp_path: Path
) -> None:
    path = clips.write(tmp_path / name, frames=2, rotation=degrees, mirrored=mirrored)
    seen = look.frames(path)[1]
    assert (seen.number, look.orientation(seen.pixels), seen.size) == (1, (0, False), (96, 64))
    assert seen.stored == ((96, 64) if degrees == 180 else (64, 96))
    with av.open(str(path)) as file:
        pixels = next(file.decode(video=0)).to_ndarray(format="rgb24", threads=1)
    stored = look.orientation(pixels)
    assert stored == look.orientation(picture.turned(picture.draw(0) / 255, -degrees, mirrored))
    assert stored != (0, False)


def test_the_turn_is_the_one_that_the_decoder_reports(tmp_path: Path) -> None:
    for degrees in (90, 180, 270):
        path = clips.write(tmp_path / "a.mp4", frames=1, rotation=degrees)
        with av.open(str(path)) as file:
            frame = next(file.decode(video=0))
        turned = np.rot90(frame.to_ndarray(format="rgb24", threads=1), frame.rotation // 90 % 4)
        np.testing.assert_array_equal(turned, look.frames(path)[0].pixels)


@pytest.mark.parametrize("b_frames", [0, 3])
def test_a_variable_rate_is_kept_to_the_tick_in_mp4(b_frames: int, tmp_path: Path) -> None:
    base = Fraction(1, 600)
    path = clips.write(tmp_path / "a.mp4", time_base=base, times=VARIABLE, b_frames=b_frames)
    assert look.times(path) == [tick * base for tick in VARIABLE]


def test_a_variable_rate_is_kept_to_the_millisecond_in_matroska(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.mkv", time_base=Fraction(1, 600), times=VARIABLE)
    assert look.times(path) == [Fraction(round(tick / 0.6), 1000) for tick in VARIABLE]
    assert look.frames(path)[-1].duration == Fraction(330, 1000)


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.ts"])
def test_a_late_clip_begins_late(name: str, tmp_path: Path) -> None:
    path = clips.write(tmp_path / name, start=10, audio=[Tone()])
    assert look.times(path) == [10 + Fraction(number, 25) for number in THIRTY]
    first = look.packets(path)[0].times[0]
    assert first is not None
    assert abs(first - 10) < Fraction(1, 20)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_frames_are_stored_in_another_order_than_they_are_shown(codec: str, tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.mp4", codec=codec)
    stored = [packet.pts for packet in damage.video_packets(path)]
    assert stored != sorted(stored)


def test_audio_tracks_keep_order_language_title_and_disposition(tmp_path: Path) -> None:
    tones = [Tone(), Tone("deu", pitch=660, title="Kommentar", default=False)]
    for name in ("a.mp4", "a.mkv"):
        tracks = look.about(clips.write(tmp_path / name, audio=tones)).of("audio")
        assert [track.language for track in tracks] == ["eng", "deu"]
        assert ["default" in track.disposition for track in tracks] == [True, False]
    assert [track.title for track in tracks] == [None, "Kommentar"]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "aac"), ("a.mkv", "libopus"), ("a.webm", "libopus"), ("a.mov", "pcm_s16le"), ("a.avi", "pcm_s16le")],
)
def test_a_tone_has_the_right_pitch_and_lasts_as_long_as_the_clip(name: str, codec: str, tmp_path: Path) -> None:
    video = {"webm": "libvpx", "avi": "mpeg4"}.get(name[2:], "libx264")
    path = clips.write(tmp_path / name, codec=video, audio=[Tone(codec=codec, pitch=500)])
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("flt", "mono", 48_000)
        blocks = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    sound = np.concatenate(blocks)
    assert len(sound) / 48_000 == pytest.approx(1.2, abs=0.05)
    assert np.argmax(np.abs(np.fft.rfft(sound[9600:38400]))) / 0.6 == pytest.approx(500, abs=2)


def test_the_same_sound_has_the_same_payload_in_two_containers_and_another_sound_has_not(tmp_path: Path) -> None:
    names = {"a.mp4": 440.0, "a.mkv": 440.0, "b.mkv": 441.0}
    first, same, other = (
        look.packets(clips.write(tmp_path / name, audio=[Tone(pitch=pitch)]))[0].payload
        for name, pitch in names.items()
    )
    assert first == same != other


@pytest.mark.parametrize(
    ("name", "video", "codec"),
    [("a.mkv", "libx264", "srt"), ("a.mp4", "libx264", "mov_text"), ("a.webm", "libvpx", "webvtt")],
)
def test_subtitles_are_where_and_when_they_were_put(name: str, video: str, codec: str, tmp_path: Path) -> None:
    path = clips.write(tmp_path / name, codec=video, subtitles=[Subtitles("deu")])
    (track,) = look.packets(path, ("subtitle",))
    assert (track.codec, track.language) == (codec, "deu")
    starts = [start for start, size in zip(track.times, track.sizes, strict=True) if start is not None and size > 2]
    assert starts == [Fraction(1, 10), Fraction(3, 5)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_chapters_and_a_title_are_kept(name: str, tmp_path: Path) -> None:
    chapters = [(0, 0.5, "One"), (0.5, 1.2, "Two")]
    path = clips.write(tmp_path / name, chapters=chapters, metadata={"title": "A film"})
    about = look.about(path)
    assert about.metadata["title"] == "A film"
    assert about.chapters == [(0, Fraction(1, 2), "One"), (Fraction(1, 2), Fraction(6, 5), "Two")]


def test_attachments_and_data_are_streams(tmp_path: Path) -> None:
    attached = look.about(clips.write(tmp_path / "a.mkv", attachments=[("a.txt", "text/plain", b"hi")]))
    assert [stream.metadata["filename"] for stream in attached.of("attachment")] == ["a.txt"]
    with_data = clips.write(tmp_path / "a.ts", data=[b"one", b"two"])
    assert look.packets(with_data, ("data",))[0].sizes == [3, 3]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("colours", ["bt601", "bt709", "bt2020", "pq"])
@pytest.mark.parametrize(("pix_fmt", "depth"), [("yuv420p", 8), ("yuv420p10le", 10)])
def test_pixels_match_the_colour_tags(colours: str, full: bool, pix_fmt: str, depth: int, tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.mp4", frames=1, pix_fmt=pix_fmt, colours=colours, full_range=full)
    assert look.about(path).video.colours == (*clips.COLOURS[colours], 2 if full else 1)
    found = zip(*(look.corners_of(plane).values() for plane in look.planes(path)), strict=True)
    for (colour, _), codes in zip(picture.CORNERS.values(), found, strict=True):
        expected = picture.ycbcr(colour, *clips.LUMA[colours], depth, full)
        assert codes == pytest.approx(expected, abs=2 * 2 ** (depth - 8))


def test_ten_bits_hold_shades_that_eight_do_not(tmp_path: Path) -> None:
    eight, ten = (
        picture.shades(look.planes(clips.write(tmp_path / "a.mkv", frames=1, codec="ffv1", pix_fmt=pix_fmt))[0])
        for pix_fmt in ("yuv420p", "yuv420p10le")
    )
    assert eight < ten / 2


def test_interlaced_frames_say_so(tmp_path: Path) -> None:
    assert all(frame.interlaced for frame in look.frames(clips.write(tmp_path / "a.mp4", interlaced=True)))
    assert not any(frame.interlaced for frame in look.frames(clips.write(tmp_path / "a.mp4")))


def test_a_pixel_can_be_wider_than_high(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv"):
        path = clips.write(tmp_path / name, sample_aspect_ratio=Fraction(4, 3))
        assert look.about(path).video.sample_aspect_ratio == Fraction(4, 3)


def test_a_second_video_track_has_its_own_numbers_and_size(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.mkv", more_video=[Clip(size=(192, 128), first=1000, frames=20)])
    assert look.numbers(path, stream=1) == list(range(1000, 1020))
    assert [stream.size for stream in look.about(path).of("video")] == [(96, 64), (192, 128)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("video", [False, True])
def test_a_cover_is_an_attached_picture(video: bool, name: str, tmp_path: Path) -> None:
    about = look.about(clips.write(tmp_path / name, video=video, cover=True, audio=[Tone()]))
    assert ["attached_pic" in stream.disposition for stream in about.of("video")] == [False, True][not video :]


def test_there_are_files_without_video(tmp_path: Path) -> None:
    assert look.about(clips.write(tmp_path / "a.mp4", video=False, audio=[Tone()])).of("video") == []
    for path in (special.text(tmp_path / "text.mp4"), special.empty(tmp_path / "empty.mp4")):
        with pytest.raises(av.error.InvalidDataError):
            look.about(path)


def test_a_video_track_can_be_without_frames(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.mkv", frames=0, audio=[Tone()])
    assert (len(look.about(path).of("video")), look.frames(path)) == (1, [])


def test_avi_gives_frames_of_h264_times_that_go_back(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.avi", b_frames=3)
    found = look.times(path)
    assert look.numbers(path) == THIRTY
    in_order = [Fraction(number, 25) for number in range(1, 31)]
    assert found != in_order
    assert set(found) == set(in_order)


def test_matroska_holds_packets_that_do_not_say_when_to_decode_them(tmp_path: Path) -> None:
    packets = damage.video_packets(clips.write(tmp_path / "a.mkv"))
    assert [packet.dts for packet in packets[:3]] == [None, None, 0]
    assert len(packets) == 30
