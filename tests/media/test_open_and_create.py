"""What `img2img.media` lends to plugins: a reader of clips, and a writer that takes sound from another file."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import img2img
from img2img.errors import UsageError, VideoError
from img2img.host.declarations import Plugin
from img2img.media import ClipInfo, Frame, TracksOf, create_clip, open_clip
from img2img.media.clip.part import Part

from ..translation.conftest import make, marked_host
from ..video import clips

__all__ = ["make", "marked_host"]

INFO = ClipInfo(16, 12, Fraction(1, 10), Fraction(5))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Three seconds with sound, subtitles, a chapter and a title; its sound begins where its picture does."""
    return clips.write(
        tmp_path / "film.mkv",
        frames=75,
        audio=[clips.Tone()],
        subtitles=[clips.Subtitles()],
        chapters=[(0, 1, "One"), (1, 3, "Two")],
        metadata={"title": "A film"},
    )


def streams(path: Path) -> list[str]:
    with av.open(str(path)) as file:
        return sorted(stream.type for stream in file.streams)


def ends(path: Path, kind: str) -> float:
    """When the last packet of a kind of stream ends, in seconds."""
    with av.open(str(path)) as file:
        (stream,) = [stream for stream in file.streams if stream.type == kind]
        return max(
            float((packet.pts + (packet.duration or 0)) * packet.time_base)
            for packet in file.demux(stream)
            if packet.pts is not None
        )


def grey(level: int, channels: int = 3) -> Any:
    return np.full((12, 16, channels), level, np.uint8)


def test_a_clip_is_read_and_written_again_with_all_that_belongs_to_it(film: Path, tmp_path: Path) -> None:
    clip = open_clip(film)
    assert clip.info.tracks == TracksOf(film)
    with create_clip(tmp_path / "out.mkv", clip.info) as out:
        for frame in clip.frames():
            out.add(255 - frame.picture(), frame)
        assert not (tmp_path / "out.mkv").exists()
        out.finish()
    clip.close()
    assert streams(tmp_path / "out.mkv") == ["audio", "subtitle", "video"]
    with av.open(str(tmp_path / "out.mkv")) as file:
        assert file.metadata["title"] == "A film"
        assert len(file.chapters()) == 2
    assert ends(tmp_path / "out.mkv", "video") == pytest.approx(3, abs=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mkv", "out.mkv"]


def test_a_part_has_the_sound_of_that_part(film: Path, tmp_path: Path) -> None:
    clip = open_clip(film, start=Fraction(1), end=Fraction(2))
    assert clip.info.tracks == TracksOf(film, Fraction(1), Fraction(2))
    with create_clip(tmp_path / "out.mkv", clip.info) as out:
        for frame in clip.frames():
            out.add(frame.picture(), frame)
        out.finish()
    assert ends(tmp_path / "out.mkv", "audio") == pytest.approx(1, abs=0.05)
    assert ends(tmp_path / "out.mkv", "video") == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("inner", [(None, None), (Fraction(2, 5), None), (None, Fraction(5, 2))], ids=str)
def test_a_part_of_a_plugins_clip_takes_the_sound_of_its_own_time(
    inner: tuple[Fraction | None, Fraction | None], film: Path
) -> None:
    part = Part(open_clip(film, *inner), "film", Fraction(1), Fraction(3, 2))
    begin = (inner[0] or 0) + 1
    assert part.info.tracks == TracksOf(film, Fraction(begin), begin + Fraction(1, 2))
    frames = [*part.frames()]
    assert (frames[0].pts, len(frames)) == (0, 13)
    part.close()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif", ".webp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_frames_of_any_channels_become_a_clip_of_the_suffix(suffix: str, channels: int, tmp_path: Path) -> None:
    with create_clip(tmp_path / "name.part", INFO, suffix=suffix) as out:
        for tick in range(4):
            out.add(grey(40 + 50 * tick, channels), Frame(2 * tick, 2, lambda: grey(0)))
        out.finish()
    clip = open_clip(tmp_path / "name.part")
    frames = [*clip.frames()]
    times = [(frame.pts * clip.info.time_base, frame.duration * clip.info.time_base) for frame in frames]
    clip.close()
    assert times == [(Fraction(n, 5), Fraction(1, 5)) for n in range(4)]


def test_what_was_not_finished_leaves_nothing(film: Path, tmp_path: Path) -> None:
    with create_clip(tmp_path / "out.mp4", INFO) as out:
        out.add(grey(1), Frame(0, 1, lambda: grey(0)))
    with pytest.raises(VideoError, match="none was added"), create_clip(tmp_path / "out.gif", INFO) as out:
        out.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["film.mkv"]


def test_frames_that_do_not_fit_are_refused_with_a_reason(tmp_path: Path) -> None:
    with create_clip(tmp_path / "out.mp4", INFO) as out:
        with pytest.raises(VideoError, match="a frame of 16×11 in a clip of 16×12"):
            out.add(grey(1)[1:], Frame(0, 1, lambda: grey(0)))
        out.add(grey(1), Frame(3, 1, lambda: grey(0)))
        with pytest.raises(VideoError, match="times must rise"):
            out.add(grey(1), Frame(3, 1, lambda: grey(0)))
    with pytest.raises(UsageError, match=r"cannot be written as '\.txt'"):
        create_clip(tmp_path / "out.txt", INFO)


def test_the_example_of_the_plugin_page_keeps_what_belongs_to_the_clip(film: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "plugins" / "README.md").read_text("utf-8")
    (code,) = [block for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S) if "def negative" in block]
    names: dict[str, Any] = {}
    exec(code, names)
    names["negative"](film, tmp_path / "out.mkv")
    assert streams(tmp_path / "out.mkv") == ["audio", "subtitle", "video"]
    before, after = (
        next(iter(open_clip(path).frames())).picture().astype(int) for path in (film, tmp_path / "out.mkv")
    )
    assert np.abs(before + after - 255).mean() < 8


