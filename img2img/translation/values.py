"""This module holds the values of conditions of an item; it reads their files when the item's turn comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import repeat
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from torch import Tensor

from img2img.contract.traits import Condition
from img2img.errors import ImageError, ItemError, VideoError
from img2img.inference.conditions import picture_row
from img2img.media import decode_image, read_file
from img2img.media.clip.part import Part
from img2img.text import printable
from img2img.translation.journal import digest
from img2img.translation.sources import ImageSequence, Source

if TYPE_CHECKING:
    from img2img.media import Pixels
    from img2img.media.video import Clip, ClipInfo, Frame
    from img2img.translation.pipeline import Settings


class Value(ABC):
    """One value of one condition."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """Return a digest of the content, by which a later job sees that it has not changed."""

    @property
    @abstractmethod
    def row(self) -> Tensor:
        """Return the row, without the batch dimension.

        Raises:
            ItemError: It is no picture that can be read.
        """


class RowValue(Value):
    """A value that is a row already: a label, a number, or a picture that came as an array."""

    def __init__(self, row: Tensor) -> None:
        self._row = row

    @cached_property
    def sha256(self) -> str:
        """Return a digest of the numbers."""
        about = f"{self._row.dtype} {tuple(self._row.shape)} ".encode()
        large = self._row.ndim > 1
        numbers = self._row.contiguous().numpy().tobytes() if large else str(self._row.tolist()).encode()
        return digest(about + numbers)

    @property
    def row(self) -> Tensor:
        """Return the row."""
        return self._row


class PictureFile(Value):
    """A picture in a file, which is read at once and decoded when the row is needed.

    Raises:
        ItemError: The file cannot be read.
    """

    def __init__(self, name: str, condition: Condition, path: Path, max_pixels: int) -> None:
        self._about = f"condition {name}: {printable(path)}"
        self._condition, self._max_pixels = condition, max_pixels
        self._decoding = Lock()
        self._row: Tensor | None = None
        try:
            self._data = read_file(path)
        except ImageError as error:
            raise ItemError(f"condition {name}: {error}") from error
        self._sha256 = digest(self._data)

    @property
    def sha256(self) -> str:
        """Return the digest of the file."""
        return self._sha256

    @property
    def row(self) -> Tensor:
        """Decode the picture, once."""
        with self._decoding:
            if self._row is None:
                try:
                    pixels = decode_image(self._data, self._about, self._max_pixels).pixels
                except ImageError as error:
                    raise ItemError(str(error)) from error
                self._row, self._data = picture_row(self._condition, pixels), b""
            return self._row


class ClipValue(Value):
    """A clip, or a folder of frames, that gives each frame of a clip a picture of its own."""

    def __init__(self, name: str, condition: Condition, source: Source) -> None:
        self.name, self.condition, self.source = name, condition, source
        self._stamp, self._sha256 = source.stamp(), source.digest()

    @property
    def sha256(self) -> str:
        """Return the digest of the clip's files."""
        return self._sha256

    @property
    def row(self) -> Tensor:
        """Refuse to be one picture."""
        raise ItemError(f"condition {self.name}: {self.source.name} is a clip, and an image takes a picture")

    def check_unchanged(self) -> None:
        """Refuse a clip that was changed while it was read."""
        self.source.check_unchanged(self._stamp, self._sha256)

    def open(self, info: ClipInfo, settings: Settings) -> Clip:
        """Open the part that belongs to a clip of that `info`."""
        options, max_pixels, host = settings.video, settings.compute.max_pixels, settings.host
        if not isinstance(self.source, ImageSequence):
            return self.source.open(options, max_pixels, host)
        images = self.source.open(replace(options, fps=info.rate), max_pixels, host)
        return Part(images, self.source.name, options.start, options.end, max_pixels)


class FrameRows:
    """The rows of one frame; they are made once, when they are needed."""

    def __init__(self, fixed: Mapping[str, Tensor], makers: Mapping[str, Callable[[], Tensor]]) -> None:
        self._fixed, self._makers = fixed, makers

    @cached_property
    def rows(self) -> Mapping[str, Tensor]:
        """Return the rows by name."""
        return {**self._fixed, **{name: make() for name, make in self._makers.items()}} if self._makers else self._fixed


