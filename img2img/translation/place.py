"""A place is where one target of a job is written: it says below which folder, and what may be replaced there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from img2img.media import Folder
from img2img.media.folder import Bytes
from img2img.translation.journal import Journal
from img2img.translation.report import Item


@dataclass(frozen=True)
class Place:
    """The place of a target.

    Attributes:
        root: The folder that the user named, below which no link is followed.
        path: The path of the target.
        may_replace: Returns whether a file that stands there now may be replaced.
    """

    root: Folder
    path: Path
    may_replace: Callable[[], bool]

    @classmethod
    def of(cls, item: Item, journal: Journal | None, *, overwrite: bool) -> Place:
        """Return the place of an item; without a journal, the user named the target itself."""
        if journal is not None:
            return cls(journal.folder, item.target, lambda: journal.may_replace(item))
        root = item.target if item.is_folder else item.target.parent
        return cls(Folder(root), item.target, lambda: overwrite)

    def write(self, data: Bytes | Iterable[Bytes]) -> None:
        """Write the target, completely or not at all.

        Raises:
            WriteError: It cannot be written.
            ItemError: Somebody else's file stands there.
        """
        self.root.write(self.path, data, replaces=self.may_replace())

    def publish(self, part: Path) -> None:
        """Give a finished file the target's name.

        Raises:
            WriteError: It cannot be written.
            ItemError: Somebody else's file stands there.
        """
        self.root.publish(part, self.path, replaces=self.may_replace())
