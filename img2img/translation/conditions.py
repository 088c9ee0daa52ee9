"""This module decides which values of the conditions all items of a job share, and which each item has of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from torch import Tensor

from img2img.contract.traits import Condition
from img2img.errors import Img2ImgError, ItemError, UsageError
from img2img.inference.condition_tables import read_table
from img2img.inference.conditions import Declared, as_typed, named, row_of
from img2img.media.files import MAX_PIXELS
from img2img.text import printable
from img2img.translation.failures import fail
from img2img.translation.journal import stamp
from img2img.translation.kinds import ClipKinds
from img2img.translation.lookup import Lookup, Pictures, Table, frames_in, names_of, table_of
from img2img.translation.sources import ImageSequence
from img2img.translation.values import ClipValue, ItemConditions, PictureFile, RowValue, Value

if TYPE_CHECKING:
    from img2img.translation.plan import Plan
    from img2img.translation.report import Item

Later = Callable[[], Value]
"""Opens a value when the turn of its item has come."""


class Conditions:
    """The values that the user gives for the conditions of a model, for all items of a job.

    Args:
        kinds: Decides which files are clips.
        max_pixels: The most pixels that a picture file may have.
    """

    def __init__(self, kinds: ClipKinds | None = None, max_pixels: int = MAX_PIXELS) -> None:
        self.fixed: dict[str, Tensor] = {}
        """The rows of labels and numbers that all items share; they are among the settings of the job."""
        self.typed: dict[str, str] = {}
        """What the user typed for each condition, for the report and for observers."""
        self._shared: dict[str, Value] = {}
        self._own: dict[Path, dict[str, Later]] = {}
        self._lacks: dict[Path, list[str]] = {}
        self._kinds, self._max_pixels = kinds or ClipKinds(), max_pixels
        self._files: WeakValueDictionary[object, PictureFile] = WeakValueDictionary()
        self._lock = Lock()

    @classmethod
    def parse(
        cls, declared: Declared, given: Mapping[str, Any], plan: Plan, kinds: ClipKinds, max_pixels: int
    ) -> Conditions:
        """Take what the user gives, and set the items of the plan that lack a required value to failed.

        Args:
            declared: The conditions that the model takes.
            given: One value for all items, a folder, `@TABLE.csv` or a mapping, by the name of the condition.
            plan: The plan of the job.
            kinds: Decides which files are clips.
            max_pixels: The most pixels that a picture file may have.

        Raises:
            UsageError: A condition is unknown, missing or wrong, or a table cannot be read.
        """
        conditions = cls(kinds, max_pixels)
        for name, value in named(declared, given).items():
            condition, conditions.typed[name] = declared[name], as_typed(value)
            if lookup := conditions._lookup(name, condition, value, plan):
                conditions._divide(name, condition, lookup, plan)
            elif condition.is_picture:
                conditions._shared[name] = conditions._for_all(name, condition, value, plan)
            else:
                conditions.fixed[name] = row_of(name, condition, value)
        return conditions

    def of(self, item: Item) -> ItemConditions:
        """Return the values of an item, whose files are read now.

        Raises:
            ItemError: A file cannot be read.
        """
        own = {name: later() for name, later in self._own.get(item.target, {}).items()}
        return ItemConditions(self.fixed, self._shared, own, [*self._lacks.get(item.target, ())])

    def _lookup(self, name: str, condition: Condition, value: Any, plan: Plan) -> Lookup | None:
        """Return how each item finds its own value; None where all share one."""
        names = names_of(plan.items, plan.folder).values()
        if isinstance(value, Mapping):
            return table_of(value, names)
        if not isinstance(value, str | os.PathLike):
            return None
        text = os.fspath(value)
        if isinstance(value, str) and text.startswith("@") and text not in condition.choices:
            path = Path(text[1:])
            return Table(read_table(path, name, condition), printable(path), names)
        if condition.is_picture and Path(text).is_dir():
            return Pictures(Path(text), self._kinds)
        return None

    def _divide(self, name: str, condition: Condition, lookup: Lookup, plan: Plan) -> None:
        """Give each item its own value; whatever is wrong with it costs this item alone."""
        names = names_of(plan.items, plan.folder)
        for item in plan.items:
            if item.status != "planned":
                continue
            try:
                value = lookup.find(item, names[item.target])
                if value is not None:
                    self._own.setdefault(item.target, {})[name] = self._later(name, condition, value, item)
                elif condition.required:
                    raise ItemError(f"condition {name}: {lookup.lacks(names[item.target])}")
                else:
                    note = f"translated without the condition {name}: {lookup.lacks(names[item.target])}"
                    self._lacks.setdefault(item.target, []).append(note)
            except Img2ImgError as error:
                fail(item, error)

    def _later(self, name: str, condition: Condition, value: Any, item: Item) -> Later:
        """Check the value of one item as far as its files need not be read, and return how it is opened."""
        if isinstance(value, ImageSequence):
            return partial(ClipValue, name, condition, value)
        if not condition.is_picture or not isinstance(value, str | os.PathLike):
            try:
                ready = RowValue(row_of(name, condition, value))
            except UsageError as error:
                raise ItemError(str(error)) from error
            return lambda: ready
        path = Path(value)
        if path.is_dir() and item.is_clip and (frames := frames_in(path)):
            return partial(ClipValue, name, condition, frames)
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise ItemError(f"condition {name}: {printable(path)} {what}; name a picture")
        if item.is_clip and self._kinds.is_clip(path):
            return partial(ClipValue, name, condition, self._kinds.source_of(path))
        return partial(self._file, name, condition, path)

    def _for_all(self, name: str, condition: Condition, value: Any, plan: Plan) -> Value:
        """Open a picture that all items share, so that a wrong one is refused before any work."""
        if not isinstance(value, str | os.PathLike):
            return RowValue(row_of(name, condition, value))
        path, are_clips = Path(value), any(item.is_clip for item in plan.items)
        try:
            if path.is_file() and are_clips and self._kinds.is_clip(path):
                return ClipValue(name, condition, self._kinds.source_of(path))
            file = self._file(name, condition, path)
            _ = file.row
        except ItemError as error:
            raise UsageError(str(error)) from error
        return file

    def _file(self, name: str, condition: Condition, path: Path) -> PictureFile:
        """Return a picture file; items that name the same file share its row while one of them needs it."""
        key = (name, path, str(stamp(path)))
        with self._lock:
            file = self._files.get(key)
        if file is None:
            file = PictureFile(name, condition, path, self._max_pixels)
            with self._lock:
                file = self._files.setdefault(key, file)
        return file
