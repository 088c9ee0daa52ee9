"""An album source whose pictures a test puts in, an album target that fails, and what is found afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from img2img import Album, AlbumSource, AlbumTarget, Model, NamedPicture, PluginHost, Report, hookimpl, translate
from img2img.host.declarations import Plugin


def png(height: int, width: int, grey: int = 90) -> bytes:
    return cv2.imencode(".png", np.full((height, width, 3), grey, np.uint8))[1].tobytes()


class DrawerSource(AlbumSource):
    """Holds what a test puts in; a value that is an exception is raised."""

    name, summary = "drawer", "pictures of a test"
    reads_files = False

    def __init__(self) -> None:
        self.contents: list[tuple[str, Any]] = []
        self.paths: dict[str, Path] = {}
        self.read: list[str] = []
        self.closed = 0

    def open(self, address: str) -> Album:
        if address == "missing":
            raise KeyError(address)
        return Album(
            [NamedPicture(name, partial(self._read, name, data), self.paths.get(name)) for name, data in self.contents],
            self._close,
        )

    def _read(self, name: str, data: Any) -> bytes:
        self.read.append(name)
        if isinstance(data, BaseException):
            raise data
        return data() if callable(data) else data

    def _close(self) -> None:
        self.closed += 1


class FailingTarget(AlbumTarget):
    name, summary = "failing", "nothing"

    def create(self, path: Path) -> Any:
        raise RuntimeError("no album today")


def here() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def found(folder: str | Path) -> dict[str, tuple[int, int]]:
    """Name to size of all pictures below a folder."""
    paths = [path for path in Path(folder).rglob("*") if path.is_file() and ".img2img" not in path.parts]
    return {str(path.relative_to(folder)): cv2.imread(str(path)).shape[:2] for path in paths}


def reasons(report: Report) -> dict[str, str]:
    return {item.address: item.reason for item in report.items if item.status == "failed"}


@pytest.fixture
def drawer(host: PluginHost) -> DrawerSource:
    """The album source `drawer`, of an installed plugin, which writes `.failing` files as well."""
    source = DrawerSource()

    class Module:
        @hookimpl
        def register_album_sources(self, register: Callable[[AlbumSource], None]) -> None:
            register(source)

        @hookimpl
        def register_album_targets(self, register: Callable[[AlbumTarget], None]) -> None:
            register(FailingTarget())

    host.register(Module(), Plugin("drawer", "img2img-drawer", "1"))
    return source


@pytest.fixture
def job(enlarger: Model, host: PluginHost, tmp_path: Path, monkeypatch: Any) -> Callable[..., Report]:
    """Translate in an empty folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return partial(translate, model=enlarger, host=host)
