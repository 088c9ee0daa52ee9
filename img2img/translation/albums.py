"""This module plans the pictures of albums, which plugins read, and the albums that hold all targets of a job."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from img2img.contract.albums import Album, NamedPicture
from img2img.errors import FatalError, ImageError, Img2ImgError, Stopped, UsageError, is_ctrl_c
from img2img.host.kinds import ALBUM_SOURCES, ALBUM_TARGETS
from img2img.media import READABLE_IMAGES, WRITABLE_IMAGES, formats
from img2img.media.formats import OWN_NAMES
from img2img.media.unread import unread_format
from img2img.text import as_file_name, error_text, printable
from img2img.translation.clashes import LONGEST_NAME, fail_clashing
from img2img.translation.failures import fail
from img2img.translation.journal import STATE
from img2img.translation.passed_over import PassedOver
from img2img.translation.report import Item, PictureItem

if TYPE_CHECKING:
    from img2img.host.host import PluginHost
    from img2img.host.kinds import Kind

log = logging.getLogger(__name__)

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".cbz", ".cbr")
_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST_PATH = 4000
"""Bytes of the longest path of a target; systems take 4095."""


@dataclass(frozen=True)
class OpenAlbum:
    """An album that a job reads.

    Attributes:
        name: The text by which the user named it.
        album: What its plugin opened.
        holds_others: Whether it also holds files that are no pictures.
    """

    name: str
    album: Album
    holds_others: bool
    passed_over: list[PassedOver] = field(default_factory=list)
    """What `plan` met and does not translate."""

    def close(self) -> None:
        """Close the album; a failure is logged, since all pictures have been read."""
        try:
            self.album.close()
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            log.warning("%s: the plugin that reads it could not close it: %s", printable(self.name), error_text(error))

    def plan(self, target: Path, suffix: str) -> tuple[list[Item], Path | None]:
        """Return the items, and the target folder; None in its place where the target is one file.

        Raises:
            UsageError: There is no picture, or the target does not fit their number.
        """
        pictures = self._pictures()
        if target.suffix.lower() in WRITABLE_IMAGES and not target.is_dir():
            if len(pictures) > 1:
                raise UsageError(
                    f"{self.name} holds {len(pictures)} pictures, which need a folder as target, not {target}"
                )
            return [PictureItem.of(picture, self.name, target) for picture in pictures], None
        if os.path.lexists(target) and not target.is_dir():
            raise UsageError(f"{target} is a file; {self.name} needs a folder as target")
        return self._items(pictures, target, suffix), target

    def _pictures(self) -> list[NamedPicture]:
        """Return the pictures, without what is passed over."""
        pictures: list[NamedPicture] = []
        for picture in self.album.pictures:
            if self.holds_others and (passed := _passed_over(picture, self.name)):
                self.passed_over.append(passed)
            else:
                pictures.append(picture)
        return pictures

    def _items(self, pictures: Sequence[NamedPicture], target: Path, suffix: str) -> list[Item]:
        """Return an item for each picture, with its place below the folder `target`.

        A picture whose name cannot be that of a file, or is taken by an earlier picture, is failed.

        """
        items: list[Item] = []
        pairs: list[tuple[Item, Path]] = []
        for picture in pictures:
            place = target.joinpath(*safe_parts(picture.name))
            item = PictureItem.of(picture, self.name, _with_suffix(place, suffix))
            items.append(item)
            if problem := _problem(item, place, target):
                item.target = target / f"picture-{len(items)}{item.target.suffix[:9]}"  # only shown
                fail(item, ImageError(f"{item.address}: {problem}"))
            else:
                pairs.append((item, place))
        fail_clashing(pairs)
        return items


@dataclass(frozen=True)
class Albums:
    """Knows which sources and targets are albums; without a host, none is."""

    host: PluginHost | None = None

    def open(self, source: str) -> OpenAlbum | None:
        """Open the album that a source names; return None if it names none.

        Raises:
            UsageError: The album cannot be opened.
        """
        if self.host is None:
            return None
        name, address = self._reader_of(source)
        if not name:
            return None
        reader = self.host.find(ALBUM_SOURCES, name)
        if address is None and not reader.reads_files:
            return None
        try:
            album = _checked(reader.open(source if address is None else address))
        except BaseException as error:
            raise _refusal(error, printable(source)) from error
        return OpenAlbum(source, album, reader.holds_others)

    def is_target(self, target: Path) -> bool:
        """Return whether a target is a file that holds all targets of a job."""
        is_named = target.suffix.lower()[1:] in self._names(ALBUM_TARGETS)
        return is_named and not target.is_dir()

    def _reader_of(self, source: str) -> tuple[str, str | None]:
        """Return the name of the kind that reads a source (empty for none), and what stands behind `NAME:`."""
        names = self._names(ALBUM_SOURCES)
        scheme, separator, address = source.partition(":")
        scheme = scheme if "/" in scheme else scheme.lower()
        # Path.exists would raise an error for a text that is too long for a file's name.
        if separator and scheme in names and not os.path.exists(source):  # noqa: PTH110
            return scheme, address
        suffix = Path(source).suffix.lower()[1:]
        return suffix if suffix in names and os.path.isfile(source) else "", None  # noqa: PTH113

    def _names(self, kind: Kind[Any]) -> frozenset[str]:
        """Return all names of a kind, with and without the distribution where several have one name."""
        names = self.host.names(kind) if self.host else ()
        every = {form for name in names for form in (name, name.rpartition("/")[2])}
        return frozenset(name for name in every if name.rpartition("/")[2] not in OWN_NAMES)


def parts_folder(target: Path) -> Path:
    """Return the folder where the targets of a job stay until all of them are put into the file `target`."""
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return target.parent / STATE / "albums" / name


@contextmanager
def planning(opened: OpenAlbum | None, target: Path, place: Path) -> Iterator[None]:
    """Close the album if its job cannot be planned, and put errors into the words of the user.

    Args:
        opened: The source, if it is an album.
        target: The target that the user named.
        place: Where the targets are planned: there, or in a folder that nobody knows.

    Raises:
        UsageError: A file or folder cannot be looked at.
    """
    try:
        yield
    except BaseException as error:
        if opened:
            opened.close()
        if isinstance(error, OSError):
            raise UsageError(f"cannot look at {error.filename}: {error.strerror}; name another") from error
        if isinstance(error, UsageError) and place != target:
            raise type(error)(*[str(line).replace(str(place), str(target)) for line in error.args]) from error
        raise


def check_album(target: Path, items: Sequence[Item]) -> None:
    """Check that a file can hold the targets of all items.

    Raises:
        UsageError: It is a source, or a target is no file.
    """
    if any(item.is_folder for item in items):
        raise UsageError(f"numbered frames need a folder as target, not {target}")
    if os.path.realpath(target) in {os.path.realpath(item.file) for item in items if item.file}:
        raise UsageError(f"the target {target} is a source; name another file, sources are never touched")


def safe_parts(name: str) -> tuple[str, ...]:
    """Return the folders and the file that stand for a picture's name; they never lead out of a target folder."""
    parts = [as_file_name(part) for part in re.split(r"[/\\]", name)]
    parts = [part for part in parts if part not in ("", ".", "..")]
    if parts and _DRIVE.fullmatch(parts[0]):
        parts = parts[1:]
    return tuple(f"_{part}" if part.casefold() == STATE else part for part in parts)


