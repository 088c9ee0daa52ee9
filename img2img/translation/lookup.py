"""This module finds the value of a condition for each item by name: in a table, a folder or a mapping."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from img2img.errors import ItemError, UsageError
from img2img.media import READABLE_IMAGES
from img2img.media.clip.sequence import natural_order
from img2img.translation.finding import find_files
from img2img.translation.report import ClipItem, Item
from img2img.translation.sources import ImageSequence

if TYPE_CHECKING:
    from img2img.translation.kinds import ClipKinds


def names_of(items: Iterable[Item], folder: Path | None) -> dict[Path, PurePosixPath]:
    """Return the name of each item by its target: relative to the source folder, or bare where there is none.

    Args:
        items: The items of the job.
        folder: The target folder, in which the tree of the sources is mirrored.
    """
    return {item.target: _name(item, folder) for item in items}


class Lookup(ABC):
    """Finds the value that belongs to an item."""

    @abstractmethod
    def find(self, item: Item, name: PurePosixPath) -> Any:
        """Return the value of an item; None where there is none.

        Raises:
            ItemError: It is not clear which value belongs to the item.
        """

    @abstractmethod
    def lacks(self, name: PurePosixPath) -> str:
        """Return a message that there is no value for an item."""


class Table(Lookup):
    """Finds values by the name of the source, with or without suffix, bare if only one source has that bare name.

    Args:
        rows: The values by name.
        title: What messages call the table.
        names: The names of all items of the job.

    Raises:
        UsageError: Two rows have the same name.
    """

    def __init__(self, rows: Iterable[tuple[str, Any]], title: str, names: Iterable[PurePosixPath]) -> None:
        self.title, self._rows = title, dict[str, Any]()
        for name, value in rows:
            key = _key(name)
            if key in self._rows:
                raise UsageError(f"{title} has two rows for {name!r}; remove one of them")
            self._rows[key] = value
        self._bare = Counter(form for name in names for form in _forms(PurePosixPath(name.name)))

    def find(self, item: Item, name: PurePosixPath) -> Any:
        """Return the value of the row that names an item."""
        for form in _forms(name):
            if form in self._rows:
                return self._rows[form]
        for form in _forms(PurePosixPath(name.name)):
            if form not in self._rows:
                continue
            if self._bare[form] > 1:
                raise ItemError(f"{self.title} has a row for {form!r}, and several sources are called so: write {name}")
            return self._rows[form]
        return None

    def lacks(self, name: PurePosixPath) -> str:
        """Return a message that no row names an item."""
        first = ", ".join([*self._rows][:3]) or "nothing"
        more = ", …" if len(self._rows) > 3 else ""
        return f"{self.title} has no row for {str(name)!r}; it names {first}{more}"


class Pictures(Lookup):
    """Finds pictures in a folder by the name of the source, whatever their suffix; its subfolders mirror the source's.

    For a clip it finds a clip, or a folder of frames; for a folder of images that become one clip, also the images of
    the folder itself.

    Args:
        folder: The folder.
        kinds: Decides which files are clips.

    Raises:
        UsageError: The folder cannot be read.
    """

    def __init__(self, folder: Path, kinds: ClipKinds) -> None:
        self.folder = folder
        self._files: dict[str, list[Path]] = {}
        for path in find_files(str(folder)).files:
            if path.suffix.lower() in READABLE_IMAGES | kinds.readable:
                key = _key(path.relative_to(folder).with_suffix("").as_posix())
                self._files.setdefault(key, []).append(path)

    def find(self, item: Item, name: PurePosixPath) -> Any:
        """Return the picture, the clip or the frames of an item."""
        found = self._files.get(_key(str(name.with_suffix(""))), [])
        same = [path for path in found if path.name == name.name]
        if len(found) > 1 and not same:
            several = ", ".join(path.name for path in found)
            raise ItemError(f"{self.folder} has several pictures for {str(name)!r}: {several}; keep one")
        if found:
            return (same or found)[0]
        if isinstance(item, ClipItem):
            for below in (self.folder / name.with_suffix(""), self.folder / name):
                if frames := frames_in(below):
                    return frames
            if isinstance(item.reads, ImageSequence):
                return frames_in(self.folder)
        return None

    def lacks(self, name: PurePosixPath) -> str:
        """Return a message that there is no picture for an item."""
        return f"{self.folder} has no picture called {str(name.with_suffix(''))!r}, with whatever suffix"


def frames_in(folder: Path) -> ImageSequence | None:
    """Return the images in a folder as frames that follow each other; None where there are none."""
    if not folder.is_dir():
        return None
    images = [path for path in find_files(str(folder)).files if path.suffix.lower() in READABLE_IMAGES]
    return ImageSequence(folder, tuple(natural_order(images))) if images else None


def table_of(rows: Mapping[Any, Any], names: Iterable[PurePosixPath]) -> Table:
    """Return the lookup of a mapping from names, or paths relative to the source folder, to values."""
    return Table(((str(name), value) for name, value in rows.items()), "the mapping", names)


def _name(item: Item, folder: Path | None) -> PurePosixPath:
    name = item.source.name or item.source.resolve().name
    return PurePosixPath(name) if folder is None else PurePosixPath(item.target.relative_to(folder).parent) / name


def _forms(name: PurePosixPath) -> list[str]:
    return list(dict.fromkeys([_key(str(name)), _key(str(name.with_suffix("")))]))


def _key(name: str) -> str:
    """Return a name as it is compared: composed letters, no dots and no slashes that say nothing."""
    return normalize("NFC", str(PurePosixPath(name)))
