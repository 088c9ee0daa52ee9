"""Promises of conditions, which a translator takes besides the source."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from img2img.contract.traits import Condition, Kind
from img2img.testing.family import FamilySubject, difference, random_images
from img2img.testing.promise import Broken, Skipped, keep, promise
from img2img.testing.promises.training import a_trainer_is_made
from img2img.testing.promises.use import (
    images_of_every_size_are_translated,
    nothing_in_a_batch_depends_on_its_neighbours,
    the_translator_declares_what_can_be,
)
from img2img.training.loader import collate

NONSENSE = "\N{SNOWMAN} no such value"
SEEN = 1e-5
"""Results that differ by more than this count as different."""
PICTURES = ((8, 8), (9, 31), (64, 48))
"""Heights and widths of images that are given as conditions."""


@promise(the_translator_declares_what_can_be)
def each_condition_is_declared_as_its_kind_needs(subject: FamilySubject) -> None:
    for name, condition in _conditions(subject).items():
        kind, is_typed = condition.kind, not condition.is_picture
        keep(kind in get_args(Kind), f"{name}: kind={kind!r} is none of {', '.join(get_args(Kind))}")
        keep(bool(condition.description.strip()), f"the condition {name!r} has no description")
        keep(is_typed or not condition.parse, f"{name} is a picture, and `parse` is for what is typed; leave it out")
        keep(not condition.choices or kind == "label", f"{name} is of kind {kind!r}, and only a label has `choices`")
        takes = bool(condition.parse or condition.choices)
        keep(takes or kind != "label", f"{name} takes no text; give it `choices` or `parse`")
        low, high = condition.minimum, condition.maximum
        keep(kind == "number" or (low, high) == (None, None), f"{name} is of kind {kind!r}, and has a range")
        keep(low is None or high is None or low < high, f"{name}: no number lies between {low} and {high}")
        keep(condition.channels in (1, 3), f"{name}: channels={condition.channels!r} is neither 1 nor 3")
        keep(
            kind != "map" or subject.translator().traits.source is None,
            f"{name} is a map, which belongs to a picture, and the source is noise",
        )


@promise(nothing_in_a_batch_depends_on_its_neighbours)
def what_is_typed_for_a_condition_is_taken_or_refused_with_a_reason(subject: FamilySubject) -> None:
    for name, condition in _conditions(subject, "label", "number").items():
        rows: dict[str, Tensor] = {}
        for choice in condition.choices:
            row = rows[choice] = condition.row(choice)
            keep(isinstance(row, torch.Tensor), f"{name}={choice} became {type(row).__name__}, and no tensor")
            first = rows[condition.choices[0]]
            keep(_like(row, first), f"{name}={choice} became {_shape(row)}, and another choice {_shape(first)}")
        try:
            condition.row(NONSENSE)
        except ValueError as error:
            keep(bool(str(error)), f"{name}={NONSENSE!r} was refused without a reason")
        else:
            keep(not condition.choices, f"{name}={NONSENSE!r} was taken, and is none of the choices")


@promise(what_is_typed_for_a_condition_is_taken_or_refused_with_a_reason)
def a_number_out_of_its_range_is_refused(subject: FamilySubject) -> None:
    for name, condition in _conditions(subject, "number").items():
        low, high = condition.minimum, condition.maximum
        for bound in (low, high):
            keep(bound is None or _takes(condition, bound), f"{name}={bound} is refused, and its range includes it")
        for value in ([low - 1] if low is not None else []) + ([high + 1] if high is not None else []):
            keep(not _takes(condition, value), f"{name}={value:g} is taken, and lies outside of {low} to {high}")


@promise(nothing_in_a_batch_depends_on_its_neighbours)
def each_condition_changes_the_result(subject: FamilySubject) -> str | None:
    unknown = []
    for name in _conditions(subject):
        translator = subject.translator()
        images = random_images(translator, 24, 31)
        rows = subject.values(name, images)
        if len(rows) < 2:
            unknown.append(name)
            continue
        one, two = (subject.translate(translator, images, **{name: row[None]}) for row in rows)
        distance = difference(one, two)
        keep(distance > SEEN, f"{_values(rows)} for {name!r} give the same result")
    if unknown:
        raise Skipped(f"no two values are known of {', '.join(unknown)}; give it `choices`, or the data some")
    return None


@promise(each_condition_changes_the_result)
def each_image_of_a_batch_follows_its_own_condition(subject: FamilySubject) -> None:
    for name in _conditions(subject):
        translator = subject.translator()
        images = random_images(translator, 24, 31, 2)[:1].repeat_interleave(2, 0)
        rows = subject.values(name, images)
        together = subject.translate(translator, images, **{name: torch.stack(rows)})
        for image, row, result in zip(images, rows, together, strict=True):
            alone = subject.translate(translator, image[None], **{name: row[None]})
            distance = difference(result[None], alone)
            keep(distance <= 1e-3, f"{_values([row])} for {name!r} gives another result in a batch, by {distance:.2g}")


@promise(images_of_every_size_are_translated)
def an_image_given_as_condition_may_have_any_size(subject: FamilySubject) -> None:
    for name, condition in _conditions(subject, "image").items():
        translator = subject.translator()
        images = random_images(translator, 24, 31)
        promised = subject.translate(translator, images).shape if not condition.required else None
        for height, width in PICTURES:
            picture = torch.rand(1, condition.channels, height, width)
            result = subject.translate(translator, images, **{name: picture})
            promised = promised or result.shape
            keep(
                result.shape == promised and bool(torch.isfinite(result).all()),
                f"with {name!r} of {width}×{height} it makes {_shape(result)}, not {tuple(promised)} or not finite",
            )


@promise(nothing_in_a_batch_depends_on_its_neighbours)
def a_condition_that_is_not_required_can_be_left_out(subject: FamilySubject) -> None:
    if all(condition.required for condition in _conditions(subject).values()):
        raise Skipped("all conditions are required")
    translator = subject.translator()
    try:
        subject.translate(translator, random_images(translator, 24, 31))
    except Exception as error:
        raise Broken(f"without them, it raises {type(error).__name__}: {error}") from error


@promise(each_condition_is_declared_as_its_kind_needs, a_trainer_is_made)
def the_data_give_conditions_in_the_form_in_which_users_do(subject: FamilySubject) -> None:
    declared = _conditions(subject)
    trainer = subject.trainer()[0]
    for split, chance in (("train", 1), ("validation", None)):
        dataset = subject.dataset("train" if split == "train" else "validation")
        sample = dataset.sample(0, None if chance is None else np.random.default_rng(chance))
        for view in trainer.views(collate([sample])).values():
            for name in declared.keys() & view.condition.keys():
                wrong = "; ".join(_wrong(subject, name, view.condition[name][0], view.source))
                keep(not wrong, f"in {split}, {name!r} {wrong}")


def _wrong(subject: FamilySubject, name: str, row: Tensor, source: Tensor) -> Iterator[str]:
    """Yield how a row of the data differs from what a user's value gives."""
    condition = subject.declared[name]
    if not condition.is_picture:
        low, high = condition.minimum, condition.maximum
        if row.numel() == 1 and not _is_within(row.item(), low, high):
            yield f"is {row.item():g}, and its range is {low} to {high}"
        typed = list(islice(subject.typed(name), len(condition.choices) or 1))
        if typed and not _like(row, typed[0]):
            yield f"is {_shape(row)}, and a user's becomes {_shape(typed[0])}"
        elif condition.choices and not any(torch.equal(row.cpu(), each) for each in typed):
            yield f"is {row.tolist()}, which is none of its choices"
        return
    if row.ndim != 3 or len(row) != condition.channels or not row.is_floating_point():
        yield f"is {_shape(row)}, and not floating-point ({condition.channels}, H, W)"
        return
    if condition.kind == "map" and row.shape[1:] != source.shape[-2:]:
        yield f"is {_shape(row)}, and its source {_shape(source[0])}: a map has the size of its source"
    if float(row.min()) < -1e-3 or float(row.max()) > 1 + 1e-3:
        yield f"lies in [{float(row.min()):.3g}, {float(row.max()):.3g}], and not in [0, 1]"


def _conditions(subject: FamilySubject, *kinds: Kind) -> dict[str, Condition]:
    """Return the conditions of some kinds, by default of all.

    Raises:
        Skipped: There are none.
    """
    found = {name: each for name, each in subject.declared.items() if not kinds or each.kind in kinds}
    if not found:
        raise Skipped(f"the family has no conditions{' of kind ' * bool(kinds)}{' or '.join(kinds)}")
    return found


def _takes(condition: Condition, value: float) -> bool:
    try:
        condition.row(str(value))
    except ValueError:
        return False
    return True


def _is_within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _like(row: Tensor, other: Tensor) -> bool:
    return row.shape == other.shape and row.dtype == other.dtype


def _shape(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"


def _values(rows: list[Tensor]) -> str:
    """Return rows as a message shows them; of pictures their number."""
    if rows[0].ndim >= 2:
        return f"{len(rows)} different pictures" if len(rows) > 1 else "a picture"
    return " and ".join(str(row.tolist()) for row in rows)
