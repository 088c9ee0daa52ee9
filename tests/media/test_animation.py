"""Animations: GIF and WebP files as clips, and clips as these."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from img2img.errors import UsageError, VideoError
from img2img.media.clip.animation import AnimationReader, AnimationWriter
from img2img.media.image.images import Pixels

MILLISECOND = Fraction(1, 1000)
DURATIONS = [40, 50, 110, 200]


@pytest.fixture(params=[".gif", ".webp"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"a{request.param}"


def picture(number: int, channels: int = 3) -> Pixels:
    """Colours that differ from frame to frame, and in their parts."""
    pixels = np.zeros((24, 32, channels), np.uint8)
    pixels[:, :16] = (40 * number, 255 - 40 * number, 90, 255)[:channels]
    pixels[:, 16:] = (200, 30, 40 * number, 255)[:channels]
    return pixels


def write(path: Path, frames: list[Pixels], durations: list[int] = DURATIONS, loops: int = 0, start: int = 0) -> None:
    writer, at = AnimationWriter(path.suffix, MILLISECOND, loops), start
    for pixels, duration in zip(frames, durations, strict=True):
        writer.add(pixels, at, duration)
        at += duration
    path.write_bytes(writer.encode().data)


def read(path: Path, **options: Fraction) -> tuple[list[tuple[int, int]], list[Pixels], AnimationReader]:
    with AnimationReader(path, **options) as reader:
        frames = list(reader.frames())
        return [(frame.pts, frame.duration) for frame in frames], [frame.picture() for frame in frames], reader


FOUR = [picture(number) for number in range(4)]


def test_frames_and_their_times_come_back(path: Path) -> None:
    write(path, FOUR)
    times, pictures, reader = read(path)
    assert times == [(0, 40), (40, 50), (90, 110), (200, 200)]
    assert max(np.abs(a.astype(int) - b).mean() for a, b in zip(pictures, FOUR, strict=True)) < 8
    assert (reader.info.width, reader.info.height, reader.info.frames, reader.damage) == (32, 24, 4, "")


@pytest.mark.parametrize("loops", [0, 1, 3])
def test_it_is_shown_as_often_as_it_was(loops: int, path: Path) -> None:
    write(path, FOUR, loops=loops)
    assert read(path)[2].loops == loops


def test_equal_frames_lose_no_time(path: Path) -> None:
    write(path, [FOUR[0], FOUR[0], FOUR[1], FOUR[1]])
    times, _, _ = read(path)
    assert sum(duration for _, duration in times) == sum(DURATIONS)
    assert times[-1][0] <= 200


def test_transparency_is_kept_and_frames_do_not_pile_up(path: Path) -> None:
    frames = [picture(number, 4) for number in range(4)]
    for number, pixels in enumerate(frames):
        pixels[:, 8 * number : 8 * number + 8, 3] = 0
    write(path, frames)
    _, pictures, _ = read(path)
    for shown, given in zip(pictures, frames, strict=True):
        assert ((shown[..., 3] > 127) == (given[..., 3] > 127)).all()


def test_rounding_to_hundredths_does_not_add_up(tmp_path: Path) -> None:
    write(tmp_path / "a.gif", [picture(number % 6) for number in range(30)], [33] * 30)
    times, _, _ = read(tmp_path / "a.gif")
    assert max(abs(begin - 33 * number) for number, (begin, _) in enumerate(times)) <= 5


def test_grey_becomes_rgb(path: Path) -> None:
    write(path, [pixels[..., :1] for pixels in FOUR])
    assert read(path)[1][1].shape == (24, 32, 3)


def test_sixteen_bits_become_eight(path: Path) -> None:
    write(path, [pixels.astype(np.uint16) * 257 for pixels in FOUR])
    assert np.abs(read(path)[1][2].astype(int) - FOUR[2]).mean() < 8


def test_a_part_begins_at_zero(path: Path) -> None:
    write(path, FOUR)
    times, pictures, reader = read(path, start=Fraction(9, 100), end=Fraction(2, 10))
    assert (times, reader.shift) == ([(0, 110)], Fraction(9, 100))
    assert np.abs(pictures[0].astype(int) - FOUR[2]).mean() < 8


def test_a_frame_without_a_duration_is_shown_as_long_as_in_browsers(tmp_path: Path) -> None:
    images = [Image.fromarray(pixels) for pixels in FOUR]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=0)
    assert read(tmp_path / "a.gif")[0] == [(0, 100), (100, 100), (200, 100), (300, 100)]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_no_whole_one(share: float, path: Path) -> None:
    rng = np.random.default_rng(0)
    write(path, [rng.integers(0, 256, (24, 32, 3), np.uint8) for _ in range(4)])
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    try:
        times, _, reader = read(path)
    except VideoError as error:
        assert "damaged" in str(error)  # noqa: PT017 - either is right
    else:
        assert len(times) <= 4
        assert reader.damage


@pytest.mark.parametrize("content", [b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8X", b"GIF89a" + bytes(100)])
def test_what_is_no_animation_is_refused_by_name(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(VideoError, match=f"{path.name}: this GIF or WebP file is damaged"):
        AnimationReader(path)


def test_frames_that_are_too_large_are_refused(path: Path) -> None:
    write(path, FOUR)
    with pytest.raises(VideoError, match=r"32×24 pixels are more than the allowed 767; raise --max-pixels"):
        AnimationReader(path, max_pixels=767)


def test_a_quality_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError, match="quality 0 is out of range"):
        AnimationWriter(".webp", MILLISECOND, quality=0)


def test_frames_that_are_too_many_a_second_for_gif_are_noted() -> None:
    writer = AnimationWriter(".gif", Fraction(1, 100))
    for number in range(4):
        writer.add(picture(number), number, 1)
    assert any("more than 50 frames a second" in note for note in writer.encode().notes)


def test_frames_that_are_shorter_than_a_tick_do_not_make_a_gif_longer() -> None:
    writer = AnimationWriter(".gif", Fraction(1, 200))
    for number in range(6):
        writer.add(picture(number), number, 1)
    encoded = writer.encode()
    image: Any
    with Image.open(BytesIO(encoded.data)) as image:
        durations = [image.seek(number) or image.info["duration"] for number in range(image.n_frames)]
    assert sum(durations) == 30
    assert any("3 frames left out" in note for note in encoded.notes)


def test_pictures_too_large_for_webp_are_refused() -> None:
    writer = AnimationWriter(".webp", MILLISECOND)
    for number in range(2):
        writer.add(np.full((1, 16_400, 3), number, np.uint8), number, 1)
    with pytest.raises(VideoError, match="these frames cannot be written as an animation"):
        writer.encode()
