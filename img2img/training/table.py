"""A table of a run on disk: rows are added as the training goes on, and taken back where it goes back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from img2img.media.files import unwritable
from img2img.media.folder import Folder


class Table:
    """A CSV file with a column `step`, and its rows in memory; a row that names a new column adds it.

    Args:
        path: The file; there need not be one yet, and it is not read before `load` or `go_back`.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._folder = path, Folder(path.parent)
        self.rows: list[dict[str, str]] = []
        self._columns: list[str] = ["step"]

    def load(self) -> None:
        """Read the rows of the file; a torn last line, and whatever else is no row, is left out."""
        self.rows = []
        self._columns = ["step"]
        if self.path.is_file():
            text = self.path.read_bytes().decode(errors="replace")
            reader = csv.DictReader(io.StringIO(text, newline=""))
            self.rows = [row for row in reader if _is_whole(row)]
            if self.rows:
                self._columns = list(self.rows[0])

    def go_back(self, step: int) -> None:
        """Read the file and drop the rows of later steps, which the run will do once more."""
        self.load()
        self.rows = [row for row in self.rows if int(row["step"]) <= step]
        self._write(self.rows)

    def append(self, step: int, figures: Mapping[str, float], **words: str) -> dict[str, str]:
        """Add a row, numbers rounded to six digits, and return it."""
        row = {"step": str(step), **words, **{name: f"{value:.6g}" for name, value in figures.items()}}
        if set(row) <= set(self._columns) and self.path.exists():
            text = io.StringIO()
            csv.DictWriter(text, self._columns).writerow(row)
            try:
                with self._folder.open(self.path, "ab") as file:
                    file.write(text.getvalue().encode())
            except OSError as error:
                raise unwritable(self.path, error) from error
        else:
            self._write([*self.rows, row])
        self.rows.append(row)
        return row

    def _write(self, rows: list[dict[str, str]]) -> None:
        self._columns = list(dict.fromkeys(["step", *(name for row in rows for name in row)]))
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns)
        writer.writeheader()
        writer.writerows(rows)
        self._folder.write(self.path, text.getvalue().encode())


def _is_whole(row: Mapping[str | None, str | None]) -> bool:
    step = row.get("step")
    return None not in row and None not in row.values() and step is not None and step.isdecimal()
