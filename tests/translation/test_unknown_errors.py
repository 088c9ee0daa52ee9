"""An exception that nobody foresaw is raised in each stage: it costs one item, is named, and all others are done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import img2img
from img2img import ClipSource, Filter, Model, PluginHost, hookimpl
from img2img.errors import UsageError
from img2img.host.declarations import Plugin
from img2img.inference import executor, picture
from img2img.media.image import decode
from img2img.media.video.reader import VideoReader
from img2img.media.video.segments import SegmentEncoder
from img2img.translation import clip, kinds, pipeline, sinks, sources, targets
from img2img.translation.journal import Journal
from img2img.translation.report import Report

from ..video import clips

BAD_SIZE = (40, 48)
SIZES = {BAD_SIZE, (2 * BAD_SIZE[0], 2 * BAD_SIZE[1])}


class OddError(Exception):
    pass


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


ERRORS: list[BaseException] = [OddError("two\nlines"), MuteError()]
NO_MEMORY: list[BaseException] = [
    MemoryError(),
    torch.OutOfMemoryError("out of memory"),
    cv2.error("Insufficient memory"),
]


def kind(error: BaseException) -> str:
    return type(error).__name__


def is_bad(thing: Any) -> bool:
    """Whether an argument belongs to the item that is to fail: its name, its pixels, or what holds one of them."""
    if isinstance(thing, bytes):
        return b"bad mark" in thing
    if isinstance(thing, Tensor):
        return tuple(thing.shape[-2:]) in SIZES
    if isinstance(thing, np.ndarray):
        return bool({thing.shape[:2], thing.shape[1:3]} & SIZES)
    if isinstance(thing, str | Path):
        return "bad." in str(thing)
    return any(is_bad(getattr(thing, name, None)) for name in ("pixels", "source", "path", "_target") if thing)


def plant(monkeypatch: pytest.MonkeyPatch, home: Any, name: str, error: BaseException) -> None:
    """Let a function raise when it is called for the item that is to fail."""
    work = getattr(home, name)

    def raising(*arguments: Any, **named: Any) -> Any:
        if any(map(is_bad, (*arguments, *named.values()))):
            raise error
        return work(*arguments, **named)

    monkeypatch.setattr(home, name, raising)


class Choosy(Filter):
    name, summary = "choosy", "fails on pictures of one size"
    error: BaseException

    def before(self, source: Any) -> Any:
        if is_bad(source):
            raise self.error
        return source


class BadSource(ClipSource):
    name, summary = "bad", "cannot even say what it reads"
    error: BaseException

    @property
    def reads_files(self) -> bool:  # type: ignore[override]
        raise self.error

    def open(self, address: str, fps: Any) -> Any: ...


class Plugins:
    @hookimpl
    def register_filters(self, register: Callable[[Any], None]) -> None:
        register(Choosy)

    @hookimpl
    def register_sources(self, register: Callable[[Any], None]) -> None:
        register(BadSource())


def fails(item: Any, error: BaseException) -> None:
    assert item.status == "failed"
    assert item.reason.startswith(str(item.source))
    assert "\n" not in item.reason
    assert (
        "does not fit the memory" if isinstance(error, MemoryError) or error in NO_MEMORY else kind(error)
    ) in item.reason
    assert "()" not in item.reason


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Four images, and a fifth that is to fail."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((12, 16, 3), 40 * number, np.uint8)).save(folder / f"{number}.webp", lossless=True)
    exif = Image.Exif()
    exif[0x010E] = "bad mark"
    Image.fromarray(np.zeros((*BAD_SIZE, 3), np.uint8)).save(folder / "bad.webp", lossless=True, exif=exif)
    return folder


STAGES = {
    "probe": (kinds, "is_animated"),
    "read": (pipeline, "read_file"),
    "digest": (pipeline, "digest"),
    "decode": (pipeline, "decode_image"),
    "metadata": (decode, "normalised"),
    "to tensor": (picture, "to_network"),
    "to the unit range": (executor, "to_unit_range"),
    "from tensor": (executor, "to_integers"),
    "from network": (picture, "from_network"),
    "encode": (pipeline, "encode_image"),
    "write": (pipeline, "write_file"),
    "journal, asked": (Journal, "done"),
    "journal, written": (Journal, "record"),
}


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        *((stage, error) for stage in (*STAGES, "filter", "network", "plan") for error in ERRORS),
        *(("encode", error) for error in (*NO_MEMORY, SystemExit(0), KeyboardInterrupt())),
        *((stage, MemoryError()) for stage in ("probe", "decode", "to tensor", "write", "plan")),
    ],
    ids=lambda value: value if isinstance(value, str) else kind(value),
)
def test_an_error_costs_the_image_in_whose_course_it_was_raised(
    stage: str, error: BaseException, images: Path, enlarger: Model, host: PluginHost, tmp_path: Path, make: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(Choosy, "error", error, raising=False)
    monkeypatch.setattr(BadSource, "error", error, raising=False)
    host.register(Plugins(), Plugin("planted", "img2img-planted", "1"))
    model = enlarger
    if stage == "network":

        def network(tensor: Tensor) -> Tensor:
            if is_bad(tensor):
                raise error
            return make.Enlarge(2)(tensor)  # type: ignore[no-any-return]

        model = make.model(make.translator(network, scale=2))
    elif stage == "plan":
        (images / "bad.webp").rename(images / "bad.bad")
    elif stage != "filter":
        plant(monkeypatch, *STAGES[stage], error)
    filters = ["choosy"] if stage == "filter" else []
    report = img2img.translate(images, tmp_path / "out", model=model, host=host, filters=filters)
    assert report.counts == {"done": 4, "damaged": 0, "skipped": 0, "failed": 1, "planned": 0}
    (item,) = [item for item in report.items if item.status == "failed"]
    assert "bad" in item.source.name
    fails(item, error)
    assert sorted(make.tree(tmp_path / "out")) == [f"{number}.webp" for number in range(4)]


def test_a_single_image_fails_in_the_same_way(
    images: Path, enlarger: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, kinds, "is_animated", OddError("odd"))
    (item,) = img2img.translate(images / "bad.webp", tmp_path / "out.webp", model=enlarger).items
    fails(item, OddError())


def test_the_reason_asks_for_a_report_and_the_log_has_the_traceback(
    images: Path, enlarger: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plant(monkeypatch, pipeline, "encode_image", OddError("two\nlines"))
    with caplog.at_level(logging.INFO):
        report = img2img.translate(images, tmp_path / "out", model=enlarger)
    (reason,) = [item.reason for item in report.items if item.status == "failed"]
    assert reason == (
        f"{images / 'bad.webp'}: img2img failed on it, by an error that nobody foresaw: OddError: two lines; please "
        "report it with the traceback that `img2img -v translate …` shows"
    )
    assert "Traceback" in caplog.text
    assert caplog.records[0].levelno == logging.INFO


def test_a_keyboard_interrupt_of_a_network_is_no_ctrl_c(images: Path, make: Any, tmp_path: Path) -> None:
    def network(tensor: Tensor) -> Tensor:
        if is_bad(tensor):
            raise KeyboardInterrupt
        return tensor

    report = img2img.translate(images, tmp_path / "out", model=make.model(make.translator(network)))
    assert report.counts["failed"] == 1
    assert report.counts["done"] == 4


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
    "publish": (sinks, "publish"),
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
    monkeypatch.setattr(Choosy, "error", error, raising=False)
    host.register(Plugins(), Plugin("planted", "img2img-planted", "1"))
    model = enlarger
    if stage == "network":

        def network(tensor: Tensor) -> Tensor:
            if is_bad(tensor):
                raise error
            return make.Enlarge(2)(tensor)  # type: ignore[no-any-return]

        model = make.model(make.translator(network, scale=2))
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
