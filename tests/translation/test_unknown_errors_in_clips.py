"""An unforeseen exception in any stage of clips costs one item, is named, and all others are done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import img2img
from img2img import Model, PluginHost
from img2img.errors import UsageError
from img2img.inference import executor, picture
from img2img.media.video.reader import VideoReader
from img2img.media.video.segments import SegmentEncoder
from img2img.translation import clip, sinks, sources, targets
from img2img.translation.journal import Journal
from img2img.translation.place import Place
from img2img.translation.report import Report

from ..video import clips
from .planted import BAD_SIZE, ERRORS, NO_MEMORY, MuteError, OddError, fails, install, is_bad, kind, network, plant


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clips")
    sizes = {"a.mkv": (32, 24), "bad.mkv": BAD_SIZE[::-1], "c.mkv": (32, 24)}
    return {name: clips.write(folder / name, frames=5, size=size).read_bytes() for name, size in sizes.items()}


@pytest.fixture
def films(tmp_path: Path, drawn: dict[str, bytes]) -> Path:
    """Two clips, and one that is to fail between them; beside them an image."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, data in drawn.items():
        (folder / name).write_bytes(data)
    Image.fromarray(np.zeros((12, 16, 3), np.uint8)).save(folder / "d.png")
    return folder


CLIP_STAGES = {
    "digest": (sources, "digest_file"),
    "open": (sources, "open_clip"),
    "choose tracks": (targets, "choose_tracks"),
    "resume": (clip, "ClipState"),
    "to tensor": (picture, "to_network"),
    "from tensor": (executor, "to_integers"),
    "from network": (picture, "from_network"),
    "encode": (SegmentEncoder, "add"),
    "write a segment": (SegmentEncoder, "write"),
    "mux": (sinks, "mux"),
    "publish": (Place, "publish"),
    "journal, asked": (Journal, "done"),
    "journal, written": (Journal, "record"),
}


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        *((stage, ERRORS[0]) for stage in (*CLIP_STAGES, "decode", "picture", "filter", "network")),
        *(("encode", error) for error in (*NO_MEMORY, SystemExit(0), MuteError())),
        *((stage, MemoryError()) for stage in ("open", "picture", "mux")),
    ],
    ids=lambda value: value if isinstance(value, str) else kind(value),
)
def test_an_error_costs_the_clip_in_whose_course_it_was_raised(
    stage: str, error: BaseException, films: Path, enlarger: Model, host: PluginHost, tmp_path: Path, make: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    install(host, monkeypatch, error)
    model = enlarger
    if stage == "network":
        model = make.model(make.translator(network(error), scale=2))
    elif stage in ("decode", "picture"):
        plant_in_frames(monkeypatch, error, early=stage == "decode")
    elif stage != "filter":
        plant(monkeypatch, *CLIP_STAGES[stage], error)
    filters = ["choosy"] if stage == "filter" else []
    report = img2img.translate(films, tmp_path / "out", model=model, host=host, filters=filters)
    assert {item.source.name: item.status for item in report.items} == {
        "a.mkv": "done",
        "bad.mkv": "failed",
        "c.mkv": "done",
        "d.png": "done",
    }
    fails(report.items[1], error)
    assert sorted(make.tree(tmp_path / "out")) == ["a.mkv", "c.mkv", "d.png"]
    assert not (tmp_path / "out" / ".img2img" / "clips").exists()


def plant_in_frames(monkeypatch: pytest.MonkeyPatch, error: BaseException, *, early: bool) -> None:
    """Let the reader of the clip that is to fail raise after two frames, or give a frame whose picture raises."""
    frames = VideoReader.frames

    def picture() -> Any:
        raise error

    def raising(self: VideoReader) -> Iterator[Any]:
        for number, frame in enumerate(frames(self)):
            if is_bad(self.path) and number == 2:
                if early:
                    raise error
                yield img2img.Frame(frame.pts, frame.duration, picture)
            else:
                yield frame

    monkeypatch.setattr(VideoReader, "frames", raising)


def test_a_clip_that_is_done_and_cannot_be_closed_is_done(
    films: Path, enlarger: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    close = VideoReader.close

    def stuck(self: VideoReader) -> None:
        close(self)
        raise OddError("stuck")

    monkeypatch.setattr(VideoReader, "close", stuck)
    report: Report = img2img.translate(films, tmp_path / "out", model=enlarger)
    assert report.counts["done"] == 4
    assert "OddError: stuck" in caplog.text


def test_options_that_do_not_suit_one_clip_of_a_folder_cost_that_clip(
    films: Path, enlarger: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mkv", "c.mkv"):
        (films / name).unlink()
    plant(monkeypatch, targets, "choose_tracks", UsageError("no way"))
    report = img2img.translate(films, tmp_path / "out", model=enlarger)
    assert [item.status for item in report.items] == ["failed", "done"]
