"""What a job will do: which source becomes which target, decided and checked before anything is written."""

from __future__ import annotations

import glob
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from img2img.errors import UsageError
from img2img.media import READABLE_SUFFIXES, WRITABLE_SUFFIXES, printable
from img2img.translation.report import Item

STATE = ".img2img"
"""Folder in a target folder where a job keeps its journal and its lock."""


@dataclass(frozen=True)
class Plan:
    """The items of a job, sources sorted."""

    items: list[Item]
    folder: Path | None
    """The target folder; None where the target is one file."""
    ignored: int = 0
    """Files passed over because they are no images."""


def make_plan(source: str | Path, target: str | Path, suffix: str = "") -> Plan:
    """Plan a job.

    Args:
        source: An image, a folder (with all below it), or a pattern such as `photos/**/*.jpg`.
        target: A file for an image, a folder for more; the tree of the sources is mirrored in it.
        suffix: Format of the targets, such as `.png`; by default each keeps its source's.

    Raises:
        UsageError: No image is there, source and target are one, or two sources would write one target.
    """
    suffix = _checked_suffix(suffix)
    target = Path(target)
    if Path(source).is_file():
        plan = _plan_file(Path(source), target, suffix)
    else:
        base, files = _sources(str(source))
        plan = _plan_folder(base, files, target, suffix)
    _check_targets(plan.items)
    return plan


def _plan_file(source: Path, target: Path, suffix: str) -> Plan:
    if target.is_dir() or target.suffix.lower() not in WRITABLE_SUFFIXES:
        if target.suffix and not target.is_dir():
            raise UsageError(f"cannot write {target.suffix!r}: choose one of {', '.join(sorted(WRITABLE_SUFFIXES))}")
        target = target / source.with_suffix(suffix or _writable(source)).name
    elif suffix and target.suffix.lower() != suffix:
        raise UsageError(f"the target {target} and the format {suffix!r} contradict each other; give one of them")
    return Plan([Item(source, target)], None)


def _plan_folder(base: Path, files: list[Path], target: Path, suffix: str) -> Plan:
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; a folder of images needs a folder as target")
    if target.resolve() == base.resolve():
        raise UsageError(f"the target folder is the source folder {base}; name another, sources are never touched")
    own = target.resolve()
    sources = [path for path in files if own not in path.resolve().parents]
    images = [path for path in sources if path.suffix.lower() in READABLE_SUFFIXES]
    if not images:
        raise UsageError(f"no images found in {base} (looked for {', '.join(sorted(READABLE_SUFFIXES))})")
    items = []
    for path in sorted(images):
        place = target / path.relative_to(base)
        items.append(Item(path, place.with_suffix(suffix or _writable(path))))
    return Plan(items, target, ignored=len(sources) - len(images))


def _sources(source: str) -> tuple[Path, list[Path]]:
    """The folder that relative names count from, and all files."""
    if Path(source).is_dir():
        return Path(source), list(_walk(Path(source)))
    if glob.has_magic(source):
        names = glob.iglob(source, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        files = [Path(name) for name in names if Path(name).is_file()]
        if not files:
            raise UsageError(f"no file matches {source!r}")
        fixed = Path(*_fixed_parts(Path(source)))
        return fixed, files
    raise UsageError(
        f"{printable(source)} does not exist; give an image, a folder, or a pattern in quotes such as 'photos/*.jpg'"
    )


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder; links to folders are not followed, so that none is met twice."""

    def refuse(error: OSError) -> None:
        raise UsageError(
            f"cannot read the folder {error.filename}: {error.strerror}; make it readable or translate its parts"
        )

    for where, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if name != STATE)
        yield from (Path(where) / name for name in files)


def _fixed_parts(pattern: Path) -> Iterator[str]:
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            return
        yield part


def _check_targets(items: list[Item]) -> None:
    """Compare names as a case-insensitive, Unicode-normalising file system would."""
    seen: dict[str, Item] = {}
    for item in items:
        key = unicodedata.normalize("NFC", str(item.target)).casefold()
        if key in seen:
            raise UsageError(
                f"{printable(seen[key].source)} and {printable(item.source)} would both be written to "
                f"{printable(item.target)}; rename one, or translate them into different folders"
            )
        seen[key] = item
        if item.target.resolve() == item.source.resolve():
            raise UsageError(
                f"the target {printable(item.target)} is the source; name another, sources are never touched"
            )


def _checked_suffix(suffix: str) -> str:
    if not suffix:
        return ""
    suffix = suffix.lower() if suffix.startswith(".") else f".{suffix.lower()}"
    if suffix not in WRITABLE_SUFFIXES:
        raise UsageError(f"cannot write {suffix!r}: choose one of {', '.join(sorted(WRITABLE_SUFFIXES))}")
    return suffix


def _writable(path: Path) -> str:
    return path.suffix if path.suffix.lower() in WRITABLE_SUFFIXES else ".png"
