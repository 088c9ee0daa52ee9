"""A plugin with filters that leave marks: where they were, in which order, on which frame; and those that fail."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

import img2img

Side = Literal["before", "after"]


class AddOptions(img2img.FilterOptions):
    value: int = Field(1, ge=0, le=255)
    side: Side = "after"


class Add(img2img.Filter):
    """Adds a number to each channel, round and round."""

    name, summary, options_class = "add", "adds", AddOptions

    def before(self, source: Any) -> Any:
        return source + source.dtype.type(self.options.value) if self.options.side == "before" else source

    def after(self, source: Any, result: Any) -> Any:
        return result + result.dtype.type(self.options.value) if self.options.side == "after" else result


class Double(img2img.Filter):
    name, summary = "double", "doubles"

    def after(self, source: Any, result: Any) -> Any:
        return result * result.dtype.type(2)


class Original(img2img.Filter):
    """Gives back the source, each pixel as often as the network made it larger."""

    name, summary = "original", "undoes the network"

    def after(self, source: Any, result: Any) -> Any:
        scale = len(result) // len(source)
        return source.repeat(scale, 0).repeat(scale, 1)


class Count(img2img.Filter):
    """Adds the number of frames so far to what goes in, and ten times that to what comes out."""

    name, summary = "count", "numbers the frames"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.seen = np.zeros(1, np.int64)

    def before(self, source: Any) -> Any:
        self.seen += 1
        return source + self.seen.astype(source.dtype)

    def after(self, source: Any, result: Any) -> Any:
        self.seen += 1
        return result + (10 * self.seen).astype(result.dtype)

    def state(self) -> Mapping[str, Any]:
        return {"seen": self.seen}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.seen = state["seen"]


class BrokenOptions(img2img.FilterOptions):
    how: Literal["shape", "type", "nothing", "raise", "exit", "write", "make", "state"]
    side: Side = "after"
    only: int = Field(-1, description="where the first pixel has this level alone; -1: everywhere")


class Broken(img2img.Filter):
    """Does what no filter may do."""

    name, summary, options_class = "broken", "fails", BrokenOptions

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        if options.how == "make":
            raise ValueError("not today")

    def before(self, source: Any) -> Any:
        return self._broken(source, source) if self.options.side == "before" else source

    def after(self, source: Any, result: Any) -> Any:
        return self._broken(source, result) if self.options.side == "after" else result

    def _broken(self, source: Any, pixels: Any) -> Any:
        if self.options.only not in (-1, source[0, 0, 0]):
            return pixels
        if self.options.how == "raise":
            raise ValueError("no idea")
        if self.options.how == "exit":
            raise SystemExit(4)
        if self.options.how == "write":
            pixels += 1
        wrong = {"shape": pixels[1:], "type": pixels.astype(np.float32), "nothing": None}
        return wrong.get(self.options.how, pixels)

    def state(self) -> Mapping[str, Any]:
        return {"what": np.array([object()])} if self.options.how == "state" else {}


@img2img.hookimpl
def register_filters(register: Callable[[type[img2img.Filter]], None]) -> None:
    for kind in (Add, Double, Original, Count, Broken):
        register(kind)


def install(folder: Path) -> None:
    """Make the plugin known to programs that have the folder in PYTHONPATH."""
    info = folder / "img2img_marks-1.0.dist-info"
    if not info.exists():
        shutil.copy(__file__, folder / "img2img_marks.py")
        info.mkdir()
        (info / "entry_points.txt").write_text("[img2img]\nmarks = img2img_marks\n")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: img2img-marks\nVersion: 1.0\n")
