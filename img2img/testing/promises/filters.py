"""Promises of filters, the steps before and after the network."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from img2img.contract.filters import Filter
from img2img.errors import ConfigError
from img2img.host.kinds import FILTERS
from img2img.testing.promise import Materials, Skipped, Subject, keep, keep_name_and_summary, promise, promises_of

if TYPE_CHECKING:
    from img2img.media import Pixels

FRAMES = 6


class FilterSubject(Subject):
    """A filter that is held to promises, with the defaults of its options."""

    def __init__(self, kind: type[Filter]) -> None:
        super().__init__(f"filter {kind.name}")
        self.kind = kind

    def new(self) -> Filter:
        """Make a filter, as each image has one, and each clip one on its way in and one out."""
        return self.on(torch.device("cpu"))

    def on(self, device: torch.device) -> Filter:
        """Make a filter, ready to work on a device."""
        made = self.kind(self.kind.options_class.parse({}))
        made.prepare(device)
        return made


def subject_of(kind: type[Filter], materials: Materials) -> FilterSubject:
    """Make a filter the subject of promises."""
    return FilterSubject(kind)


@promise()
def it_has_a_name_and_a_summary_of_one_line(subject: FilterSubject) -> None:
    keep_name_and_summary(FILTERS, subject.kind)


@promise()
def an_unknown_option_is_refused(subject: FilterSubject) -> None:
    try:
        subject.kind.options_class.parse({"no_such_option": 1})
    except ConfigError as error:
        keep("no_such_option" in str(error), f"of no_such_option=1 it says nothing: {error}")
        return
    keep(False, "it took no_such_option=1")


@promise()
def it_works_with_the_defaults_of_its_options(subject: FilterSubject) -> None:
    try:
        options = subject.kind.options_class.parse({})
    except ConfigError as error:
        raise Skipped(f"it has options without a default: {error}") from error
    subject.kind(options)


@promise(it_works_with_the_defaults_of_its_options)
def frames_keep_their_shape_and_type(subject: FilterSubject) -> None:
    for dtype, channels, (height, width) in product((np.uint8, np.uint16), (1, 3), ((1, 1), (24, 31))):
        source, result = (_frame(0, size * height, size * width, channels, dtype) for size in (1, 2))
        changed = {
            "before": (source, subject.new().before(source)),
            "after": (result, subject.new().after(source, result)),
        }
        for name, (before, after) in changed.items():
            wanted, found = (f"{frame.dtype} {frame.shape}" for frame in map(np.asarray, (before, after)))
            keep(found == wanted, f"{name}() made {found} of {wanted}")


@promise(frames_keep_their_shape_and_type)
def it_works_on_every_device_here(subject: FilterSubject) -> None:
    there = torch.accelerator.current_accelerator(check_available=True)
    frame = _frame(0, 24, 31, 3, np.uint8)
    for device in (torch.device("cpu"), *([there] if there else [])):
        applied = subject.on(device)
        for name, found in (("before", applied.before(frame)), ("after", applied.after(frame, frame))):
            keep(isinstance(found, np.ndarray), f"on {device}, {name}() returned {type(found).__name__}, and no array")


@promise(frames_keep_their_shape_and_type)
def the_same_frames_give_the_same_results(subject: FilterSubject) -> None:
    for name, step in STEPS.items():
        one, two = (_run(subject.new(), step, range(FRAMES)) for _ in range(2))
        keep(_same(one, two), f"{name}() makes something else of the same frames")


@promise(the_same_frames_give_the_same_results)
def what_was_returned_does_not_change_later(subject: FilterSubject) -> None:
    for name, step in STEPS.items():
        applied = subject.new()
        first = step(applied, 0)
        as_it_was = first.copy()
        _run(applied, step, range(1, FRAMES))
        keep(_same([first], [as_it_was]), f"what {name}() returned for the first frame changed with the next ones")


@promise(the_same_frames_give_the_same_results)
def it_goes_on_from_its_state_to_the_same_bits(subject: FilterSubject) -> None:
    half = FRAMES // 2
    for name, step in STEPS.items():
        whole, continued = subject.new(), subject.new()
        _run(whole, step, range(half))
        if state := whole.state():
            continued.restore(
                {key: np.array(value) for key, value in state.items()}
            )  # copies, as when read from the disk
        wanted, rest = (_run(applied, step, range(half, FRAMES)) for applied in (whole, continued))
        keep(_same(rest, wanted), f"restored after frame {half}, {name}() makes other frames of the rest")


def _before(applied: Filter, number: int) -> Pixels:
    return applied.before(_frame(number, 24, 31, 3, np.uint8))


def _after(applied: Filter, number: int) -> Pixels:
    return applied.after(_frame(number, 24, 31, 3, np.uint8), _frame(number + 100, 48, 62, 3, np.uint8))


STEPS = {"before": _before, "after": _after}
"""The two sides of the network, for each of which a clip has an instance."""


def _run(applied: Filter, step: Callable[[Filter, int], Pixels], numbers: range) -> list[Pixels]:
    return [step(applied, number) for number in numbers]


def _same(one: list[Pixels], two: list[Pixels]) -> bool:
    return all(np.array_equal(*pair) for pair in zip(one, two, strict=True))


def _frame(seed: int, height: int, width: int, channels: int, dtype: Any) -> Pixels:
    """Draw a frame of noise that cannot be written to."""
    pixels = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (height, width, channels), dtype)
    pixels.flags.writeable = False
    return pixels


PROMISES = promises_of(__name__)
