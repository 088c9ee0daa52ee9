"""Colours that no player shows right by guessing: rare matrices, the brightness of HDR, and what else frames carry."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from . import look

PATCHES = ((235, 30, 40), (20, 200, 60), (30, 50, 220), (128, 128, 128), (255, 255, 255), (10, 10, 10))
GRADED = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
HDR10 = f"log-level=none:pools=none:frame-threads=1:hdr10=1:repeat-headers=1:master-display={GRADED}:max-cll=1000,400"


def patches(path: Path, matrix: int, full: bool = False, primaries: int = 2, kr_kb: Any = None) -> Path:
    """A clip of three frames, patches of single colours, stored in a matrix of H.273: YCgCo, or one by kr and kb."""
    red, green, blue = np.repeat(np.array(PATCHES).T[:, None, :, None] / 255, 16, 3).reshape(3, 1, -1).repeat(48, 1)
    if kr_kb:
        kr, kb = kr_kb
        luma = kr * red + (1 - kr - kb) * green + kb * blue
        chroma = [(blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)]
    else:
        luma, chroma = green / 2 + (red + blue) / 4, [green / 2 - (red + blue) / 4, (red - blue) / 2]
    planes = [luma * 255, *(part * 255 + 128 for part in chroma)]
    if not full:
        planes = [luma * 219 + 16, *(part * 224 + 128 for part in chroma)]
    frame = av.VideoFrame.from_ndarray(np.rint(np.clip(planes, 0, 255)).astype(np.uint8), format="yuv444p")
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=25, options={"crf": "2", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv444p"
        for target in (frame, stream.codec_context):
            target.colorspace, target.color_range, target.color_primaries = matrix, 2 if full else 1, primaries
        for number in range(3):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def colours(path: Path) -> list[Any]:
    """The colour in the middle of each patch, as a player shows it that goes by the tags."""
    return [look.frames(path)[1].pixels[24, 16 * place + 8].tolist() for place in range(len(PATCHES))]


@pytest.mark.parametrize("full", [False, True])
def test_ycgco_becomes_bt709_with_a_note(full: bool, translate: Callable[..., Any], tmp_path: Path) -> None:
    source = patches(tmp_path / "in.mkv", 8, full)
    item = translate(source, tmp_path / "out.mp4", pixel_format="yuv444p", quality=2)
    assert np.abs(np.subtract(colours(item.target), PATCHES)).max() <= 6
    assert look.about(item.target).video.colours[2:] == (1, 2 if full else 1)
    assert any("YCgCo became BT.709" in note for note in item.notes)


@pytest.mark.parametrize(("primaries", "matrix", "kr_kb"), [(1, 1, (0.2126, 0.0722)), (9, 9, (0.2627, 0.0593))])
def test_a_matrix_derived_from_known_primaries_is_that_of_these(
    primaries: int, matrix: int, kr_kb: tuple[float, float], kept: Callable[..., Path], tmp_path: Path
) -> None:
    source = patches(tmp_path / "in.mkv", 12, primaries=primaries, kr_kb=kr_kb)
    target = kept(source, tmp_path / "out.mp4", pixel_format="yuv444p", quality=2)
    assert look.about(target).video.colours[2] == matrix
    assert np.abs(np.subtract(colours(target), PATCHES)).max() <= 6


@pytest.mark.parametrize(
    ("matrix", "name"),
    [
        (10, "BT.2020 with constant luminance"),
        (11, "SMPTE 2085"),
        (12, "derived from its primaries"),
        (13, "derived from its primaries, with constant luminance"),
        (14, "ICtCp"),
        (16, "YCgCo-Re"),
        (17, "YCgCo-Ro"),
    ],
)
def test_a_matrix_that_cannot_be_converted_is_refused_by_name(
    matrix: int, name: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(patches(tmp_path / "in.mkv", matrix), tmp_path / "out.mp4")
    assert item.status == "failed"
    assert name in item.reason
    assert "in.mkv" in item.reason
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def hdr(path: Path, params: str = HDR10) -> Path:
    """A clip of H.265 with the colours of HDR10."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx265", rate=25, options={"preset": "ultrafast", "x265-params": params})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, 16, 1
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20_000, np.uint16), format="rgb48le")
        frame.colorspace, frame.color_range = 9, 1
        for number in range(3):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def side_data(path: Path) -> dict[str, bytes]:
    with av.open(str(path)) as file:
        carried: Any = next(file.decode(video=0)).side_data
        return {data.type.name: bytes(data) for data in carried}


def mastering(path: Path) -> list[Fraction]:
    numbers = np.frombuffer(side_data(path)["MASTERING_DISPLAY_METADATA"], "<i4")[:20].tolist()
    return [Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True)]


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "h264"), ("a.mp4", "h265"), ("a.mkv", "h265"), ("a.mkv", "av1")])
def test_mastering_display_and_light_level_of_hdr10_are_kept(
    name: str, codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    source = hdr(tmp_path / "in.mp4")
    item = translate(source, tmp_path / name, codec=codec)
    assert (item.status, item.notes) == ("done", ())
    assert mastering(item.target) == pytest.approx(mastering(source), abs=1e-3)
    assert side_data(item.target)["CONTENT_LIGHT_LEVEL"] == side_data(source)["CONTENT_LIGHT_LEVEL"]


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "vp9"), ("a.mov", "prores"), ("a.mkv", "ffv1")])
def test_hdr10_that_an_encoder_cannot_store_is_named(
    name: str, codec: str, translate: Callable[..., Any], tmp_path: Path
) -> None:
    item = translate(hdr(tmp_path / "in.mp4"), tmp_path / name, codec=codec)
    assert item.status == "done"
    assert any("mastering display and light level of HDR10" in note for note in item.notes)


def test_a_light_level_alone_is_kept(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = hdr(tmp_path / "in.mkv", "log-level=none:pools=none:hdr10=1:repeat-headers=1:max-cll=700,90")
    target = side_data(kept(source, tmp_path / "out.mp4"))
    assert "MASTERING_DISPLAY_METADATA" not in target
    assert np.frombuffer(target["CONTENT_LIGHT_LEVEL"], "<u4").tolist() == [700, 90]


def bits(*fields: tuple[int, int]) -> bytes:
    """Bytes of numbers of so many bits each, filled up with zeros."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def test_hdr10_plus_is_named_as_left_out(translate: Callable[..., Any], tmp_path: Path) -> None:
    brightness = bits((1, 2), (1000, 27), (0, 1), (500, 17), (500, 17), (500, 17), (100, 17), (0, 17))
    content = b"\xb5\x00\x3c\x00\x01\x04\x01" + brightness  # SMPTE ST 2094-40 as a message of ITU-T T.35
    message = b"\0\0\0\1\x4e\x01\x04" + bytes([len(content)]) + content.replace(b"\0\0", b"\0\0\3") + b"\x80"
    raw = hdr(tmp_path / "plain.hevc").read_bytes()
    picture = raw.index(b"\0\0\1\x28") - 1  # the first key frame
    (tmp_path / "in.hevc").write_bytes(raw[:picture] + message + raw[picture:])
    assert "DYNAMIC_HDR_PLUS" in side_data(tmp_path / "in.hevc")
    item = translate(tmp_path / "in.hevc", tmp_path / "out.mp4")
    assert item.status == "done"
    assert "left out: HDR10+ metadata" in item.notes
