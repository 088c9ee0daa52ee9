"""The contract of clips from elsewhere: what a plugin reads frames from, and writes frames to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels
    from img2img.media.video import Clip, ClipInfo, Frame


class ClipSource(ABC):
    """Reads clips that are no video files. It holds no state; one instance serves the whole program.

    Whatever it raises, or returns that is not as promised, costs the clip and nothing else.
    """

    name: ClassVar[str]
    """The scheme in `NAME:ADDRESS`, and the suffix of files that it reads, without the dot.

    None of `img2img.media.formats.OWN_NAMES`.
    """
    summary: ClassVar[str]
    """One line for `img2img models`."""
    endless: ClassVar[bool] = False
    """Whether its clips have no end of their own; the user must then give one."""
    reads_files: ClassVar[bool] = True
    """Whether files with the suffix `name` are its clips; otherwise it is only asked for `NAME:ADDRESS`."""
    needs_fps: ClassVar[bool] = False
    """Whether `open` must be given a rate; where the user gave none, a folder's files of its kind are passed over."""

    @abstractmethod
    def open(self, address: str, fps: Fraction | None) -> Clip:
        """Open a clip.

        Args:
            address: What was typed after `NAME:`, to the letter, or the path of a file.
            fps: Frames a second that were asked for: the rate of a source that has no times of its own, to be left
                alone by others.

        Raises:
            UsageError: The address is none, or `fps` is missing.
            VideoError: What is there cannot be read.
        """


class ClipWriter(Protocol):
    """Takes the frames of one clip in order."""

    def add(self, pixels: Pixels, frame: Frame) -> None:
        """Take a frame, (H, W, C) of uint8 or uint16, whose times are those of `frame`."""

    def finish(self) -> None:
        """Write what is left; the file is whole then."""

    def close(self) -> None:
        """Let go of the file, finished or not."""


class ClipTarget(ABC):
    """Writes clips in files that are no videos. It holds no state; one instance serves the whole program."""

    name: ClassVar[str]
    """The suffix of its files, without the dot; none of `img2img.media.formats.OWN_NAMES`."""
    summary: ClassVar[str]
    """One line for `img2img models`."""

    @abstractmethod
    def create(self, path: Path, info: ClipInfo) -> ClipWriter:
        """Begin a file; the core gives it its final name once it is finished.

        Args:
            path: Where to write.
            info: Size, depth and rate of the frames that will come.

        Raises:
            UsageError: Such frames cannot be written so.
        """
