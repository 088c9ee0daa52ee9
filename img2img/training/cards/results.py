"""Results are described and shown by a card as one validation judged them, in one direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from img2img.models.card import Card, Data, Likeness, Shown
from img2img.text import printable
from img2img.training.cards.showcase import Showcase
from img2img.training.cards.thumbnails import Nearest, Thumbnails
from img2img.training.sheets import example_sheet
from img2img.training.validation import Judgement

BY_TRUTH = "PSNR of RGB in dB, uncropped"
BY_OTHERS = "distance of the patches from those of the wanted kind (the lower the better)"
NO_DATA = Data(folder="", files=0, samples=0, sha256="")
BLANK = Card(training=NO_DATA, validation=NO_DATA, options={}, seed=0)
"""A card of nothing known."""
PICTURES = {"Worst results": "worst", "Likeness to training images": "nearest"}
"""Heading of a card to the end of the name of the picture below it."""


class Results:
    """Facts and pictures of the results of one direction; each is made once, when it is first needed.

    Args:
        judged: What the validation found.
        showcase: The direction's part of that.
        training: Thumbnails of the direction's training images.
    """

    def __init__(self, judged: Judgement, showcase: Showcase, training: Thumbnails) -> None:
        self.judged, self.showcase, self.training = judged, showcase, training

    @cached_property
    def card(self) -> Card:
        """Return the facts: a card without those of the run."""
        showcase, nearest = self.showcase, self._nearest
        unseen = sum(self.training.nearest(example.target_thumbnail).distance for example in showcase.first)
        return figures_alone(self.judged).model_copy(
            update={
                "from_noise": showcase.traits.source is not None,
                "judged_by": BY_TRUTH if showcase.paired else BY_OTHERS,
                "mean": _mean(showcase.figures),
                "baseline": _mean(showcase.baselines),
                "worst": tuple(Shown(name=printable(each.name), figure=abs(each.figure)) for each in showcase.worst),
                "nearest": tuple(
                    Likeness(name=printable(each.name), nearest=printable(found.name)[:200], distance=found.distance)
                    for each, found in zip(showcase.first, nearest, strict=True)
                ),
                "nearest_of": len(self.training),
                "likeness": sum(found.distance for found in nearest) / unseen if unseen else None,
            }
        )

    @cached_property
    def pictures(self) -> Mapping[str, bytes]:
        """Return the pictures as JPEG, by the heading under which they stand."""
        return dict(zip(PICTURES, (self._draw_worst(), self._draw_nearest()), strict=True))

    @cached_property
    def _nearest(self) -> Sequence[Nearest]:
        return [self.training.nearest(example.thumbnail) for example in self.showcase.first]

    def _draw_worst(self) -> bytes:
        rows = []
        for example in self.showcase.worst:
            captions = [f"{example.name} {abs(example.figure):.4g}", *[*example.tiles][1:]]
            rows.append((captions, [*example.tiles.values()]))
        return example_sheet(rows)

    def _draw_nearest(self) -> bytes:
        rows = []
        for example, found in zip(self.showcase.first, self._nearest, strict=True):
            captions = [f"result of {example.name}", f"{found.name} {found.distance:.3f}"]
            rows.append((captions, (example.tiles["result"], self.training.show(found.index))))
        return example_sheet(rows)


def figures_alone(judged: Judgement) -> Card:
    """Return a card that has the figures of a validation, and shows no results."""
    return BLANK.model_copy(update={"validated": judged.step, "figures": dict(judged.figures)})


def _mean(figures: Sequence[float]) -> float | None:
    return abs(sum(figures) / len(figures)) if figures else None
