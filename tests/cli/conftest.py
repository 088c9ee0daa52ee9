"""The program in this process, which spares the two seconds that torch takes to load; and something to translate."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from img2img.cli import main


class Done(NamedTuple):
    status: int
    out: str
    err: str


Program = Callable[..., Done]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Run `img2img WORDS…` as `main` does; numbers and paths become words."""

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["img2img", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    monkeypatch.setattr(logging, "basicConfig", lambda **options: None)  # pytest has handlers of its own
    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three pictures, one of them in a folder below."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "below/c.png")):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 10, 3), np.uint8)
        (folder / name).write_bytes(cv2.imencode(".png", pixels)[1])
    return folder


@pytest.fixture(autouse=True)
def models(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of models with one in it, `tiny`."""
    monkeypatch.setenv("IMG2IMG_MODELS", str(tiny_model.parent))
    return tiny_model.parent
