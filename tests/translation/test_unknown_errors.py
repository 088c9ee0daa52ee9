"""An unforeseen exception in any stage of images costs one item, is named, and all others are done."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

import img2img
from img2img import Model, PluginHost
from img2img.inference import executor, picture
from img2img.media.image import decode
from img2img.translation import kinds, pipeline, reading
from img2img.translation.journal import Journal
from img2img.translation.place import Place

from .planted import BAD_SIZE, ERRORS, NO_MEMORY, OddError, fails, install, is_bad, kind, network, plant


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
    "read": (reading, "read_file"),
    "digest": (pipeline, "digest"),
    "decode": (pipeline, "decode_image"),
    "metadata": (decode, "normalised"),
    "to tensor": (picture, "to_network"),
    "to the unit range": (executor, "to_unit_range"),
    "from tensor": (executor, "to_integers"),
    "from network": (picture, "from_network"),
    "encode": (pipeline, "encode_image"),
    "write": (Place, "write"),
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
    install(host, monkeypatch, error)
    model = enlarger
    if stage == "network":
        model = make.model(make.translator(network(error), scale=2))
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
