"""The results on held-out images that a card shows of one direction: the worst, and the first few."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    """`source` (unless that is noise), `result` and, in pairs, `truth`; as `tile` makes them."""
    thumbnail: Tensor
    target_thumbnail: Tensor


class Showcase:
    """Takes results one by one and keeps a few of them.

    Args:
        paired: Whether a target is the truth for its source.
        measure: How bad a result is.
        traits: The traits of the translator; results are named by the choices of its conditions.
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
        images = {"source": view.source, "result": result, "truth": view.target}
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
        """Name the conditions under which an image was translated, where they have names."""
        for name, rows in view.condition.items():
            if condition := self.traits.conditions.get(name):
                texts = (text for text in condition.choices if _is_row(text, condition, rows[0]))
                yield from (f"{name}={text}" for text in islice(texts, 1))


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
    """

    def __init__(self, views: Iterable[Batch]) -> None:
        self.wanted: dict[bytes, PatchSet] = {}
        for view in views:
            patches = self.wanted.setdefault(_condition(view), PatchSet(torch.Generator().manual_seed(0)))
            patches.add(view.target[0].cpu())

    def __call__(self, view: Batch, result: Tensor) -> float:
        """Return how far the patches of a result are from those of the targets."""
        if _condition(view) not in self.wanted:
            return 0.0
        patches = PatchSet(torch.Generator().manual_seed(0))
        patches.add(result[0].cpu())
        distances = patches.distances(self.wanted[_condition(view)])
        return sum(distances) / len(distances)


def _condition(view: Batch) -> bytes:
    return b"".join(view.condition[name].cpu().numpy().tobytes() for name in sorted(view.condition))
