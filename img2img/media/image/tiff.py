"""This module reads and writes the directories of TIFF files, and of EXIF blocks (TIFF files without pixels)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import numpy as np

Tags: TypeAlias = Mapping[int, tuple[int, bytes]]
"""The content of a directory, by tag: the type of the values, and the values as little-endian bytes."""

BYTE, SHORT, LONG, UNDEFINED = 1, 3, 4, 7

NEW_SUBFILE_TYPE, WIDTH, HEIGHT, BITS, PHOTOMETRIC = 254, 256, 257, 258, 262
ORIENTATION, SAMPLES, PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT, XMP, ICC = 274, 277, 284, 338, 339, 700, 34675
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965

# Tags of a main directory that describe the picture rather than the layout of the file: title, maker, model,
# resolution, software, date, artist, host, rating, copyright, and the five tags of Windows.
_DESCRIPTIVE = (269, 270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 33432, *range(40091, 40096))

# Type of value to its size in bytes, and to the size of the words that make it up (a fraction is two words).
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_WORDS = {**_SIZES, 5: 4, 10: 4}

_MOST_PAGES = 100  # counting stops here: files of several pages are refused anyway


class _Field(NamedTuple):
    kind: int
    start: int
    stop: int


class Directory:
    """One directory of a TIFF file or an EXIF block.

    Args:
        data: The file or block.
        offset: Where the directory begins; None means the first directory.

    Attributes:
        fields: Tag to the place of its values. Tags whose values lie outside of `data` are left out.
        next: Offset of the next directory; 0 after the last.
        next_at: Position at which `next` is written.

    Raises:
        ValueError: There is no directory at the offset.
    """

    def __init__(self, data: bytes, offset: int | None = None) -> None:
        try:
            self._data, self._order = data, {b"II*\0": "<", b"MM\0*": ">"}[data[:4]]
            start = self._number("I", 4) if offset is None else offset
            self.next_at = start + 2 + 12 * self._number("H", start)
            self.fields = dict(self._fields(range(start + 2, self.next_at, 12)))
        except (KeyError, struct.error) as error:
            raise ValueError("a directory of tags is missing or cut off") from error
        # Some cameras leave out the last pointer of their EXIF blocks.
        self.next = self._number("I", self.next_at) if self.next_at + 4 <= len(data) else 0

    def value(self, tag: int) -> bytes | None:
        """Return the bytes of a tag as they stand in the file; None where the tag is missing."""
        field = self.fields.get(tag)
        return self._data[field.start : field.stop] if field else None

    def integers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return the values of a tag that holds whole numbers; `default` where it is missing or holds others."""
        field = self.fields.get(tag)
        if field is None or field.kind not in (BYTE, SHORT, LONG):
            return default
        return tuple(self._words(field).tolist())

    def copy(self, without: tuple[int, ...] = ()) -> dict[int, tuple[int, bytes]]:
        """Return all tags and values, except the tags in `without`."""
        return {
            tag: (field.kind, self._words(field).astype(f"<u{_WORDS[field.kind]}").tobytes())
            for tag, field in self.fields.items()
            if tag not in without
        }

    def _words(self, field: _Field) -> np.ndarray:
        return np.frombuffer(self._data[field.start : field.stop], f"{self._order}u{_WORDS[field.kind]}")

    def _number(self, form: str, offset: int) -> int:
        return int(struct.unpack_from(self._order + form, self._data, offset)[0])

    def _fields(self, places: range) -> Iterator[tuple[int, _Field]]:
        for place in places:
            tag, kind, count = struct.unpack_from(self._order + "HHI", self._data, place)
            size = count * _SIZES.get(kind, 0)
            start = place + 8 if size <= 4 else self._number("I", place + 8)
            if size and start + size <= len(self._data):
                yield tag, _Field(kind, start, start + size)


def pages(data: bytes) -> list[Directory]:
    """Return the directories of all pages of a TIFF file; smaller copies of a page and masks do not count as pages.

    Raises:
        ValueError: A directory is missing.
    """
    found, seen = [Directory(data)], {0}
    while (offset := found[-1].next) not in seen and len(found) < _MOST_PAGES:
        seen.add(offset)
        found.append(Directory(data, offset))
    return found[:1] + [page for page in found[1:] if not page.integers(NEW_SUBFILE_TYPE, (0,))[0] & 0b101]


def upright(block: bytes) -> tuple[bytes, int | None]:
    """Set the orientation of an EXIF block to 1 and remove its thumbnail, which shows the source and not the result.

    Nothing moves inside the block, so that the offsets in the notes of camera makers stay true.

    Returns:
        The changed block, and the orientation that it had; None if it had none.

    Raises:
        ValueError: This is no EXIF block.
    """
    directory = Directory(block)
    patched = bytearray(block)
    patched[directory.next_at : directory.next_at + 4] = bytes(4)
    orientation = next(iter(directory.integers(ORIENTATION)), None)
    if field := directory.fields.get(ORIENTATION):
        one = (1).to_bytes(field.stop - field.start, "big")
        patched[field.start : field.stop] = one if block.startswith(b"MM") else one[::-1]
    return bytes(patched), orientation


def exif_block(tiff: bytes) -> bytes | None:
    """Return the description of the picture in a TIFF file as an EXIF block; None where there is no description.

    Raises:
        ValueError: The file has no directory.
    """
    block = bytearray(b"II*\0\0\0\0\0")
    tags = _description(tiff, block)
    return _finished(block, tags) if tags else None


def with_tags(tiff: bytes, tags: Tags, exif: bytes | None) -> bytes:
    """Return a TIFF file of one page with tags added or replaced, and with the description in an EXIF block.

    Args:
        tiff: A little-endian file.
        tags: Tags to add or to replace.
        exif: EXIF block whose descriptive tags are added; None adds none.

    Raises:
        ValueError: The file or the block has no directory.
    """
    data = bytearray(tiff)
    described = _description(exif, data) if exif else {}
    return _finished(data, {**Directory(tiff).copy(), **described, **tags})


def _description(source: bytes, target: bytearray) -> dict[int, tuple[int, bytes]]:
    """Copy the EXIF and GPS directories of `source` to `target`; return the tags that describe and point to them."""
    top = Directory(source)
    tags = {tag: value for tag, value in top.copy().items() if tag in _DESCRIPTIVE}
    for pointer in (EXIF, GPS):
        for offset in top.integers(pointer)[:1]:
            with suppress(ValueError):  # a pointer to nowhere is left out
                below = Directory(source, offset).copy(without=(INTEROPERABILITY,))
                tags[pointer] = LONG, struct.pack("<I", _append_directory(target, below))
    return tags


def _finished(data: bytearray, tags: Tags) -> bytes:
    data[4:8] = struct.pack("<I", _append_directory(data, tags))
    return bytes(data)


def _append_directory(data: bytearray, tags: Tags) -> int:
    entries = b""
    for tag, (kind, value) in sorted(tags.items()):
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", _append(data, value))
        entries += struct.pack("<HHI", tag, kind, len(value) // _SIZES[kind]) + place
    return _append(data, struct.pack("<H", len(tags)) + entries + bytes(4))


def _append(data: bytearray, value: bytes) -> int:
    data += bytes(len(data) % 2)  # offsets are even
    data += value
    return len(data) - len(value)
