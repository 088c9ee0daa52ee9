"""Closed captions, which H.264 and others carry inside their frames, are kept or named."""

from __future__ import annotations

import gc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.sidedata.sidedata import SideDataContainer

from img2img.media.video.captions import captioned, captions_of

PAIRS = [b"\xfc" + bytes(pair) for pair in ((0x94, 0x20), (0x94, 0x2C), (0xC8, 0xE5), (0xEC, 0xEC), (0xEF, 0x80))]


def source(path: Path, pix_fmt: str = "yuv420p") -> Path:
    """A clip of ten frames at 25 a second, the first five of which carry captions."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=25, options={"threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for number in range(10):
            pixels = np.full((48, 64, 3), 20 * number, np.uint8)
            frame = captioned(pixels, b"".join(PAIRS[number : number + 1]))
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert captions(path) == [*PAIRS, *[b""] * 5]
    return path


def captions(path: Path) -> list[bytes]:
    """What each frame of a file carries."""
    with av.open(str(path)) as file:
        carried = [frame.side_data.get("A53_CC") for frame in file.decode(video=0)]  # type: ignore[call-overload]
        return [b"" if data is None else bytes(data) for data in carried]


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "h264"), ("a.mkv", "h264"), ("a.mov", "h265")])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_captions_stay_on_their_frames(
    pix_fmt: str, name: str, codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(source(tmp_path / "in.mp4", pix_fmt), tmp_path / name, codec=codec)
    assert (item.status, item.notes) == ("done", ())
    assert captions(item.target) == [*PAIRS, *[b""] * 5]


def test_captions_of_the_part_that_is_chosen_are_kept(kept: Callable[..., Path], tmp_path: Path) -> None:
    target = kept(source(tmp_path / "in.mp4"), tmp_path / "out.mp4", start=Fraction(2, 25))
    assert captions(target) == [*PAIRS[2:], *[b""] * 5]


@pytest.mark.parametrize("rate", [10, 50])
def test_captions_survive_another_rate_in_their_order(rate: int, kept: Callable[..., Path], tmp_path: Path) -> None:
    target = kept(source(tmp_path / "in.mp4"), tmp_path / "out.mp4", fps=Fraction(rate))
    assert b"".join(captions(target)) == b"".join(PAIRS)


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "vp9"), ("a.mkv", "ffv1"), ("a.mov", "prores")])
def test_captions_that_a_codec_cannot_store_are_named_once(
    name: str, codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(source(tmp_path / "in.mp4"), tmp_path / name, codec=codec)
    assert item.status == "done"
    assert sum("closed captions" in note for note in item.notes) == 1


def test_no_frame_stays_in_memory_once_its_captions_are_read(tmp_path: Path) -> None:
    with av.open(str(source(tmp_path / "in.mp4"))) as file:
        gc.collect()
        gc.disable()
        try:
            assert [captions_of(frame) for frame in file.decode(video=0)][:5] == PAIRS
            assert not [one for one in gc.get_objects() if type(one) is SideDataContainer]
        finally:
            gc.enable()
