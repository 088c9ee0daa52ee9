"""Promises of targets, which write clips to files that are no videos."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from img2img.contract.clips import ClipSource, ClipTarget
from img2img.errors import UsageError
from img2img.host.kinds import SOURCES, TARGETS
from img2img.media.clip.frames import ClipInfo, Frame
from img2img.testing.promise import Materials, Skipped, Subject, keep, keep_name_and_summary, promise, promises_of

if TYPE_CHECKING:
    from img2img.media import Pixels

WIDTH, HEIGHT, RATE = 32, 24, Fraction(25)
GREYS = (0.2, 0.8, 0.5)
"""The brightness of each frame of a clip, in an order into which nothing would sort them."""
NEAR = 0.1
"""The largest distance of a grey from what was written, since formats may lose something."""


class TargetSubject(Subject):
    """A target that is held to promises, a folder for its files, and the source that reads them, if any."""

    def __init__(self, target: ClipTarget, folder: Path, source: ClipSource | None = None) -> None:
        super().__init__(f"target {target.name}")
        self.target, self.folder, self.source = target, folder, source

    def write(self, dtype: Any = np.uint8, channels: int = 3) -> Path:
        """Write a clip, under the name that the core would use; return the file.

        Raises:
            Skipped: The target refuses such frames.
        """
        path = self.folder / f"{np.dtype(dtype)}-{channels}" / "target.part"
        path.parent.mkdir(exist_ok=True)
        try:
            writer = self.target.create(path, _info(dtype))
        except UsageError as refusal:
            raise Skipped(f"it refuses frames of {np.dtype(dtype)}: {refusal}") from refusal
        for number in range(len(GREYS)):
            writer.add(_pixels(number, dtype, channels), _frame(number))
        writer.finish()
        writer.close()
        return path


def subject_of(target: ClipTarget, materials: Materials) -> TargetSubject:
    """Make a target the subject of promises."""
    has_source = target.name in materials.host.names(SOURCES)
    return TargetSubject(target, materials.folder, materials.host.find(SOURCES, target.name) if has_source else None)


@promise()
def it_has_a_name_and_a_summary_of_one_line(subject: TargetSubject) -> None:
    keep_name_and_summary(TARGETS, subject.target)


@promise()
def a_finished_file_stands_where_it_was_asked_for(subject: TargetSubject) -> None:
    path = subject.write()
    found = sorted(other.name for other in path.parent.iterdir())
    keep(found == [path.name], f"it was to write {path.name}; the folder holds {', '.join(found) or 'nothing'}")
    keep(path.stat().st_size > 0, "the file is empty")


@promise(a_finished_file_stands_where_it_was_asked_for)
def frames_of_any_depth_and_number_of_channels_are_written(subject: TargetSubject) -> str:
    refused = []
    for dtype, channels in product((np.uint8, np.uint16), (1, 3, 4)):
        try:
            subject.write(dtype, channels)
        except Skipped as refusal:
            refused.append(str(refusal))
    return "\n".join(dict.fromkeys(refused))


@promise(a_finished_file_stands_where_it_was_asked_for)
def the_source_of_its_name_reads_back_each_frame_in_order(subject: TargetSubject) -> None:
    if subject.source is None:
        raise Skipped(f"no source of the name {subject.target.name!r} is installed that could read its files")
    path = subject.write()
    clip = subject.source.open(str(path.rename(path.with_name(f"clip.{subject.target.name}"))), RATE)
    try:
        pictures = [frame.picture() for frame in clip.frames()]
    finally:
        clip.close()
    shapes = {picture.shape[:2] for picture in pictures}
    keep(shapes == {(HEIGHT, WIDTH)}, f"frames of {HEIGHT} by {WIDTH} came back as {sorted(shapes)}")
    greys = [float(picture.mean()) / np.iinfo(picture.dtype).max for picture in pictures]
    same = len(greys) == len(GREYS) and all(abs(a - b) < NEAR for a, b in zip(greys, GREYS, strict=True))
    keep(same, f"frames of the greys {GREYS} came back as {[round(grey, 2) for grey in greys]}")


@promise(a_finished_file_stands_where_it_was_asked_for)
def a_file_that_is_given_up_is_let_go_of(subject: TargetSubject) -> None:
    for count in (0, 1):
        path = subject.folder / f"given-up-{count}"
        writer = subject.target.create(path, _info(np.uint8))
        for number in range(count):
            writer.add(_pixels(number, np.uint8, 3), _frame(number))
        writer.close()
        path.unlink(missing_ok=True)


def _info(dtype: Any) -> ClipInfo:
    return ClipInfo(WIDTH, HEIGHT, 1 / RATE, RATE, frames=len(GREYS), deep=dtype == np.uint16)


def _pixels(number: int, dtype: Any, channels: int) -> Pixels:
    return np.full((HEIGHT, WIDTH, channels), GREYS[number] * np.iinfo(dtype).max, dtype)


def _frame(number: int) -> Frame:
    return Frame(number, 1, lambda: _pixels(number, np.uint8, 3))


PROMISES = promises_of(__name__)
