"""Files are found for a job: those below a folder, or those that match a pattern, each of them once."""

from __future__ import annotations

import glob
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from img2img.errors import UsageError
from img2img.translation.journal import JOURNAL, STATE, made_in
from img2img.translation.passed_over import PassedOver, special


@dataclass
class Found:
    """The files of a source, as far as they have been found.

    Attributes:
        base: The folder that relative names count from.
        files: All files, whatever they are, and links that lead nowhere.
        passed_over: The linked folders that would be walked twice.
    """

    base: Path
    files: list[Path] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)


def find_files(source: str) -> Found:
    """Find all files of a source: a folder, or a pattern.

    Raises:
        UsageError: There is no such folder, nothing matches the pattern, or a folder cannot be read.
    """
    path = Path(source)
    if path.is_dir():
        found = Found(path)
        _walk(path, found, found.files.append)
        return found
    if glob.has_magic(source):
        found = _matching(path)
        if not (found.files or found.passed_over):
            raise UsageError(f"no file matches {source!r}")
        found.files = _each_once(found.files)
        return found
    if passed := special(path):
        raise UsageError(f"{source} cannot be translated: {passed.reason}")
    raise UsageError(f"{source} does not exist; give an image, a folder, or a pattern in quotes such as 'photos/*.jpg'")


def _walk(top: Path, found: Found, take: Callable[[Path], None]) -> None:
    """Give all files below a folder to `take`; linked folders come last, and no real folder is walked twice."""
    folders, links = deque([top]), deque[Path]()
    walked = {os.path.realpath(top)}
    while folders or links:
        if not folders:
            link = links.popleft()
            if reason := _why_not(link, walked):
                found.passed_over.append(PassedOver(link, "linked folder", reason))
                continue
            walked.add(os.path.realpath(link))
            folders.append(link)
        for entry in _entries(folders.popleft()):
            path = Path(entry.path)
            if entry.name == STATE:
                continue
            if not _is_folder(entry):
                take(path)
            elif entry.is_symlink():
                links.append(path)
            elif (real := os.path.realpath(path)) not in walked:
                walked.add(real)
                folders.append(path)


def _why_not(link: Path, walked: set[str]) -> str:
    """Return why a linked folder is not walked; empty if it is."""
    real = os.path.realpath(link)
    if f"{os.path.realpath(link.parent)}{os.sep}".startswith(real.rstrip(os.sep) + os.sep):
        return f"this link leads to {real}, which the link itself stands in"
    return f"this link leads to {real}, which is walked already under another name" if real in walked else ""


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(
            f"cannot read the folder {folder}: {error.strerror}; make it readable or translate its parts"
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _matching(pattern: Path) -> Found:
    """Find the files that match a pattern, in which `**` stands for any folders, linked ones too."""
    found = Found(Path(*_fixed_parts(pattern)))
    if "**" not in pattern.parts:
        for name in glob.iglob(str(pattern)):  # noqa: PTH207 - Path.glob takes no absolute pattern
            if not Path(name).is_dir() and Path(name).exists():
                found.files.append(Path(name))
        return found
    where = pattern.parts.index("**")
    first, rest = Path(*pattern.parts[:where]), pattern.parts[where:]
    tops = [Path(name) for name in glob.iglob(str(first))] if glob.has_magic(str(first)) else [first]  # noqa: PTH207
    for top in filter(Path.is_dir, tops):

        def take(path: Path, top: Path = top) -> None:
            """Take a file whose place below `top` matches the rest of the pattern."""
            if _fits(path.relative_to(top).parts, rest) and path.exists():
                found.files.append(path)

        _walk(top, found, take)
    return found


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether the parts of a path match those of a pattern; hidden ones match only what begins with a dot."""
    if not pattern:
        return not parts
    first, rest = pattern[0], pattern[1:]
    if first != "**":
        is_match = bool(parts) and fnmatchcase(parts[0], first)
        return is_match and (first[0] == "." or parts[0][0] != ".") and _fits(parts[1:], rest)
    is_deeper = bool(parts) and parts[0][0] != "."
    return (is_deeper and _fits(parts[1:], pattern)) or _fits(parts, rest)


def _each_once(files: Iterable[Path]) -> list[Path]:
    """Return each file once, by its shortest path; a pattern may reach it by several, through links to folders."""
    found: dict[tuple[str, str], Path] = {}
    folders = {folder: os.path.realpath(folder) for folder in {path.parent for path in files}}
    for path in sorted(files, key=lambda path: (len(path.parts), path)):
        found.setdefault((folders[path.parent], path.name), path)
    return list(found.values())


def _fixed_parts(pattern: Path) -> Iterator[str]:
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            return
        yield part


def results_below(base: Path, files: Iterable[Path]) -> set[Path]:
    """Return the files that jobs made, as the journals say in target folders that stand below the folder `base`."""
    results: set[Path] = set()
    parents = {path.parent for path in files}
    folders = {folder for parent in parents for folder in (parent, *parent.parents) if base in folder.parents}
    for folder in folders:
        if (folder / STATE / JOURNAL).is_file():
            results.update(folder / name for name in made_in(folder))
    return results


def real_names(paths: Sequence[Path]) -> list[str]:
    """Resolve the links in paths; each folder is resolved once, since there are fewer folders than files."""
    folders = {folder: os.path.realpath(folder).rstrip(os.sep) for folder in {path.parent for path in paths}}
    return [
        os.path.realpath(path) if path.is_symlink() else f"{folders[path.parent]}{os.sep}{path.name}" for path in paths
    ]
