"""Strange files of other people cost themselves at most, and are called what they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av.sidedata.sidedata import Type
from PIL import Image

import img2img
from img2img.media.clip.opening import open_clip

from . import clips, look, odd
from .clips import Tone

KEY = {"encryption_key": "76a6c65c5ea762046bd749a2e632ccbb", "encryption_kid": "a7e61c373e219033c21091fa607bf3b8"}


def unknown_codec(path: Path) -> Path:
    content = clips.write(path, audio=[Tone()]).read_bytes()
    assert b"avc1" in content
    path.write_bytes(content.replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    return path


def encrypted(path: Path, **options: Any) -> Path:
    return clips.write(path, muxer={"encryption_scheme": "cenc-aes-ctr", **KEY}, **options)


def damaged_index(path: Path) -> Path:
    content = bytearray(clips.write(path, muxer={"movflags": "+faststart"}).read_bytes())
    begin = content.index(b"moov") + 4
    content[begin : begin + 8] = b"\xff" * 8
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_pictures_with_exif_are_read(orientation: int, kept: Callable[..., Path], tmp_path: Path) -> None:
    target = kept(odd.photos(tmp_path / "a.avi", orientation=orientation), tmp_path / "out.mkv")
    assert len(look.frames(target)) == 8
    if orientation == 1:
        assert look.numbers(target) == list(range(8))


def test_side_data_without_a_name_stand_beside_those_with_one(tmp_path: Path) -> None:
    kinds = [Type(31), Type(99), Type.DISPLAYMATRIX]
    assert [kind.name for kind in kinds] == ["UNKNOWN_31", "UNKNOWN_99", "DISPLAYMATRIX"]
    assert Type["DISPLAYMATRIX"] is Type.DISPLAYMATRIX


def test_a_clip_of_an_unknown_codec_costs_only_itself(
    same_host: img2img.PluginHost, same_models: dict[int, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    clips.write(folder / "a.mp4")
    unknown_codec(folder / "b.mp4")
    clips.write(folder / "c.mp4")
    report = img2img.translate(
        folder, tmp_path / "out", model=same_models[1], compute=img2img.Compute("cpu"), host=same_host
    )
    assert [item.status for item in report.items] == ["done", "failed", "done"]
    assert "a codec that is not known" in report.items[1].reason


@pytest.mark.parametrize("options", [{}, {"audio": [Tone()]}, {"codec": "libx265"}])
def test_an_encrypted_film_is_called_encrypted(
    options: dict[str, Any], translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(encrypted(tmp_path / "a.mp4", **options), tmp_path / "out.mp4")
    assert item.status == "failed"
    assert "it is encrypted" in item.reason
    assert "damaged" not in item.reason


def test_an_index_that_is_there_but_damaged_is_not_called_missing(
    translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(damaged_index(tmp_path / "a.mp4"), tmp_path / "out.mp4")
    assert item.status == "failed"
    assert "is missing" not in item.reason


@pytest.mark.parametrize(("frame", "x", "y"), [(0, 0, 0), (1, 10, 8), (1, 300, 200), (2, 90, 60), (1, 0, 0)])
@pytest.mark.parametrize("larger", [0, 50])
def test_a_frame_of_a_gif_that_reaches_beyond_its_picture_is_cut(
    larger: int, frame: int, x: int, y: int, translate: Callable[..., Any], tmp_path: Path
) -> None:
    path = gif(tmp_path / "a.gif", frame, x, y, larger)
    with closing(open_clip(path)) as reader:
        size = (reader.info.height, reader.info.width)
        assert {found.picture().shape[:2] for found in reader.frames()} == {size}
    item = translate(path, tmp_path / "out.mp4")
    assert (item.status, item.reason) == ("done", "")
    assert len(look.frames(item.target)) == 3


def gif(path: Path, frame: int, x: int, y: int, larger: int) -> Path:
    """Write a GIF of 96×64 pixels of which a frame is larger, or lies elsewhere."""
    images = [Image.fromarray(np.full((64, 96), 40 * number, np.uint8)) for number in range(1, 4)]
    content = bytearray()
    for number, image in enumerate(images):
        if number == frame and larger:
            image = image.resize((96 + larger, 64 + larger))
        image.save(path, "GIF")
        stored = path.read_bytes()
        begin = stored.index(b",", 13 + 3 * (2 << (stored[10] & 7)))
        if not content:
            content += stored[:begin]
            content[6:10] = (96).to_bytes(2, "little") + (64).to_bytes(2, "little")
        content += b"!\xf9\x04\0\x0a\0\0\0"
        block = bytearray(stored[begin:-1])
        if number == frame:
            block[1:5] = x.to_bytes(2, "little") + y.to_bytes(2, "little")
        content += block
    path.write_bytes(content + b";")
    return path
