"""What a player is told about the pixels is right: their shape, which way up they are, colours and depth."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from . import clips, look, picture
from .picture import CORNERS

CLOSE = 5
"""Of 255, how far a colour may be off after three conversions and two codecs."""


def ends_close(path: Path, frame: int = 1) -> None:
    """A player that goes by the tags shows each corner in the colour that was drawn there."""
    (tags,) = {seen.colours for seen in look.frames(path)}
    kr, kb = {6: (0.299, 0.114), 5: (0.299, 0.114), 2: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}[
        tags[2]
    ]
    depth = 10 if "10" in look.frames(path)[0].pix_fmt else 8
    found = zip(*(look.corners_of(plane).values() for plane in look.planes(path, frame=frame)), strict=True)
    for (colour, _), codes in zip(CORNERS.values(), found, strict=True):
        expected = picture.ycbcr(colour, kr, kb, depth, tags[3] == clips.FULL)
        assert codes == pytest.approx(expected, abs=CLOSE * 2 ** (depth - 8))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
@pytest.mark.parametrize("source", ["in.mp4", "in.mkv", "in.ts"])
def test_a_pixel_that_is_wider_than_high_stays_so(
    source: str, name: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    written = clips.write(tmp_path / source, frames=3, sample_aspect_ratio=Fraction(4, 3))
    assert look.about(kept(written, tmp_path / name)).video.sample_aspect_ratio == Fraction(4, 3)


def test_a_shape_of_pixels_that_cannot_be_told_is_noted(translate: Callable[..., Any], tmp_path: Path) -> None:
    written = clips.write(tmp_path / "in.mp4", frames=3, sample_aspect_ratio=Fraction(4, 3))
    item = translate(written, tmp_path / "a.webm")
    assert any("pixels are 4/3 as wide as high" in note for note in item.notes)


@pytest.mark.parametrize(("degrees", "ratio"), [(90, Fraction(3, 4)), (180, Fraction(4, 3)), (270, Fraction(3, 4))])
def test_a_turn_by_a_quarter_turns_the_shape_of_pixels_too(
    degrees: int, ratio: Fraction, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=3, rotation=degrees, sample_aspect_ratio=Fraction(4, 3))
    assert look.about(kept(source, tmp_path / "out.mp4")).video.sample_aspect_ratio == ratio


@pytest.mark.parametrize("source", ["in.mp4", "in.mkv"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turn_goes_into_the_pixels_and_its_tag_away(
    degrees: int, mirrored: bool, source: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    written = clips.write(tmp_path / source, frames=3, rotation=degrees, mirrored=mirrored)
    seen = look.frames(kept(written, tmp_path / "out.mp4"))
    assert {frame.matrix for frame in seen} == {look.IDENTITY}
    assert {frame.stored for frame in seen} == {(96, 64)}
    assert [look.orientation(frame.pixels) for frame in seen] == [(0, False)] * 3
    assert [frame.number for frame in seen] == [0, 1, 2]


def test_no_tag_of_a_turn_is_left_in_the_metadata(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=3, rotation=90)
    assert "rotate" not in look.about(kept(source, tmp_path / "out.mov")).video.metadata


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("colours", ["bt601", "bt709", "bt2020", "pq"])
def test_colour_tags_are_kept_and_match_the_pixels(
    colours: str, full: bool, scale: int, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=3, colours=colours, full_range=full)
    target = kept(source, tmp_path / "out.mp4", scale)
    assert look.about(target).video.colours == (*clips.COLOURS[colours], 2 if full else 1)
    assert {frame.colours for frame in look.frames(target)} == {(*clips.COLOURS[colours], 2 if full else 1)}
    ends_close(target)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mkv", "h264"), ("a.mov", "h264"), ("a.mp4", "h265"), ("a.webm", "vp9"), ("a.mkv", "av1"), ("a.mov", "prores")],
)
def test_every_container_and_codec_says_what_the_colours_are(
    name: str, codec: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", frames=3, colours="bt709")
    target = kept(source, tmp_path / name, codec=codec)
    assert {frame.colours[:3] for frame in look.frames(target)} == {(1, 1, 1)}
    ends_close(target)


@pytest.mark.parametrize(("height", "matrix"), [(64, "bt601"), (720, "bt709")])
def test_colours_that_nothing_is_said_about_stay_as_they_were(
    height: int, matrix: str, kept: Callable[..., Path], tmp_path: Path
) -> None:
    size = (96, height)
    source = clips.write(tmp_path / "in.mp4", frames=2, size=size, options={"crf": "4"})
    before, after = (look.planes(path, frame=1) for path in (source, kept(source, tmp_path / "out.mp4", quality=4)))
    for plane, same in zip(before, after, strict=True):
        assert look.corners_of(same) == pytest.approx(look.corners_of(plane), abs=3)
    with av.open(str(tmp_path / "out.mp4")) as file:
        found = next(file.decode(video=0))
    assert int(found.colorspace) in (2, clips.COLOURS[matrix][2])


def test_ten_bits_stay_ten(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", frames=2, size=(1920, 64), pix_fmt="yuv420p10le", options={"crf": "4"})
    target = kept(source, tmp_path / "out.mp4", quality=4)
    assert look.about(target).video.pix_fmt == "yuv420p10le"
    eight, deep = 40 * 219 / 255 / 6, picture.shades(look.planes(target, frame=1)[0])  # the middle sixth of the ramp
    assert deep > 2 * eight
    ends_close(target)


def test_more_than_256_shades_survive(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as file:
        stream: Any = file.add_stream("libx264", rate=25, options={"crf": "0"})
        stream.width, stream.height, stream.pix_fmt = 1024, 32, "yuv420p10le"
        ramp = np.repeat(np.linspace(0, 65_535, 1024).astype(np.uint16)[None, :, None], 32, 0).repeat(3, 2)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(ramp), format="rgb48le")
        file.mux([packet for picture in (frame, None) for packet in stream.encode(picture)])
    target = kept(source, tmp_path / "out.mp4", quality=1)
    assert len(np.unique(look.planes(source)[0])) > 800
    assert len(np.unique(look.planes(target)[0])) > 800


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "h264"), ("a.mp4", "h265"), ("a.mkv", "av1"), ("a.mov", "prores")]
)
def test_ten_bits_are_no_loss_to_tell_of_where_they_are_kept(
    name: str, codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(clips.write(tmp_path / "in.mkv", frames=2, pix_fmt="yuv420p10le"), tmp_path / name, codec=codec)
    assert "10" in (look.about(item.target).video.pix_fmt or "")
    assert not any("bits" in note for note in item.notes)


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "vp8"), ("a.mkv", "mpeg4")])
def test_a_loss_of_depth_is_told_of(name: str, codec: str, translate: Callable[..., Any], tmp_path: Path) -> None:
    item = translate(clips.write(tmp_path / "in.mkv", frames=2, pix_fmt="yuv420p10le"), tmp_path / name, codec=codec)
    assert look.about(item.target).video.pix_fmt == "yuv420p"
    assert any("8 bits became 8" in note for note in item.notes)


def test_ten_bits_become_a_webm_with_ten_or_the_loss_is_told_of(translate: Callable[..., Any], tmp_path: Path) -> None:
    item = translate(clips.write(tmp_path / "in.mkv", frames=2, pix_fmt="yuv420p10le"), tmp_path / "out.webm")
    kept = "10" in (look.about(item.target).video.pix_fmt or "")
    assert kept != any("8 bits became 8" in note for note in item.notes)


def test_odd_sizes_are_filled_up_with_a_notice_where_chroma_is_coarse(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = clips.write(tmp_path / "in.mkv", frames=3, size=(65, 49), pix_fmt="yuv444p")
    item = translate(source, tmp_path / "out.mp4")
    assert any("65×49 became 66×50" in note for note in item.notes)
    seen = look.frames(item.target)
    assert {frame.size for frame in seen} == {(66, 50)}
    assert [look.number(frame.pixels[:49, :65]) for frame in seen] == [0, 1, 2]
    pixels = seen[1].pixels.astype(int)
    assert abs(pixels[:, 65] - pixels[:, 64]).max() < 30
    assert abs(pixels[49] - pixels[48]).max() < 30


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_odd_sizes_are_exact_with_full_chroma(name: str, translate: Callable[..., Any], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", frames=3, size=(65, 49), pix_fmt="yuv444p")
    item = translate(source, tmp_path / name, pixel_format="yuv444p")
    assert (item.status, item.notes) == ("done", ())
    assert {frame.size for frame in look.frames(item.target)} == {(65, 49)}


def test_an_odd_size_that_is_doubled_is_even(translate: Callable[..., Any], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mkv", frames=3, size=(65, 49), pix_fmt="yuv444p")
    item = translate(source, tmp_path / "out.mp4", 2)
    assert {frame.size for frame in look.frames(item.target)} == {(130, 98)}
    assert not any("became 1" in note for note in item.notes)


def test_interlaced_sources_are_named_as_such(translate: Callable[..., Any], tmp_path: Path) -> None:
    item = translate(clips.write(tmp_path / "in.mp4", interlaced=True), tmp_path / "out.mp4")
    assert (item.status, look.numbers(item.target)) == ("done", list(range(30)))
    assert any("interlaced" in note for note in item.notes)


def test_the_same_clip_gives_the_same_file_twice(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = clips.write(tmp_path / "in.mp4", audio=[clips.Tone()])
    one, two = (kept(source, tmp_path / name).read_bytes() for name in ("a.mkv", "b.mkv"))
    assert one == two
