"""The sources of a job find their own values of a condition by name: in a table, a folder or a mapping."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from img2img.errors import ItemError, UsageError
from img2img.media import READABLE_IMAGES
from img2img.media.clip.sequence import natural_order
from img2img.text import printable
from img2img.translation.finding import find_files
from img2img.translation.report import ClipItem, Item
from img2img.translation.sources import ImageSequence

if TYPE_CHECKING:
    from img2img.translation.kinds import ClipKinds

_MOST_BYTES = 64 << 20
"""Bytes of the largest table that is read."""


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


def read_table(path: Path, condition: str) -> list[tuple[str, str]]:
    """Read a table of names and values: CSV with a header, of which one column is `name`.

    Args:
        path: The file, separated by commas, semicolons or tabs.
        condition: The name of the column of values, if there are more than two columns.

    Raises:
        UsageError: The table cannot be read, or has other columns.
    """
    table = f"the table {printable(path)}"
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {table}: {error.strerror}; name another after the @") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{table} is no text in UTF-8; save it as CSV in UTF-8") from error
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{table} is larger than {_MOST_BYTES >> 20} MB; divide it")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = [
            (number, row) for number, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), 1) if row
        ]
    except csv.Error as error:
        raise UsageError(f"{table} is no CSV: {error}; write a name and a value in each line") from error
    names, values = _columns(rows[0][1] if rows else [], condition, table)
    for number, row in rows[1:]:
        if len(row) <= max(names, values) or not row[names].strip() or not row[values].strip():
            raise UsageError(f"{table} lacks a name or a value in line {number}; write both, or remove the line")
    return [(row[names].strip(), row[values].strip()) for _, row in rows[1:]]


def _columns(header: Sequence[str], condition: str, table: str) -> tuple[int, int]:
    """Return the columns of names and of values."""
    titles = [title.strip().lower() for title in header]
    others = [number for number, title in enumerate(titles) if title != "name"]
    if len(others) > 1 and condition.lower() in titles:
        others = [titles.index(condition.lower())]
    if titles.count("name") != 1 or len(others) != 1:
        raise UsageError(
            f"{table} has the columns {', '.join(header) or 'of an empty file'}; the first line must be "
            f"name,{condition}: the name of a source, and its value"
        )
    return titles.index("name"), others[0]


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
