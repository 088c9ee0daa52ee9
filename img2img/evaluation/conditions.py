"""This module gives each source that is evaluated its own values of the conditions, as a job does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from img2img.errors import ItemError
from img2img.evaluation.pairs import Pair
from img2img.inference.conditions import Declared
from img2img.translation.conditions import Conditions
from img2img.translation.kinds import ClipKinds
from img2img.translation.plan import Plan
from img2img.translation.report import Item


class PairConditions:
    """The conditions of the sources.

    Args:
        declared: The conditions that the model takes.
        given: One value for all sources, a folder, `@TABLE.csv` or a mapping, by the name of the condition.
        pairs: The sources, with their truths.
        max_pixels: The most pixels that a picture file may have.

    Raises:
        UsageError: A condition is unknown, missing or wrong, or a table cannot be read.
    """

    def __init__(self, declared: Declared, given: Mapping[str, Any], pairs: Sequence[Pair], max_pixels: int) -> None:
        self._items = {pair.name: Item(pair.source, Path(pair.name)) for pair in pairs if not pair.problem}
        plan = Plan(list(self._items.values()), Path())
        self._conditions = Conditions.parse(declared, given, plan, ClipKinds(), max_pixels)
        self.typed = self._conditions.typed
        """What the user typed for each condition."""

    def rows(self, pair: Pair) -> Mapping[str, Tensor]:
        """Return the rows of a source's conditions.

        Raises:
            ItemError: A value is missing or wrong, or is no picture that can be read.
        """
        item = self._items[pair.name]
        if item.status == "failed":
            raise ItemError(item.reason)
        return self._conditions.of(item).rows
