"""Frames at another rate, and what can be asked of clips at all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from img2img.errors import UsageError
from img2img.media.video import ClipInfo, Frame, VideoOptions
from img2img.translation.clip import at_rate
from img2img.translation.kinds import ClipKinds
from img2img.translation.targets import VideoFile, check_options

INFO = ClipInfo(8, 8, Fraction(1, 1000), Fraction(10))


def shown(begins: list[int], rate: int, end: int) -> list[tuple[int, int]]:
    """Tick and number of the picture, of frames that begin at these milliseconds."""
    pictures = [lambda number=number: np.full((1, 1, 3), number) for number in range(len(begins))]
    ends = [*begins[1:], end]
    times = zip(begins, ends, pictures, strict=True)
    frames = [Frame(begin, end - begin, picture) for begin, end, picture in times]
    return [(frame.pts, int(frame.picture()[0, 0, 0])) for frame in at_rate(iter(frames), INFO, Fraction(rate))]


def test_frames_are_repeated_for_a_higher_rate() -> None:
    assert shown([0, 100, 200], 20, 300) == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2)]


def test_frames_are_left_out_for_a_lower_rate() -> None:
    assert shown([0, 100, 200, 300], 5, 400) == [(0, 0), (1, 2)]


def test_what_is_shown_long_is_repeated_as_long() -> None:
    assert shown([0, 100, 500], 10, 600) == [(0, 0), (1, 1), (2, 1), (3, 1), (4, 1), (5, 2)]


def test_a_late_beginning_stays_late() -> None:
    assert shown([10_000, 10_100], 10, 10_200) == [(100, 0), (101, 1)]


@pytest.mark.parametrize(
    ("options", "suffix", "message"),
    [
        (VideoOptions(fps=Fraction(0)), ".mp4", "0 frames a second cannot be shown"),
        (VideoOptions(start=Fraction(3), end=Fraction(2)), ".mp4", "nothing lies between start 3 and end 2"),
        (VideoOptions(start=Fraction(-1)), ".gif", "start < end"),
        (VideoOptions(codec="nonsense"), ".mp4", "there is no encoder 'nonsense'"),
        (VideoOptions(codec="h264"), ".webm", r"a \.webm cannot be encoded this way"),
        (VideoOptions(preset="nonsense"), ".mkv", "cannot be encoded this way"),
        (VideoOptions(pixel_format="nonsense"), ".mp4", "does not take the pixel format 'nonsense'"),
        (VideoOptions(codec="ffv1", quality=3), ".mkv", "ffv1 has no quality to choose"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_before_any_work(options: VideoOptions, suffix: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_options(options, [VideoFile(Path("out").with_suffix(suffix))])


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_hardware_that_is_not_there_leaves_it_to_the_processor(codec: str) -> None:
    check_options(VideoOptions(codec=codec, hardware="auto"), [VideoFile(Path("a.mp4")), VideoFile(Path("b.mkv"))])


def test_animations_need_no_encoder() -> None:
    targets = [ClipKinds().target_of(Path(name)) for name in ("a.gif", "b.webp")]
    check_options(VideoOptions(codec="nonsense"), targets)
