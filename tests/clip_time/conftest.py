"""Networks that know time, and clips translated by them; segments have five frames."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import img2img
from img2img import Model, PluginHost, Traits
from img2img.errors import Stopped
from img2img.host.declarations import Plugin
from img2img.media.video import VideoOptions
from img2img.translation import clip_pipeline, clip_state
from img2img.translation.report import Report

from ..translation.conftest import make, marked_host
from .networks import Adding, Doubling, Weighing, levels_of

__all__ = ["make", "marked_host"]

SEGMENT = 5

Clip = Callable[..., Any]


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (clip_state, clip_pipeline):
        monkeypatch.setattr(module, "SEGMENT", SEGMENT)


@pytest.fixture
def weighing(make: Any) -> Callable[..., Model]:
    return lambda before, after: make.model(Weighing(nn.Identity(), Traits(window=(before, after), tiling="exact")))


@pytest.fixture
def adding(make: Any) -> Model:
    model: Model = make.model(Adding(nn.Identity(), Traits(remembers=True)))
    return model


@pytest.fixture
def doubling(make: Any) -> Model:
    model: Model = make.model(Doubling(nn.Identity(), Traits(window=(0, 1), frames_out=2)))
    return model


@pytest.fixture
def clip(tmp_path: Path, marked_host: PluginHost) -> Clip:
    """Translate grey frames of 4×4 pixels with these levels, in RGB without loss: `clip(model, levels, **options)`."""

    def clip(model: Model, levels: list[int], name: str = "out", rate: int = 10, **options: Any) -> list[int]:
        source = tmp_path / "clip.npy"
        if not source.exists():
            np.save(source, np.stack([np.full((4, 4, 3), level, np.uint8) for level in levels]))
        target = tmp_path / f"{name}.mkv"
        video = VideoOptions(codec="ffv1", pixel_format="bgr0", fps=Fraction(rate))
        report: Report = img2img.translate(source, target, model=model, video=video, host=marked_host, **options)
        assert [item.status for item in report.items] == ["done"], report.items[0].reason
        return levels_of(target)

    return clip


@pytest.fixture
def stopped_at(clip: Clip, marked_host: PluginHost) -> Callable[..., None]:
    """Translate such a clip until a number of frames are done, and stop there: `stopped_at(frame, model, levels)`."""
    seen: list[int] = []

    class Watching:
        @img2img.hookimpl
        def frame_translated(self, done: int) -> None:
            seen.append(done)

    marked_host.register(Watching(), Plugin("watching", "img2img-watching", "1"))

    def stopped_at(frame: int, model: Model, levels: list[int], name: str = "again", **options: Any) -> None:
        seen.clear()
        with pytest.raises(Stopped):
            clip(model, levels, name, stop=lambda: bool(seen) and seen[-1] >= frame, **options)

    return stopped_at
