"""The results on held-out images that a card shows of one direction: the worst, and the first few."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

import torch
from torch import Tensor

from img2img.contract.data import Batch
from img2img.contract.traits import Condition, Traits
from img2img.nn import metrics
from img2img.nn.distribution import PatchSet
from img2img.nn.resize import brought_to
from img2img.training.cards.thumbnails import thumbnail
from img2img.training.sheets import tile

SHOWN = 4
"""How many of the worst results a card shows, and how many of the first."""

Measure = Callable[[Batch, Tensor], float]
"""A function from a view of one image and its result to a figure; a larger figure is a worse result."""


@dataclass(frozen=True)
class Example:
    """A result on a held-out image, small."""

    name: str
    figure: float
    """Larger is worse."""
    tiles: Mapping[str, Tensor]
    """`source` (unless that is noise), the pictures among the conditions by name, `result` and, in pairs, `truth`; as
    `tile` makes them."""
    thumbnail: Tensor
    target_thumbnail: Tensor


class Showcase:
    """Takes results one by one and keeps a few of them.

    Args:
        paired: Whether a target is the truth for its source.
        measure: How bad a result is.
        traits: The traits of the translator: results are named by its labels and numbers, and its pictures are shown.
    """

    def __init__(self, paired: bool, measure: Measure, traits: Traits) -> None:
        self.paired, self.measure, self.traits = paired, measure, traits
        self.figures: list[float] = []
        self.baselines: list[float] = []
        """The figures of the sources themselves, brought to the size of the results, where their channels allow it."""
        self.first: list[Example] = []
        self.worst: list[Example] = []

    def add(self, view: Batch, result: Tensor) -> None:
        """Take the result, (1, C, H', W'), of a view of one image."""
        result = metrics.to_8_bit(result)
        images = {"source": view.source, **self._pictures(view), "result": result, "truth": view.target}
        hidden = {"source"} if self.traits.source else set()
        hidden |= set() if self.paired else {"truth"}
        example = Example(
            name=", ".join([*view.names, *self._chosen(view)])[:200],
            figure=self.measure(view, result),
            tiles={name: tile(image[0]) for name, image in images.items() if name not in hidden},
            thumbnail=thumbnail(result[0]),
            target_thumbnail=thumbnail(view.target[0]),
        )
        self.figures.append(example.figure)
        if not self.traits.source and view.source.shape[1] in (1, result.shape[1]):
            unchanged = brought_to(view.source.float(), result).clamp(0, 1)
            self.baselines.append(self.measure(view, metrics.to_8_bit(unchanged)))
        self.first = [*self.first, example][:SHOWN]
        self.worst = sorted([*self.worst, example], key=lambda each: each.figure, reverse=True)[:SHOWN]

    def _chosen(self, view: Batch) -> Iterator[str]:
        """Name the labels and numbers under which an image was translated, where they have names."""
        for name, rows in view.condition.items():
            if (condition := self.traits.conditions.get(name)) is None:
                continue
            if condition.kind == "number" and rows[0].numel() == 1:
                yield f"{name}={rows[0].item():g}"
            texts = (text for text in condition.choices if _is_row(text, condition, rows[0]))
            yield from (f"{name}={text}" for text in islice(texts, 1))

    def _pictures(self, view: Batch) -> dict[str, Tensor]:
        shown = {name for name, condition in self.traits.conditions.items() if condition.is_picture}
        return {name: rows for name, rows in view.condition.items() if name in shown}


def _is_row(text: str, condition: Condition, row: Tensor) -> bool:
    parsed = condition.row(text)
    return parsed.shape == row.shape and bool((parsed == row.cpu()).all())


def unlike_truth(view: Batch, result: Tensor) -> float:
    """Return the negative PSNR in dB."""
    return -float(metrics.psnr(result, view.target).mean())


class UnlikeOthers:
    """Measures how far the patches of a result are from those of targets under its condition; see `sliced_wasserstein`.

    Args:
        views: Views whose targets are of the wanted kind.
        conditions: The conditions of the translator. Targets of every number and map count, since each image has its
            own.
    """

    def __init__(self, views: Iterable[Batch], conditions: Mapping[str, Condition]) -> None:
        self.passed_over = {name for name, condition in conditions.items() if condition.kind in ("number", "map")}
        self.wanted: dict[bytes, PatchSet] = {}
        for view in views:
            patches = self.wanted.setdefault(self._condition(view), PatchSet(torch.Generator().manual_seed(0)))
            patches.add(view.target[0].cpu())

    def __call__(self, view: Batch, result: Tensor) -> float:
        """Return how far the patches of a result are from those of the targets."""
        wanted = self.wanted.get(self._condition(view))
        if wanted is None:
            return 0.0
        patches = PatchSet(torch.Generator().manual_seed(0))
        patches.add(result[0].cpu())
        distances = patches.distances(wanted)
        return sum(distances) / len(distances)

    def _condition(self, view: Batch) -> bytes:
        names = sorted(view.condition.keys() - self.passed_over)
        return sha256(b"".join(view.condition[name].cpu().numpy().tobytes() for name in names)).digest()
