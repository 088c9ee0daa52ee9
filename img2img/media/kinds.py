"""Which files are clips, by their names and, where these leave it open, by their first bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CLIP_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2ts", ".mts", ".wmv", ".flv", ".ogv", ".3gp",
    ".mxf", ".y4m", ".gif",
})  # fmt: skip
"""Suffixes of files that are taken for videos or animations; what is in them is told by their first bytes."""

CLIP_TARGETS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".gif", ".webp"})
"""Suffixes that clips can be written as."""

_ANIMATION_FLAG = 0x02


@dataclass(frozen=True)
class ClipKinds:
    """Which files are clips.

    Attributes:
        sources: Names of the kinds that plugins read: schemes, and suffixes without the dot.
        targets: Names of the kinds that plugins write.
    """

    sources: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()

    @property
    def readable(self) -> frozenset[str]:
        """Suffixes of files that are clips."""
        return CLIP_SUFFIXES | {f".{name}" for name in self.sources}

    @property
    def writable(self) -> frozenset[str]:
        """Suffixes of files that clips can be written to."""
        return CLIP_TARGETS | {f".{name}" for name in self.targets}

    def is_clip(self, path: Path) -> bool:
        """Whether a file is a clip."""
        suffix = path.suffix.lower()
        return suffix in self.readable or (suffix == ".webp" and is_animated(path))

    def reader_of(self, source: str) -> str:
        """Name of the kind of which a plugin reads `source`; empty where no plugin need be asked."""
        scheme, separator, _ = source.partition(":")
        if separator and scheme in self.sources and not Path(source).exists():
            return scheme
        suffix = Path(source).suffix.lower()
        return suffix[1:] if suffix in self.readable - CLIP_SUFFIXES else ""

    def writer_of(self, target: Path) -> str:
        """Name of the kind as which a plugin writes `target`; empty where no plugin need be asked."""
        suffix = target.suffix.lower()
        return suffix[1:] if suffix in self.writable - CLIP_TARGETS else ""


def is_animated(path: Path) -> bool:
    """Whether a file is an animation: a GIF, or a WebP that moves."""
    try:
        with path.open("rb") as file:
            head = file.read(21)
    except OSError:
        return False
    moves = head[8:16] == b"WEBPVP8X" and len(head) == 21 and head[20] & _ANIMATION_FLAG
    return head.startswith((b"GIF87a", b"GIF89a")) or bool(moves)


def natural_order(paths: Iterable[Path]) -> list[Path]:
    """Sort so that `frame2` comes before `frame10`."""

    def key(path: Path) -> list[tuple[int, str]]:
        return [(int(word), "") if word.isdecimal() else (-1, word) for word in re.split(r"(\d+)", str(path))]

    return sorted(sorted(paths), key=key)
