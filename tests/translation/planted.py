"""Plants an error in one stage of a job, for one item, which is known by its name and its size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from img2img import ClipSource, Filter, PluginHost, hookimpl
from img2img.host.declarations import Plugin

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


def install(host: PluginHost, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Register the filter and the source, which raise an error for the item that is to fail."""
    monkeypatch.setattr(Choosy, "error", error, raising=False)
    monkeypatch.setattr(BadSource, "error", error, raising=False)
    host.register(Plugins(), Plugin("planted", "img2img-planted", "1"))


def network(error: BaseException) -> Callable[[Tensor], Tensor]:
    """A network that inverts and doubles, and raises an error for the item that is to fail."""

    def network(images: Tensor) -> Tensor:
        if is_bad(images):
            raise error
        return interpolate(1 - images, scale_factor=2)

    return network
