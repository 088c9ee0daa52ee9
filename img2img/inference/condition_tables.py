"""This module reads the tables that give each source its own value of a condition, in jobs and in data sets."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from img2img.contract.traits import Condition
from img2img.errors import UsageError
from img2img.text import printable

_MOST_BYTES = 64 << 20
"""Bytes of the largest table that is read."""


def read_table(path: Path, name: str, condition: Condition) -> list[tuple[str, str]]:
    """Read a table of names and values: CSV with a header, of which one column is `name`.

    Args:
        path: The file, separated by commas, semicolons or tabs.
        name: The name of the condition, and of the column of values if there are more than two columns.
        condition: Its declaration. Paths of pictures start from the folder of the table.

    Raises:
        UsageError: The table cannot be read, or has other columns.
    """
    table = f"the table {printable(path)}"
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {table}: {error.strerror}; name another") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{table} is no text in UTF-8; save it as CSV in UTF-8") from error
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{table} is larger than {_MOST_BYTES >> 20} MB; divide it")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = [
            (number, row) for number, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), 1) if row
        ]
    except csv.Error as error:
        raise UsageError(f"{table} is no CSV: {error}; write a name and a value in each line") from error
    names, values = _columns(rows[0][1] if rows else [], name, table)
    for number, row in rows[1:]:
        if len(row) <= max(names, values) or not row[names].strip() or not row[values].strip():
            raise UsageError(f"{table} lacks a name or a value in line {number}; write both, or remove the line")
    found = [(row[names].strip(), row[values].strip()) for _, row in rows[1:]]
    return [(key, str(path.parent / value)) for key, value in found] if condition.is_picture else found


def _columns(header: Sequence[str], condition: str, table: str) -> tuple[int, int]:
    """Return the columns of names and of values."""
    titles = [title.strip().lower() for title in header]
    others = [number for number, title in enumerate(titles) if title != "name"]
    if len(others) > 1 and condition.lower() in titles:
        others = [titles.index(condition.lower())]
    if titles.count("name") != 1 or len(others) != 1:
        raise UsageError(
            f"{table} has the columns {', '.join(header) or 'of an empty file'}; the first line must be "
            f"name,{condition}: the name of a source, and its value"
        )
    return titles.index("name"), others[0]
