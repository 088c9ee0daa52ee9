"""This module is the contract of plugins that read or write sets of named pictures: archives, addresses, tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import ClassVar, Protocol


@dataclass(frozen=True)
class NamedPicture:
    """One picture of an album. It is read when its turn comes; pictures of one album may have different sizes.

    Attributes:
        name: Any text, with `/` between folders. It decides what the target is called and where below the target folder
            it stands; nothing opens it as a path, and it need not be a safe one.
        read: Returns the bytes of the picture's file, the same ones each time. Threads call it at once, several for one
            album. An ImageError says why this picture cannot be read; any exception fails this picture and nothing
            else.
        path: The file that holds the picture, alone or with others; None where there is none. No target replaces it,
            and a picture whose file changes while it is translated is reported as damaged.
        address: What messages and reports call it; by default the album's address and the name.
    """

    name: str
    read: Callable[[], bytes]
    path: Path | None = None
    address: str = ""


@dataclass(frozen=True)
class Album:
    """A set of named pictures. The order is that in which they are translated.

    Attributes:
        pictures: Every entry. Of two entries with one name, the first is translated, and the other one fails.
        close: Called once, when no picture is read any more.
    """

    pictures: Sequence[NamedPicture]
    close: Callable[[], None] = lambda: None


class AlbumSource(ABC):
    """Reads sets of named pictures. It holds no state; one instance serves the whole program.

    Attributes:
        name: The word NAME in `NAME:ADDRESS`, and the suffix of the files that it reads, without the dot. The names in
            `img2img.media.formats.OWN_NAMES` are taken.
        summary: One line for `img2img models`.
        reads_files: Whether it also opens files with the suffix `name`; otherwise only `NAME:ADDRESS` reaches it.
        holds_others: Whether its albums hold other files, too, as archives do: what is no picture by its name is then
            passed over.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    reads_files: ClassVar[bool] = True
    holds_others: ClassVar[bool] = False

    @abstractmethod
    def open(self, address: str) -> Album:
        """Open an album, and list its pictures without reading them.

        Args:
            address: The text that the user typed after `NAME:`, unchanged, or the path of a file.

        Raises:
            UsageError: The address is malformed, or there is nothing that could be opened.
        """


class AlbumWriter(Protocol):
    """Takes the finished pictures of one job."""

    def add(self, name: str, content: BufferedIOBase) -> None:
        """Write a picture.

        Args:
            name: Its name, with `/` between folders; no two are equal.
            content: A file with its bytes, from which this reads to the end.

        Raises:
            ItemError: The picture cannot be kept under this name; the others can.
        """

    def finish(self) -> None:
        """Write the rest, so that the file is complete."""

    def close(self) -> None:
        """Close the file, complete or not."""


class AlbumTarget(ABC):
    """Writes the targets of a job to one file. It holds no state; one instance serves the whole program.

    Attributes:
        name: The suffix of its files, without the dot; the names in `img2img.media.formats.OWN_NAMES` are taken.
        summary: One line for `img2img models`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def create(self, path: Path) -> AlbumWriter:
        """Begin a file under a temporary name; the core renames it once it is complete.

        Args:
            path: The path to write to.
        """