def _with_suffix(place: Path, suffix: str) -> Path:
    """Return a target's path; what is no suffix of an image is a part of the name."""
    own = place.suffix.lower()
    suffix = suffix or (place.suffix if own in WRITABLE_IMAGES else ".png")
    stem = place.name.removesuffix(place.suffix) if own in READABLE_IMAGES else place.name
    return place.parent / f"{stem}{suffix}"


def _problem(item: Item, place: Path, target: Path) -> str:
    """Return why a picture's name cannot be that of a target; empty if it can."""
    if place == target:
        return "its name is no name of a file; rename it"
    longest = max(len(os.fsencode(part)) for part in item.target.relative_to(target).parts)
    if longest > LONGEST_NAME or len(os.fsencode(item.target)) > _LONGEST_PATH:
        return "its name is too long for a file; rename it"
    return ""


def _passed_over(picture: NamedPicture, album: str) -> PassedOver | None:
    """Return why an entry of an archive is no picture, judged by its name; None for a picture."""
    parts = safe_parts(picture.name)
    name = Path(parts[-1] if parts else "")
    path, suffix = Path(printable(picture.address or f"{album}/{picture.name}")), name.suffix.lower()
    if "__MACOSX" in parts or (name.name.startswith("._") and not _is_image(picture)):
        return PassedOver(path, "AppleDouble", "macOS keeps data about another file in it, and no picture")
    if suffix in READABLE_IMAGES:
        return None
    if suffix in _ARCHIVES:
        return PassedOver(path, "archive", "it is an archive within another; unpack it, and translate it by itself")
    if (form := formats.of_suffix(suffix)) and form.moving:
        return PassedOver(path, "clip", "clips are not read from within; unpack it, and translate it by itself")
    if foreign := unread_format(suffix):
        return PassedOver(path, foreign, f"{foreign} files are not read")
    return PassedOver(path, suffix or "no suffix", "it is no image by its name")


def _is_image(picture: NamedPicture) -> bool:
    try:
        return formats.still_format(picture.read()[: formats.HEAD]) is not None
    except Exception:  # what cannot be read is no picture that anybody would miss
        return False


def _checked(album: object) -> Album:
    """Return an album that keeps the contract, with its pictures in a list.

    Raises:
        TypeError: It does not.
    """
    if not isinstance(album, Album):
        raise TypeError(f"it returned {type(album).__name__} in place of an Album")
    pictures: Iterable[NamedPicture] = [*album.pictures]
    for picture in pictures:
        if not isinstance(picture, NamedPicture) or not isinstance(picture.name, str) or not callable(picture.read):
            raise TypeError(f"{picture!r} is no NamedPicture with a text as its name")
    return Album([*pictures], album.close)


def _refusal(error: BaseException, name: str) -> BaseException:
    """Return the error that a user reads when an album cannot be opened."""
    if is_ctrl_c(error) or isinstance(error, UsageError | FatalError | Stopped):
        return error
    if isinstance(error, Img2ImgError):
        return UsageError(str(error) if name in str(error) else f"{name}: {error}")
    return UsageError(f"{name}: the plugin that reads it failed: {error_text(error)}; give another source")
