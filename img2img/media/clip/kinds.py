"""Which files are clips, by their names and, where these leave it open, by their first bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from img2img.media.image.images import READABLE_SUFFIXES, WRITABLE_SUFFIXES

if TYPE_CHECKING:
    from img2img.contract.clips import ClipSource

CLIP_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2ts", ".mts", ".wmv", ".flv", ".ogv", ".3gp",
    ".mxf", ".y4m", ".gif",
})  # fmt: skip
"""Suffixes of files that are taken for videos or animations; what is in them is told by their first bytes."""

CLIP_TARGETS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".gif", ".webp"})
"""Suffixes that clips can be written as."""

OWN_NAMES = frozenset(suffix[1:] for suffix in READABLE_SUFFIXES | WRITABLE_SUFFIXES | CLIP_SUFFIXES | CLIP_TARGETS)
"""Suffixes, without the dot, that img2img itself reads or writes; no source or target of a plugin has such a name."""

_ANIMATION_FLAG = 0x02


@dataclass(frozen=True)
class ClipKinds:
    """Which files are clips.

    Attributes:
        sources: Names of the kinds that plugins read: schemes, and suffixes without the dot.
        targets: Names of the kinds that plugins write.
        source: Returns the source of a name, None where it cannot be used; called for names that are suffixes of files.
    """

    sources: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    source: Callable[[str], ClipSource | None] = lambda name: None

    @classmethod
    def of(
        cls, sources: Iterable[str], targets: Iterable[str], source: Callable[[str], ClipSource | None]
    ) -> ClipKinds:
        """Kinds by all their names, `distribution/name` where several have one, without what needs no plugin."""
        return cls(_foreign(sources), _foreign(targets), source)

    @property
    def readable(self) -> frozenset[str]:
        """Suffixes of files that are clips."""
        return CLIP_SUFFIXES | _suffixes(self.sources)

    @property
    def writable(self) -> frozenset[str]:
        """Suffixes of files that clips can be written to."""
        return CLIP_TARGETS | _suffixes(self.targets)

    def is_clip(self, path: Path) -> bool:
        """Whether a file is a clip."""
        suffix = path.suffix.lower()
        return suffix in CLIP_SUFFIXES or bool(self.reader_of(path)) or (suffix == ".webp" and is_animated(path))

    def scheme_of(self, source: str) -> str:
        """Name of the kind of which a plugin reads the address `source`; empty where it is none."""
        scheme, separator, _ = source.partition(":")
        # Not Path.exists, which raises for what is too long for the name of a file.
        return scheme if separator and scheme in self.sources and not os.path.exists(source) else ""  # noqa: PTH110

    def reader_of(self, path: Path) -> str:
        """Name of the kind of which a plugin reads a file; empty where no plugin need be asked."""
        suffix = path.suffix.lower()
        if suffix not in _suffixes(self.sources):
            return ""
        source = self.source(suffix[1:])
        return suffix[1:] if source is None or source.reads_files else ""

    def needs_fps(self, path: Path) -> bool:
        """Whether a plugin reads a file only where it is told the rate of its frames."""
        reader = self.reader_of(path)
        source = self.source(reader) if reader else None
        return source is not None and source.needs_fps

    def writer_of(self, target: Path) -> str:
        """Name of the kind as which a plugin writes `target`; empty where no plugin need be asked."""
        suffix = target.suffix.lower()
        return suffix[1:] if suffix in _suffixes(self.targets) else ""


def _foreign(names: Iterable[str]) -> frozenset[str]:
    every = {form for name in names for form in (name, name.rpartition("/")[2])}
    return frozenset(name for name in every if name.rpartition("/")[2] not in OWN_NAMES)


def _suffixes(names: frozenset[str]) -> frozenset[str]:
    return frozenset(f".{name}" for name in names if "/" not in name)


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
