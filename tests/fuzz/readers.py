"""The readers of the program, each called with a path as a job calls it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from img2img import PluginHost
from img2img.config import read_toml
from img2img.media import READABLE_IMAGES, decode_image, read_file
from img2img.media.clip.opening import open_clip
from img2img.media.formats import READABLE_CLIPS
from img2img.models.file import SUFFIX
from img2img.models.store import CHECKPOINTS, describe_model, open_model
from img2img.translation.journal import STATE, Journal

Reader = Callable[[Path], None]


def read_image(path: Path) -> None:
    decode_image(read_file(path), path.name)


def read_clip(path: Path) -> None:
    """Read all frames, but decode no more than a hundred."""
    clip = open_clip(path)
    for number, frame in enumerate(clip.frames()):
        if number < 100:
            frame.picture()


def read_model(path: Path) -> None:
    describe_model(path, host())
    open_model(path, host())


def read_options(path: Path) -> None:
    read_toml(path)


def read_journal(path: Path) -> None:
    """Open the journal of a target folder in which an earlier job left this file."""
    folder = path.parent / "target"
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / STATE / "journal.jsonl")
    Journal(folder, "s" * 64).close()


@cache
def host() -> PluginHost:
    return PluginHost.discover()


def reader_of(path: Path) -> Reader:
    """Return the reader of a file with such a name."""
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return read_journal
    if suffix == ".toml":
        return read_options
    if suffix in (SUFFIX, *CHECKPOINTS, ".onnx", ".pt2"):
        return read_model
    moving = suffix in READABLE_CLIPS or path.stem == "moving" or suffix not in READABLE_IMAGES
    return read_clip if moving else read_image
