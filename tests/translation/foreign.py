"""Sources and targets of plugins that do as they are told: clips of a few frames, with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from img2img import ClipInfo, ClipSource, ClipTarget, Frame, PluginHost, hookimpl
from img2img.host.declarations import Plugin

TICK = Fraction(1, 25)
INFO = ClipInfo(16, 12, TICK, Fraction(25), frames=3)


def grey(level: int) -> Callable[[], Any]:
    return lambda: np.full((12, 16, 3), level, np.uint8)


class Told:
    """A `Clip` that is what it is made with."""

    def __init__(self, frames: Any = None, **about: Any) -> None:
        self.damage = about.pop("damage", "")
        self.info = about.pop("info") if "info" in about else replace(INFO, **about)
        self._frames = [Frame(tick, 1, grey(50 * tick)) for tick in range(3)] if frames is None else frames
        self.closed = 0

    def frames(self) -> Any:
        return self._frames() if callable(self._frames) else iter(self._frames)

    def close(self) -> None:
        self.closed += 1


class ToldSource(ClipSource):
    """Opens `clip`, and notes the addresses that it is asked for."""

    name, summary = "told", "what it is told"

    def __init__(self, clip: Any = None) -> None:
        self.clip = Told() if clip is None else clip
        self.addresses: list[str] = []

    def open(self, address: str, fps: Fraction | None) -> Any:
        self.addresses.append(address)
        return self.clip


class Writer:
    """Writes a byte a frame; `fails` has what it raises by the names of methods."""

    def __init__(self, path: Path, fails: dict[str, BaseException]) -> None:
        self.fails = fails
        self.file = None if "file" in fails else path.open("wb", buffering=0)

    def add(self, pixels: Any, frame: Frame) -> None:
        self.step("add")
        if self.file is not None:
            self.file.write(b"f")

    def finish(self) -> None:
        self.step("finish")

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
        self.step("close")

    def step(self, name: str) -> None:
        if name in self.fails:
            raise self.fails[name]


class ToldTarget(ClipTarget):
    """Writes files `.told`."""

    name, summary = "told", "what it is told"

    def __init__(self, fails: dict[str, BaseException]) -> None:
        self.fails = fails

    def create(self, path: Path, info: ClipInfo) -> Writer:
        if "create" in self.fails:
            raise self.fails["create"]
        return Writer(path, self.fails)


def install(host: PluginHost, *things: Any, name: str = "told") -> None:
    """Register sources and targets as an installed plugin's."""

    class Module:
        @hookimpl
        def register_sources(self, register: Callable[[Any], None]) -> None:
            for thing in things:
                if isinstance(thing, ClipSource):
                    register(thing)

        @hookimpl
        def register_targets(self, register: Callable[[Any], None]) -> None:
            for thing in things:
                if isinstance(thing, ClipTarget):
                    register(thing)

    host.register(Module(), Plugin(name, f"img2img-{name}", "1"))


def raising(error: BaseException) -> Callable[[], Any]:
    def call() -> Any:
        raise error

    return call


def breaking(error: BaseException) -> Iterator[Frame]:
    """One frame, and then `error`."""
    yield Frame(0, 1, grey(0))
    raise error
