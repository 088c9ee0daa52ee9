"""Promises of conditions, which steer a translation besides the image."""

from __future__ import annotations

import torch

from img2img.contract.traits import Condition
from img2img.testing.family import FamilySubject, difference, random_images
from img2img.testing.promise import Broken, Skipped, keep, promise
from img2img.testing.promises.use import nothing_in_a_batch_depends_on_its_neighbours

NONSENSE = "\N{SNOWMAN} no such value"
SEEN = 1e-5
"""Results that differ by more than this count as different."""


@promise(nothing_in_a_batch_depends_on_its_neighbours)
def what_is_typed_for_a_condition_is_taken_or_refused_with_a_reason(subject: FamilySubject) -> None:
    for name, condition in _conditions(subject).items():
        keep(bool(condition.description.strip()), f"the condition {name!r} has no description")
        for choice in condition.choices:
            row = condition.row(choice)
            keep(isinstance(row, torch.Tensor), f"{name}={choice} became {type(row).__name__}, and no tensor")
        try:
            condition.row(NONSENSE)
        except ValueError as error:
            keep(bool(str(error)), f"{name}={NONSENSE!r} was refused without a word")


@promise(nothing_in_a_batch_depends_on_its_neighbours)
def each_condition_changes_the_result(subject: FamilySubject) -> str | None:
    unknown = []
    for name in _conditions(subject):
        rows = subject.values[name]
        if len(rows) < 2:
            unknown.append(name)
            continue
        translator = subject.translator()
        images = random_images(translator, 24, 31)
        one, two = (subject.translate(translator, images, **{name: row[None]}) for row in rows)
        distance = difference(one, two)
        keep(distance > SEEN, f"{rows[0].tolist()} and {rows[1].tolist()} for {name!r} give the same result")
    if unknown:
        raise Skipped(f"no two values are known of {', '.join(unknown)}; give it `choices`, or the data some")
    return None


@promise(each_condition_changes_the_result)
def each_image_of_a_batch_follows_its_own_condition(subject: FamilySubject) -> None:
    for name in _conditions(subject):
        translator = subject.translator()
        images = random_images(translator, 24, 31, 2)[:1].repeat_interleave(2, 0)
        rows = torch.stack(subject.values[name])
        together = subject.translate(translator, images, **{name: rows})
        for image, row, result in zip(images, rows, together, strict=True):
            alone = subject.translate(translator, image[None], **{name: row[None]})
            distance = difference(result[None], alone)
            keep(distance <= 1e-3, f"{row.tolist()} for {name!r} gives another result in a batch, by {distance:.2g}")


@promise(nothing_in_a_batch_depends_on_its_neighbours)
def a_condition_that_is_not_required_can_be_left_out(subject: FamilySubject) -> None:
    if all(condition.required for condition in _conditions(subject).values()):
        raise Skipped("all conditions are required")
    translator = subject.translator()
    try:
        subject.translate(translator, random_images(translator, 24, 31))
    except Exception as error:
        raise Broken(f"without them, it raises {type(error).__name__}: {error}") from error


def _conditions(subject: FamilySubject) -> dict[str, Condition]:
    conditions = dict(subject.translator().traits.conditions)
    if not conditions:
        raise Skipped("the family has no conditions")
    return conditions
