"""Clips that a plugin reads, by a scheme or a suffix, and what becomes of a plugin that does not keep the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from img2img import ClipInfo, ClipSource, Frame, Model, PluginHost, UsageError, VideoError, hookimpl, translate
from img2img.host.declarations import Plugin
from img2img.media.video import VideoOptions
from img2img.media.video.reader import VideoReader

TIMES = [0, 1, 5, 6, 20]


class Drawn:
    """Frames at `TIMES`, in tenths of a second, each of a brightness of its own; `kind` says what is wrong."""

    damage = ""

    def __init__(self, kind: str) -> None:
        self.kind, self.closed = kind, False
        self.info = ClipInfo(16, 12, Fraction(1, 10), Fraction(5), frames=len(TIMES), start=Fraction(0))
        self.damage = "the third frame is lost" if kind == "damaged" else ""

    def frames(self) -> Iterator[Frame]:
        for index, (begin, end) in enumerate(zip(TIMES, [*TIMES[1:], 25], strict=True)):
            if self.kind == "stumbles" and index == 3:
                raise IndexError("no more of them")
            yield Frame(begin, end - begin, lambda index=index: self.picture(index))

    def picture(self, index: int) -> Any:
        if self.kind == "blind":
            raise OSError("lens cap")
        width = 15 if self.kind == "narrow" and index else 16
        return np.full((12, width, 3), 40 * index, np.uint16 if self.kind == "deep" else np.uint8)

    def close(self) -> None:
        self.closed = True


class DrawnSource(ClipSource):
    name, summary = "drawn", "pictures of rising brightness"

    def __init__(self) -> None:
        self.opened: list[Drawn] = []

    def open(self, address: str, fps: Fraction | None) -> Drawn:
        if address.endswith("nowhere"):
            raise VideoError(f"{address}: nothing is there")
        if address == "broken":
            raise KeyError(address)
        self.opened.append(Drawn(Path(address).stem))
        return self.opened[-1]


@pytest.fixture
def source(host: PluginHost) -> DrawnSource:
    """The source `drawn`, of an installed plugin."""
    source = DrawnSource()

    class Module:
        @hookimpl
        def register_sources(self, register: Callable[[ClipSource], None]) -> None:
            register(source)

    host.register(Module(), Plugin("drawn", "img2img-drawn", "1"))
    return source


def times(path: Path) -> list[float]:
    reader = VideoReader(path)
    found = [float(frame.pts * reader.info.time_base) for frame in reader.frames()]
    reader.close()
    return found


def test_what_a_plugin_reads_by_its_scheme_keeps_its_times(
    source: DrawnSource, enlarger: Model, host: PluginHost, tmp_path: Path
) -> None:
    report = translate("drawn:five", tmp_path / "out.mkv", model=enlarger, host=host)
    assert report.counts["done"] == 1
    assert times(tmp_path / "out.mkv") == pytest.approx([tick / 10 for tick in TIMES], abs=0.001)
    assert source.opened[0].closed


def test_a_part_of_it_begins_at_0(source: DrawnSource, enlarger: Model, host: PluginHost, tmp_path: Path) -> None:
    video = VideoOptions(start=Fraction(1, 2), end=Fraction(2))
    translate("drawn:five", tmp_path / "out.mkv", model=enlarger, host=host, video=video)
    assert times(tmp_path / "out.mkv") == pytest.approx([0, 0.1], abs=0.001)


def test_files_of_its_suffix_are_its_own_among_others_in_a_folder(
    source: DrawnSource, enlarger: Model, host: PluginHost, photos: Path, tmp_path: Path
) -> None:
    (photos / "film.drawn").write_bytes(b"what is in it does not matter here")
    report = translate(photos, tmp_path / "out", model=enlarger, host=host)
    assert report.counts["done"] == 8
    assert len(times(tmp_path / "out" / "film.mkv")) == 5
    report = translate(photos, tmp_path / "out", model=enlarger, host=host)
    assert report.counts["skipped"] == 8


def test_what_is_lost_of_it_is_told(source: DrawnSource, enlarger: Model, host: PluginHost, tmp_path: Path) -> None:
    report = translate("drawn:damaged", tmp_path / "out.mkv", model=enlarger, host=host)
    assert report.items[0].status == "damaged"
    assert "drawn:damaged: the third frame is lost" in report.items[0].reason


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nowhere", "nowhere: nothing is there"),
        ("broken", "drawn:broken: the plugin that reads it failed: KeyError: 'broken'"),
        ("stumbles", "drawn:stumbles: the plugin that reads it failed: IndexError: no more of them"),
        ("blind", "drawn:blind: the plugin that reads it failed: OSError: lens cap"),
        ("narrow", "drawn:narrow: a frame is (12, 15, 3), where 16×12 was promised"),
        ("deep", "drawn:deep: a frame is of uint16, where uint8 was promised"),
    ],
)
def test_a_source_that_fails_costs_its_clip_and_leaves_no_target(
    address: str, reason: str, source: DrawnSource, enlarger: Model, host: PluginHost, tmp_path: Path
) -> None:
    report = translate(f"drawn:{address}", tmp_path / "out.mkv", model=enlarger, host=host)
    assert (report.counts["failed"], report.items[0].reason) == (1, reason)
    assert not (tmp_path / "out.mkv").exists()
    assert all(clip.closed for clip in source.opened)


def test_a_scheme_that_nobody_has_is_a_path_that_is_not_there(
    enlarger: Model, host: PluginHost, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="drawn:five does not exist"):
        translate("drawn:five", tmp_path / "out.mkv", model=enlarger, host=host)


def test_a_file_whose_name_looks_like_a_scheme_is_a_file(
    source: DrawnSource, enlarger: Model, host: PluginHost, make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make.save(Path("drawn:a.png"), make.picture())
    assert translate("drawn:a.png", "out.png", model=enlarger, host=host).counts["done"] == 1
    assert source.opened == []
