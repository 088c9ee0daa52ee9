"""This module finds targets that cannot stand beside each other, or on a source, before anything is written."""

from __future__ import annotations

import os
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from img2img.errors import ImageError, UsageError
from img2img.translation.failures import fail
from img2img.translation.finding import real_names
from img2img.translation.report import Item

LONGEST_NAME = 255
"""Bytes of the longest file name that most file systems take."""

_MOST_NAMED = 100
"""Clashes that a message names; of further ones it says the number."""


def check_targets(items: Sequence[Item]) -> None:
    """Check that each item has a target of its own, which is no source and has a name that can be written.

    Raises:
        UsageError: Two items would write one target; the message names all such items.
    """
    _check_names(items)
    key: Callable[[Path], str] = _folded
    if items and (clashes := _clashes(items, key)):
        key = _names_of(_existing(items[0].target.parent))
        clashes = _clashes(items, key)
        if clashes:
            raise UsageError(_in_words(clashes))
    _check_folders(items, key)


def _check_names(items: Sequence[Item]) -> None:
    sources = set(real_names([*{item.file for item in items if item.file}]))
    for item, target in zip(items, real_names([item.target for item in items]), strict=True):
        if target in sources:
            raise UsageError(f"the target {item.target} is a source; name another folder, sources are never touched")
        if len(os.fsencode(item.target.name)) > LONGEST_NAME:
            raise UsageError(f"the name {item.target.name} is too long; rename {item.source}")


def fail_clashing(pairs: Sequence[tuple[Item, Path]]) -> None:
    """Fail each picture of an album whose name an earlier one has, or that needs a folder where an earlier one stands.

    Args:
        pairs: The pictures, each with the path that its name asks for, which may have another suffix than its target.
    """
    if pairs and _taken(pairs, _folded):
        for item, path, other in _taken(pairs, _names_of(_existing(pairs[0][1].parent))):
            why = f"the name {path.name} is taken by {other.address}, which comes before it; rename one of the two"
            fail(item, ImageError(f"{item.address}: {why}"))


def _taken(pairs: Sequence[tuple[Item, Path]], key: Callable[[Path], str]) -> list[tuple[Item, Path, Item]]:
    """Return the pairs that cannot stand beside earlier ones, each with the first of these."""
    stand: dict[str, Item] = {}
    folders: dict[str, Item] = {}
    taken = []
    for item, path in pairs:
        name, above = key(path), [key(folder) for folder in path.parents]
        other = stand.get(name) or folders.get(name) or next((stand[one] for one in above if one in stand), None)
        if other:
            taken.append((item, path, other))
        else:
            stand[name] = item
            folders |= dict.fromkeys(above, item)
    return taken


def _clashes(items: Sequence[Item], key: Callable[[Path], str]) -> list[list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item.target), []).append(item)
    return [group for group in groups.values() if len(group) > 1]


def _in_words(clashes: Sequence[Sequence[Item]]) -> str:
    lines = []
    for group in clashes[:_MOST_NAMED]:
        *others, last = [item.address or str(item.source) for item in group]
        each = "all" if others[1:] else "both"
        lines.append(f"{', '.join(others)} and {last} would {each} be written to {group[-1].target}")
    if more := len(clashes) - len(lines):
        lines.append(f"and {more} more targets have several sources")
    return f"{'; '.join(lines)}; rename one of each, or translate them into different folders"


def _check_folders(items: Sequence[Item], key: Callable[[Path], str]) -> None:
    targets = {key(item.target): item for item in items}
    parents = {item.target.parent for item in items}
    for folder in parents.union(*(parent.parents for parent in parents)):
        if clash := targets.get(key(folder)):
            raise UsageError(
                f"{clash.source} would be written to {clash.target}, where a folder must stand; rename one of the two"
            )


def _existing(folder: Path) -> Path:
    """Return the nearest folder that exists, from a folder upwards."""
    return next((path for path in (folder, *folder.parents) if path.is_dir()), Path())


def _names_of(folder: Path) -> Callable[[Path], str]:
    """Return the function that gives equal texts for two paths that are one file on the file system of a folder.

    A file of a moment shows whether the file system tells A from a, and composed letters from decomposed ones.
    """
    name = f".img2img-a\N{LATIN SMALL LETTER E WITH ACUTE}{secrets.token_hex(6)}.part"
    trial = folder / name
    try:
        trial.touch(exist_ok=False)
        try:
            folds = os.path.lexists(folder / name.upper())
            composes = os.path.lexists(folder / unicodedata.normalize("NFD", name))
        finally:
            trial.unlink()
    except (OSError, UnicodeError):
        return _folded
    if folds:
        return _folded if composes else lambda path: str(path).casefold()
    return (lambda path: unicodedata.normalize("NFC", str(path))) if composes else str


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