class Fetched(img2img.ClipSource):
    """Opens a file that it has 'fetched': the address is its path."""

    name, summary, reads_files = "fetched", "files from elsewhere", False

    def open(self, address: str, fps: Fraction | None) -> img2img.Clip:
        return open_clip(Path(address))


class Movies(img2img.ClipTarget):
    """Writes Matroska under another suffix, with the sound of the source."""

    name, summary, keeps_tracks = "movie", "videos with sound", True

    def create(self, path: Path, info: ClipInfo) -> img2img.ClipWriter:
        return create_clip(path, info, suffix=".mkv")


class Plugins:
    @img2img.hookimpl
    def register_sources(self, register: Any) -> None:
        register(Fetched())

    @img2img.hookimpl
    def register_targets(self, register: Any) -> None:
        register(Movies())


@pytest.mark.parametrize("suffix", [".mkv", ".movie", ".gif"])
@pytest.mark.parametrize("cut", [{}, {"start": Fraction(1), "end": Fraction(2)}], ids=str)
def test_a_plugins_source_keeps_its_sound_in_every_target_that_can(
    suffix: str, cut: dict[str, Fraction], film: Path, tmp_path: Path, make: Any, marked_host: img2img.PluginHost
) -> None:
    marked_host.register(Plugins(), Plugin("fetching", "img2img-fetching", "1"))
    target = tmp_path / f"out{suffix}"
    model = make.model(make.translator(make.Enlarge(2)))
    video = img2img.VideoOptions(**cut)
    report = img2img.translate(f"fetched:{film}", target, model=model, host=marked_host, video=video)
    (item,) = report.items
    assert (item.status, item.reason) == ("done", "")
    silent = "its sound and subtitles are not kept" in item.notes
    assert silent == (suffix == ".gif")
    if suffix != ".gif":
        assert streams(target) == ["audio", "subtitle", "video"]
        assert ends(target, "audio") == pytest.approx(1 if cut else 3, abs=0.05)