@dataclass(eq=False)
class ItemConditions:
    """The values of all conditions that one item is given."""

    fixed: Mapping[str, Tensor] = field(default_factory=dict)
    """The rows that all items share and that the job's settings count."""
    shared: Mapping[str, Value] = field(default_factory=dict)
    """The pictures that all items share."""
    own: Mapping[str, Value] = field(default_factory=dict)
    """The values that the item alone has."""
    notes: list[str] = field(default_factory=list)
    """Notes for the report: which conditions the item lacks, and what was made of clips."""

    @property
    def values(self) -> Mapping[str, Value]:
        """Return the values that count by content, for each item."""
        return {**self.shared, **self.own}

    def made_of(self, source_sha256: str) -> str:
        """Return a digest of the source and of the values, by which a later job sees that none has changed."""
        values = "".join(f" {name} {value.sha256}" for name, value in sorted(self.values.items()))
        return digest(f"{source_sha256}{values}".encode()) if values else source_sha256

    def check_unchanged(self) -> None:
        """Refuse clips that were changed while they were read.

        Raises:
            VideoError: One was.
        """
        for value in self.values.values():
            if isinstance(value, ClipValue):
                value.check_unchanged()

    @cached_property
    def rows(self) -> Mapping[str, Tensor]:
        """Return all rows by name.

        Raises:
            ItemError: A value is no picture that can be read.
        """
        return {**self.fixed, **{name: value.row for name, value in self.values.items()}}

    @property
    def bytes(self) -> int:
        """Return how much memory the rows take that the item alone has."""
        return sum(value.row.nbytes for value in self.own.values())

    @contextmanager
    def over(
        self, info: ClipInfo, settings: Settings, timed: Callable[[Clip], Iterator[Frame]]
    ) -> Iterator[Iterator[FrameRows]]:
        """Give each frame of a clip its rows; the iterator goes on for as long as it is asked.

        Args:
            info: The clip's, before its rate is changed.
            settings: The options of the job.
            timed: Brings the frames of a clip to the rate that the user chose.

        Raises:
            ItemError: A condition's clip cannot be read.
        """
        moving = [value for value in self.values.values() if isinstance(value, ClipValue)]
        fixed = {name: value.row for name, value in self.values.items() if not isinstance(value, ClipValue)}
        rows = {**self.fixed, **fixed}
        if not moving:
            yield repeat(FrameRows(rows, {}))
            return
        clips: dict[str, Clip] = {}
        try:
            for value in moving:
                clips[value.name] = value.open(info, settings)
            makers = {value.name: self._frames(value, timed(clips[value.name])) for value in moving}
            yield _together(rows, makers)
            for value in moving:
                if damage := clips[value.name].damage:
                    self.notes.append(f"condition {value.name}: {value.source.name}: {damage}")
        finally:
            for clip in clips.values():
                with closing(clip):
                    pass

    def _frames(self, value: ClipValue, frames: Iterator[Frame]) -> Iterator[Callable[[], Tensor]]:
        """Yield a maker of the row for each frame; at the end the last one again and again, with a note."""
        picture, count = None, 0
        make: _FrameRow | None = None
        for frame in frames:
            if make is None or frame.picture is not picture:
                picture, make = frame.picture, _FrameRow(value.condition, frame.picture)
            count += 1
            yield make
        if make is None:
            raise VideoError(f"condition {value.name}: {value.source.name} has no frame for this clip")
        self.notes.append(
            f"condition {value.name}: {value.source.name} ends after {count} frames, before the clip does; its last "
            "frame stands for the rest"
        )
        yield from repeat(make)


class _FrameRow:
    """Makes the row of a frame of a condition's clip, once."""

    def __init__(self, condition: Condition, picture: Callable[[], Pixels]) -> None:
        self._condition, self._picture = condition, picture

    def __call__(self) -> Tensor:
        return self._row

    @cached_property
    def _row(self) -> Tensor:
        return picture_row(self._condition, self._picture())


def _together(fixed: Mapping[str, Tensor], makers: Mapping[str, Iterator[Callable[[], Tensor]]]) -> Iterator[FrameRows]:
    """Yield the rows of each frame; frames whose pictures repeat share one object."""
    before: dict[str, Callable[[], Tensor]] = {}
    rows = FrameRows(fixed, {})
    while True:
        now = {name: next(each) for name, each in makers.items()}
        if any(before.get(name) is not make for name, make in now.items()):
            rows, before = FrameRows(fixed, now), now
        yield rows
