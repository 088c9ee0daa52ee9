"""The example of an album source in plugins/README.md: it is what a plugin needs, and keeps every promise."""

from __future__ import annotations

import re
import tarfile
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from img2img import AlbumTarget, PluginHost, hookimpl, translate
from img2img.host.declarations import Plugin
from img2img.testing.promises import album_sources
from img2img.testing.promises.album_sources import AlbumSourceSubject

PAGE = (Path(__file__).parents[2] / "plugins" / "README.md").read_text("utf-8")


def source() -> Any:
    (example,) = (block for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S) if "AlbumSource" in block)
    names: dict[str, Any] = {}
    exec(example, names)
    return names["TarSource"]()


class Writer:
    def __init__(self, path: Path) -> None:
        self.archive = tarfile.TarFile(path, "w")

    def add(self, name: str, content: BufferedIOBase) -> None:
        member, data = tarfile.TarInfo(name), content.read()
        member.size = len(data)
        self.archive.addfile(member, BytesIO(data))

    def finish(self) -> None:
        self.archive.close()

    def close(self) -> None:
        self.archive.close()


class TarTarget(AlbumTarget):
    name, summary = "tar", "tar files"

    def create(self, path: Path) -> Writer:
        return Writer(path)


def test_the_example_of_an_album_source_keeps_every_promise(tmp_path: Path) -> None:
    subject = AlbumSourceSubject(source(), tmp_path, TarTarget())
    outcomes = [subject.outcome(promise) for promise in album_sources.PROMISES]
    assert [outcome.text for outcome in outcomes if outcome.state != "ok"] == []


def test_a_tar_file_is_translated_by_the_example(tmp_path: Path, tiny_model: Path, host: PluginHost) -> None:
    class Module:
        @hookimpl
        def register_album_sources(self, register: Any) -> None:
            register(source())

    host.register(Module(), Plugin("tar", "img2img-tar", "1"))
    writer = Writer(tmp_path / "photos.tar")
    writer.add("sub/a.png", BytesIO(cv2.imencode(".png", np.zeros((4, 6, 3), np.uint8))[1].tobytes()))
    writer.add("notes.txt", BytesIO(b"notes"))
    writer.close()
    report = translate(tmp_path / "photos.tar", tmp_path / "out", model=tiny_model, host=host)
    assert (report.counts["done"], len(report.passed_over)) == (1, 1)
    assert (tmp_path / "out" / "sub" / "a.png").exists()
