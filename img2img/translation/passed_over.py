"""This module says why a job passes over a file that it met, so that nothing is left out without a word."""

from __future__ import annotations

import mimetypes
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from img2img.media import formats
from img2img.media.files import head_of
from img2img.media.unread import unread_format

_SPECIAL = {
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}

_COPY = "copy what it gives into a file, and translate that"


@dataclass(frozen=True)
class PassedOver:
    """A file or a folder that a job met and does not translate.

    Attributes:
        path: Where it was met.
        kind: A word or two, under which the summary counts it.
        reason: The reason, and what to do to have it translated.
    """

    path: Path
    kind: str
    reason: str


def summary(passed_over: Sequence[PassedOver]) -> str:
    """Count what was passed over in one line, the most frequent kind first; empty if nothing was."""
    counted = Counter(passed.kind for passed in passed_over)
    return ", ".join(f"{count} × {kind}" for kind, count in counted.most_common())


def special(path: Path) -> PassedOver | None:
    """Return why a pipe, a socket or a device is not read; None for anything else.

    Nothing is opened: opening a pipe waits until somebody writes into it, and a device may never end.
    """
    try:
        mode = path.stat().st_mode
    except OSError:  # whoever reads it says what is wrong
        return None
    kind = _SPECIAL.get(stat.S_IFMT(mode))
    return PassedOver(path, kind, f"it is a {kind}, which may never end; {_COPY}") if kind else None


def unknown(path: Path) -> PassedOver:
    """Return why a file that has the suffix of no known format is passed over; its first bytes are looked at."""
    suffix = path.suffix.lower()
    if foreign := unread_format(suffix):
        usual = formats.names(formats.WRITTEN_STILLS, "or")
        return PassedOver(path, foreign, f"{foreign} files are not read; convert it to {usual}")
    if not _is_surely_foreign(suffix) and (form := _format(path)):
        reason = f"by its content it is {form.name}; give its name the suffix {form.suffixes[0]}"
        return PassedOver(path, "wrong suffix", reason)
    if path.name.startswith("."):
        return PassedOver(path, "hidden file", "it is hidden, and neither image nor video by its name")
    return PassedOver(path, suffix or "no suffix", "it is neither image nor video by its name")


def companion(path: Path) -> PassedOver | None:
    """Return why `._x.png`, in which macOS keeps data about `x.png`, is passed over; None for an image or a clip."""
    if not path.name.startswith("._") or special(path) or _format(path):
        return None
    return PassedOver(path, "AppleDouble", f"macOS keeps data about {path.name[2:]} in it, and no picture; delete it")


def _format(path: Path) -> formats.Format | None:
    head = head_of(path, formats.HEAD)
    return formats.still_format(head) or formats.clip_format(head)


def _is_surely_foreign(suffix: str) -> bool:
    """Return whether a suffix is that of texts, programs or the like, so that the file need not be opened."""
    kind = mimetypes.types_map.get(suffix, "")
    return bool(kind) and not kind.startswith(("image/", "video/"))
