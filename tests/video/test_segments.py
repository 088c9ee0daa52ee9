"""Encoded pieces, and that they fit together as if they had been one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from img2img.errors import WriteError
from img2img.media import Folder
from img2img.media.video import ClipInfo, VideoOptions
from img2img.media.video.encoding import Encoding, choose_encoding
from img2img.media.video.muxing import Contents, mux
from img2img.media.video.segments import SegmentEncoder, read_packets

from . import look, picture

TIMES = np.cumsum(np.random.default_rng(0).integers(200, 2000, 60)).tolist()
INFO = ClipInfo(96, 64, Fraction(1, 12800), Fraction(12))
CODECS = ["h264", "h265", "vp9", "av1", "ffv1", "mpeg4", "vp8"]


def encode(encoding: Encoding, folder: Path, *lengths: int) -> list[Path]:
    """Segments of so many frames each, at `TIMES`, each with its number drawn."""
    paths, number = [], 0
    for length in lengths:
        encoder = SegmentEncoder(encoding)
        for _ in range(length):
            pixels = picture.draw(number, (96, 64)).round().astype(np.uint8)
            encoder.add(pixels, TIMES[number], 100)
            number += 1
        paths.append(folder / f"{len(paths)}.npz")
        encoder.write(Folder(folder), paths[-1])
    return paths


@pytest.mark.parametrize("codec", CODECS)
def test_every_packet_is_decoded_before_it_is_shown_and_after_the_one_before(codec: str, tmp_path: Path) -> None:
    encoding = choose_encoding(".mkv", VideoOptions(codec=codec), INFO)
    packets = list(read_packets(encode(encoding, tmp_path, 20, 7, 33), encoding.time_base))
    decoded = [packet.dts for packet in packets]
    assert sorted(packet.pts for packet in packets) == TIMES
    assert decoded == sorted(set(decoded))
    assert all(packet.dts <= packet.pts for packet in packets)


@pytest.mark.parametrize("codec", CODECS)
def test_segments_make_one_video_with_every_frame_at_its_time(codec: str, tmp_path: Path) -> None:
    encoding = choose_encoding(".mkv", VideoOptions(codec=codec), INFO)
    mux(Contents(encoding, encode(encoding, tmp_path, 20, 1, 39)), Folder(tmp_path), tmp_path / "out.mkv")
    assert look.numbers(tmp_path / "out.mkv") == list(range(60))
    wanted = [Fraction(time, 12800) for time in TIMES]
    found = look.times(tmp_path / "out.mkv")
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= Fraction(1, 2000)


def test_mp4_keeps_times_to_the_tick(tmp_path: Path) -> None:
    encoding = choose_encoding(".mp4", VideoOptions(), INFO)
    mux(Contents(encoding, encode(encoding, tmp_path, 30, 30)), Folder(tmp_path), tmp_path / "out.mp4")
    assert look.times(tmp_path / "out.mp4") == [Fraction(time, 12800) for time in TIMES]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov"])
def test_the_same_segments_make_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    encoding = choose_encoding(suffix, VideoOptions(), INFO)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        mux(Contents(encoding, encode(encoding, tmp_path / name, 12, 12)), Folder(tmp_path), tmp_path / name / "out")
    assert (tmp_path / "a" / "out").read_bytes() == (tmp_path / "b" / "out").read_bytes()


def test_a_place_that_cannot_be_written_is_a_write_error(tmp_path: Path) -> None:
    encoding = choose_encoding(".mp4", VideoOptions(), INFO)
    segments = encode(encoding, tmp_path, 5)
    with pytest.raises(WriteError, match="create its folder first"):
        mux(Contents(encoding, segments), Folder(tmp_path), tmp_path / "nowhere" / "out.mp4")
