"""Promises of sources, which read clips that are no video files."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

from img2img.contract.clips import ClipSource
from img2img.host.kinds import SOURCES
from img2img.testing.promise import (
    Materials,
    Skipped,
    Subject,
    keep_name_and_summary,
    keep_refusal,
    promise,
    promises_of,
)

NOWHERE = "no/such/address"
RATES = (None, Fraction(25))


class SourceSubject(Subject):
    """A source that is held to promises, and a folder for files that it must refuse."""

    def __init__(self, source: ClipSource, folder: Path) -> None:
        super().__init__(f"source {source.name}")
        self.source, self.folder = source, folder


def subject_of(source: ClipSource, materials: Materials) -> SourceSubject:
    """Make a source the subject of promises."""
    return SourceSubject(source, materials.folder)


@promise()
def it_has_a_name_and_a_summary_of_one_line(subject: SourceSubject) -> None:
    keep_name_and_summary(SOURCES, subject.source)


@promise()
def an_address_where_nothing_is_is_refused_by_name(subject: SourceSubject) -> None:
    _refuses(NOWHERE, lambda rate: subject.source.open(NOWHERE, rate).close())


@promise()
def what_is_none_of_its_files_is_refused_by_name(subject: SourceSubject) -> None:
    if not subject.source.reads_files:
        raise Skipped("it reads no files (reads_files=False)")
    path = subject.folder / f"noise.{subject.source.name}"
    path.write_bytes(b"\x89 no clip of anybody's \x00\xff" * 20)
    _refuses(path.name, lambda rate: _read(subject.source, path, rate))


def _read(source: ClipSource, path: Path, rate: Fraction | None) -> None:
    """Read a clip up to its first picture, before which it may not be known what is in a file."""
    clip = source.open(str(path), rate)
    try:
        next(iter(clip.frames())).picture()
    finally:
        clip.close()


def _refuses(name: str, attempt: Callable[[Fraction | None], None]) -> None:
    """Go on if an attempt is refused by name, with a rate and without."""
    for rate in RATES:
        keep_refusal(name, partial(attempt, rate), f"with fps={rate} ")


PROMISES = promises_of(__name__)
