"""This module reads tables of pictures: CSV files with a column of paths or web addresses, and one of names."""

from __future__ import annotations

import csv
import re
from functools import partial
from io import StringIO
from pathlib import Path

import img2img
from img2img.errors import ImageError
from img2img.media import read_file

LARGEST = 1 << 26
"""Bytes of the largest table."""
PICTURES, NAMES = ("picture", "path", "url"), ("name",)
"""The headings of the columns, in small letters."""


class TableSource(img2img.AlbumSource):
    """Reads `table:list.csv`, whose first row says which column holds what; paths are relative to the table."""

    name = "table"
    summary = "a table of paths or web addresses: table:list.csv"
    reads_files = False

    def open(self, address: str) -> img2img.Album:
        path = Path(address)
        try:
            if not path.is_file():
                raise img2img.UsageError(f"{address} is no file; give a table such as table:list.csv")
            rows = _rows(path)
        except (OSError, UnicodeError, csv.Error) as error:
            raise img2img.UsageError(
                f"{address} cannot be read as a table ({error}); save it as CSV, with UTF-8 as its encoding"
            ) from error
        return img2img.Album([_picture(where, name, path.parent) for where, name in rows])


def _rows(path: Path) -> list[tuple[str, str]]:
    """Return where each picture is, and its name; an empty name if the table has none.

    Raises:
        UsageError: It has no column of pictures.
        OSError, UnicodeError, csv.Error: It cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise img2img.UsageError(f"{path} is too large for a table; divide it")
    text = path.read_bytes().decode("utf-8-sig")
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    head, *rows = [*csv.reader(StringIO(text.lstrip(), newline=""), delimiter=delimiter)] or [[]]
    headings = [heading.strip().lower() for heading in head]
    picture = next((headings.index(heading) for heading in PICTURES if heading in headings), None)
    name = next((headings.index(heading) for heading in NAMES if heading in headings), None)
    if picture is None:
        raise img2img.UsageError(
            f"{path} has no column of pictures; its first row must hold the headings, such as picture,name"
        )
    return [(_cell(row, picture), _cell(row, name)) for row in rows if any(cell.strip() for cell in row)]


def _cell(row: list[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _picture(where: str, name: str, folder: Path) -> img2img.NamedPicture:
    """Return the picture of a row; one of a row that makes no sense fails when it is read."""
    from .web import SCHEMES, picture_at

    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", where)
    if scheme and scheme[1].lower() in SCHEMES:
        try:
            return picture_at(where, name)
        except img2img.UsageError as error:
            return _broken(str(error), where, name)
    if scheme or not where or "\0" in where:
        problem = "it is neither a path nor an http or https address" if where else "the row names no picture"
        return _broken(f"{problem}; correct it in the table", where, name)
    path = folder / where
    name = name or (path.name if Path(where).is_absolute() else where)
    return img2img.NamedPicture(name, partial(read_file, path), path, str(path))


def _broken(problem: str, where: str, name: str) -> img2img.NamedPicture:
    def read() -> bytes:
        raise ImageError(problem)

    return img2img.NamedPicture(name or where or "picture", read)
