"""Translating clips with networks that change nothing, in this process and by the program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import img2img
from img2img.host.declarations import Plugin
from img2img.media.video import VideoOptions
from img2img.translation.report import Item

from . import same

PROGRAM = Path(sys.executable).with_name("img2img")


@dataclass(frozen=True)
class Done:
    """How the program ended."""

    status: int
    err: str


@pytest.fixture
def same_host() -> img2img.PluginHost:
    host = img2img.PluginHost.discover(strict=True)
    host.register(same, Plugin("same", "img2img-same", "1"))
    return host


@pytest.fixture(scope="session")
def same_models(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Model files of the family `same`, by their scale."""
    folder = tmp_path_factory.mktemp("models")
    return {scale: same.model(folder / f"same{scale}.safetensors", scale) for scale in (1, 2)}


@pytest.fixture
def translate(same_host: img2img.PluginHost, same_models: dict[int, Path]) -> Callable[..., Item]:
    """Translate one clip: `translate(source, target, scale=1, **VideoOptions)`; returns what became of it."""

    def translate(source: Path, target: Path, scale: int = 1, **options: Any) -> Item:
        report = img2img.translate(
            source, target, model=same_models[scale], compute=img2img.Compute("cpu"), video=VideoOptions(**options),
            host=same_host,
        )  # fmt: skip
        (item,) = report.items
        return item

    return translate


@pytest.fixture
def kept(translate: Callable[..., Item]) -> Callable[..., Path]:
    """Translate one clip, which must be done and without a damage; returns the target."""

    def kept(source: Path, target: Path, scale: int = 1, **options: Any) -> Path:
        item = translate(source, target, scale, **options)
        assert (item.status, item.reason) == ("done", "")
        return item.target

    return kept


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """For programs that shall find the plugin."""
    site = same.install(tmp_path_factory.mktemp("site") / "site")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}


@pytest.fixture
def program(environment: dict[str, str]) -> Callable[..., Done]:
    """Run `img2img WORDS…` as a process of its own."""

    def program(*words: object) -> Done:
        done = subprocess.run([PROGRAM, *map(str, words)], env=environment, capture_output=True, timeout=600)
        return Done(done.returncode, done.stderr.decode("utf-8", "replace"))

    return program


# Linux lets a child begin with its parent's peak, and ours has torch loaded: a small process in between starts it.
MEASURE = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


@pytest.fixture
def peak(environment: dict[str, str]) -> Callable[..., tuple[int, int]]:
    """Run `img2img WORDS…` as a process of its own; its exit status, and its peak memory in KiB."""

    def peak(*words: object) -> tuple[int, int]:
        command = [sys.executable, "-c", MEASURE, str(PROGRAM), *map(str, words)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
        status, memory = done.stdout.split()[-2:]
        return int(status), int(memory)

    return peak
