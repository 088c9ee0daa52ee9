"""Whether damage is noticed, and what is shown instead, depends on the file alone: not on cores, nor on their load."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from img2img.media.video.reader import VideoReader

from . import clips, damage
from .test_damaged import SPOILABLE

ENCODERS = {
    **SPOILABLE,
    "slices.mp4": {"options": {"x264-params": "asm=0:slices=4"}},
    "mpeg2.ts": {"codec": "mpeg2video"},
    "ffv1.mkv": {"codec": "ffv1"},
}
PLACES = [(10, 0), (10, 8), (29, 0)]
"""Packets, and how many of their bytes are left."""
NEEDED_BY_NONE = (4, 7, 10, 15, 18)
"""Packets of B-frames that no other frame refers to: FFmpeg gives them out when the next packet is decoded."""


def outcome(path: Path) -> tuple[str, list[tuple[int, str]]]:
    """What a reader says of the damage, and the time and the picture of every frame."""
    with VideoReader(path) as reader:
        shown = [(frame.pts, sha256(frame.picture().tobytes()).hexdigest()) for frame in reader.frames()]
        return reader.damage, shown


@pytest.mark.parametrize(("packet", "skip"), PLACES)
@pytest.mark.parametrize("name", ENCODERS)
def test_damage_is_the_same_with_any_number_of_cores(
    name: str, packet: int, skip: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = damage.spoil(clips.write(tmp_path / name, **ENCODERS[name]), packet=packet, skip=skip)
    found = []
    for cores in (1, 2, 4, 8):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        found.append(outcome(source))
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("packet", NEEDED_BY_NONE)
def test_the_mark_of_a_damaged_frame_never_comes_too_late(packet: int, name: str, tmp_path: Path) -> None:
    source = damage.spoil(clips.write(tmp_path / name), packet=packet, skip=8)
    found = {outcome(source)[0] for _ in range(30)}  # of 30, up to five came too late on a busy machine
    assert len(found) == 1
    assert "1 of 30 frames are damaged" in found.pop()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_damage_of_a_later_slice_is_noticed(name: str, tmp_path: Path) -> None:
    whole = clips.write(tmp_path / name, **ENCODERS["slices.mp4"])
    size = damage.video_packets(whole)[12].size
    said, _ = outcome(damage.spoil(whole, packet=12, skip=size * 3 // 4))
    assert "frames are damaged, the first at 0.48 s" in said


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx", "libvpx-vp9", "mpeg4"])
def test_a_clip_has_the_same_bytes_each_time(codec: str, tmp_path: Path) -> None:
    def packets() -> list[bytes]:
        return [bytes(packet) for packet in damage.video_packets(clips.write(tmp_path / "a.mkv", codec=codec))]

    first = packets()
    assert all(packets() == first for _ in range(3))
