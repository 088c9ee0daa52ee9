"""Decides which files are clips: those of the program's own formats, and those that plugins read or write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from img2img.errors import PluginError
from img2img.host.kinds import SOURCES, TARGETS
from img2img.media.clip.opening import is_animated, is_text
from img2img.media.formats import OWN_NAMES, READABLE_CLIPS, WRITABLE_CLIPS, of_suffix
from img2img.translation.sources import ClipFile, PluginSource, Source
from img2img.translation.targets import AnimationFile, PluginTarget, Target, VideoFile

if TYPE_CHECKING:
    from img2img.contract.clips import ClipSource
    from img2img.host.host import PluginHost


@dataclass(frozen=True)
class ClipKinds:
    """Knows which files are clips, and how each is read and written.

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
        """Make the kinds from all names that plugins give (`distribution/name` where several have one name)."""
        return cls(_foreign(sources), _foreign(targets), source)

    @property
    def readable(self) -> frozenset[str]:
        """Return the suffixes of files that are clips."""
        return READABLE_CLIPS | _suffixes(self.sources)

    @property
    def writable(self) -> frozenset[str]:
        """Return the suffixes of files that clips can be written to."""
        return WRITABLE_CLIPS | _suffixes(self.targets)

    def is_clip(self, path: Path) -> bool:
        """Return whether a file is a clip."""
        form = of_suffix(path.suffix)
        if form is None:
            return bool(self.reader_of(path))
        if form.moving is None or (form.shared and is_text(path)):
            return False
        return form.still is None or is_animated(path)

    def scheme_of(self, source: str) -> str:
        """Return the name of the plugin's kind that reads the address `source`; empty if it is no such address."""
        scheme, separator, _ = source.partition(":")
        # Path.exists would raise an error for a text that is too long for a file's name.
        return scheme if separator and scheme in self.sources and not os.path.exists(source) else ""  # noqa: PTH110

    def reader_of(self, path: Path) -> str:
        """Return the name of the plugin's kind that reads a file; empty if no plugin is needed."""
        suffix = path.suffix.lower()
        if suffix not in _suffixes(self.sources):
            return ""
        source = self.source(suffix[1:])
        return suffix[1:] if source is None or source.reads_files else ""

    def needs_fps(self, path: Path) -> bool:
        """Return whether a plugin reads a file only if the user gives the rate of its frames."""
        reader = self.reader_of(path)
        source = self.source(reader) if reader else None
        return source is not None and source.needs_fps

    def source_of(self, path: Path) -> Source:
        """Return how the clip in a file is read."""
        reader = self.reader_of(path)
        return PluginSource(path, reader) if reader else ClipFile(path)

    def target_of(self, path: Path) -> Target:
        """Return how a clip is written to a file, whose suffix is one of `writable`."""
        suffix = path.suffix.lower()
        form = of_suffix(suffix)
        if form is None or form.moving is None:
            return PluginTarget(path, suffix[1:])
        return AnimationFile(path, form.moving) if form.moving.write else VideoFile(path)


def clip_kinds(host: PluginHost) -> ClipKinds:
    """Return what plugins read and write; none is imported unless it declares nothing, or a file has its suffix."""

    @cache
    def source(name: str) -> ClipSource | None:
        """Return the source of a name, or None if its plugin cannot be used."""
        with suppress(PluginError):  # the error is reported when one of its clips is opened
            return host.find(SOURCES, name)
        return None

    return ClipKinds.of(host.names(SOURCES), host.names(TARGETS), source)


def _foreign(names: Iterable[str]) -> frozenset[str]:
    every = {form for name in names for form in (name, name.rpartition("/")[2])}
    return frozenset(name for name in every if name.rpartition("/")[2] not in OWN_NAMES)


def _suffixes(names: frozenset[str]) -> frozenset[str]:
    return frozenset(f".{name}" for name in names if "/" not in name)
