"""A table of a run on disk: rows are added as the training goes on, and taken back where it goes back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from img2img.media.files import write_file


class Table:
    """A CSV file with a column `step`; a row that names a new column adds it.

    Args:
        path: The file; there need not be one yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[dict[str, str]]:
        """Every row; a torn last line, and what else is none, are left out."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="", errors="replace") as file:
            return [row for row in csv.DictReader(file) if _is_whole(row)]

    def go_back(self, step: int) -> None:
        """Drop the rows of later steps, which the run will do once more."""
        self._write([row for row in self.rows() if int(row["step"]) <= step])

    def append(self, step: int, figures: Mapping[str, float], **words: str) -> dict[str, str]:
        """Add a row, numbers rounded to six digits, and return it."""
        row = {"step": str(step), **words, **{name: f"{value:.6g}" for name, value in figures.items()}}
        columns = self._columns()
        if set(row) <= set(columns):
            with self.path.open("a", newline="") as file:
                csv.DictWriter(file, columns).writerow(row)
        else:
            self._write([*self.rows(), row])
        return row

    def _columns(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open(newline="") as file:
            return next(csv.reader(file), [])

    def _write(self, rows: list[dict[str, str]]) -> None:
        columns = list(dict.fromkeys(["step", *(name for row in rows for name in row)]))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        write_file(self.path, text.getvalue().encode())


def _is_whole(row: Mapping[str | None, str | None]) -> bool:
    step = row.get("step")
    return None not in row and None not in row.values() and step is not None and step.isdecimal()
