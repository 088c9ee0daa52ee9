"""A screen that nobody sees, and shots to show on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from img2img.live.live import Counts, Shot

from ..video import picture


class Recorder:
    """A screen that keeps what it shows; its user closes it after so many frames."""

    def __init__(self, frames: float = float("inf")) -> None:
        self.pairs: list[tuple[Any, Any]] = []
        self.frames, self.counts = frames, Counts()

    def show(self, before: Any, after: Any, counts: Counts) -> None:
        self.pairs.append((before, after))
        self.counts = counts

    def heed(self) -> bool:
        return len(self.pairs) < self.frames

    @property
    def numbers(self) -> list[int]:
        return [picture.number(before) for before, _ in self.pairs]


def never() -> bool:
    return False


def at_once(*pictures: Any) -> Iterator[Shot]:
    return (Shot(0.05 * number, 0.05, lambda pixels=pixels: pixels) for number, pixels in enumerate(pictures))
