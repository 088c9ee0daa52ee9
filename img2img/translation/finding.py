"""Files are found for a job: those below a folder, or those that match a pattern, each of them once."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from img2img.errors import UsageError
from img2img.media import printable
from img2img.translation.journal import STATE


def find_files(source: str) -> tuple[Path, list[Path]]:
    """Return the folder that relative names count from, and all files of a source."""
    if Path(source).is_dir():
        return Path(source), list(_walk(Path(source)))
    if glob.has_magic(source):
        names = glob.iglob(source, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        files = [Path(name) for name in names if Path(name).is_file()]
        if not files:
            raise UsageError(f"no file matches {source!r}")
        return Path(*_fixed_parts(Path(source))), _each_once(files)
    raise UsageError(
        f"{printable(source)} does not exist; give an image, a folder, or a pattern in quotes such as 'photos/*.jpg'"
    )


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder; links to folders are not followed, so that no file comes twice."""

    def refuse(error: OSError) -> None:
        """Raise an error that names the folder that cannot be read."""
        raise UsageError(
            f"cannot read the folder {printable(error.filename)}: {error.strerror}; "
            "make it readable or translate its parts"
        )

    for where, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if name != STATE)
        yield from (Path(where) / name for name in files)


def _each_once(files: list[Path]) -> list[Path]:
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


def real_names(paths: Sequence[Path]) -> list[str]:
    """Resolve the links in paths; each folder is resolved once, since there are fewer folders than files."""
    folders = {folder: os.path.realpath(folder).rstrip(os.sep) for folder in {path.parent for path in paths}}
    return [
        os.path.realpath(path) if path.is_symlink() else f"{folders[path.parent]}{os.sep}{path.name}" for path in paths
    ]
