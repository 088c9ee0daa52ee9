"""This module is the contract of plugins that read clips from further sources, or write them to further formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels
    from img2img.media.video import Clip, ClipInfo, Frame


class ClipSource(ABC):
    """Reads clips that are not video files. It holds no state; one instance serves the whole program.

    An exception, or a result that breaks the contract, fails the clip and nothing else.

    Attributes:
        name: The word NAME in `NAME:ADDRESS`, and the suffix of the files that it reads, without the dot. The names in
            `img2img.media.formats.OWN_NAMES` are taken.
        summary: One line for `img2img models`.
        endless: Whether its clips have no end of their own; the user must then give `--end`.
        reads_files: Whether it also opens files with the suffix `name`; otherwise only `NAME:ADDRESS` reaches it.
        needs_fps: Whether `open` needs a rate; without `--fps`, such files in a folder are passed over.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    endless: ClassVar[bool] = False
    reads_files: ClassVar[bool] = True
    needs_fps: ClassVar[bool] = False

    @abstractmethod
    def open(self, address: str, fps: Fraction | None) -> Clip:
        """Open a clip.

        Args:
            address: The text that the user typed after `NAME:`, unchanged, or the path of a file.
            fps: Frames a second that the user gave. It is the rate of a source without times of its own; other sources
                ignore it.

        Raises:
            UsageError: The address is malformed, or `fps` is missing.
            VideoError: The source cannot be read.
        """


class ClipWriter(Protocol):
    """Takes the frames of one clip in order."""

    def add(self, pixels: Pixels, frame: Frame) -> None:
        """Write a frame.

        Args:
            pixels: (H, W, 1 or 3) of uint8 or uint16; what is transparent has been put in front of a colour.
            frame: The source's frame, which gives the times.
        """

    def finish(self) -> None:
        """Write the rest, so that the file is complete."""

    def close(self) -> None:
        """Close the file, complete or not."""


class ClipTarget(ABC):
    """Writes clips to files that are not videos. It holds no state; one instance serves the whole program.

    Attributes:
        name: The suffix of its files, without the dot; the names in `img2img.media.formats.OWN_NAMES` are taken.
        summary: One line for `img2img models`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def create(self, path: Path, info: ClipInfo) -> ClipWriter:
        """Begin a file under a temporary name; the core renames it once it is complete.

        Args:
            path: The path to write to.
            info: Size, depth and rate of the frames that will follow.

        Raises:
            UsageError: Such frames cannot be written in this format.
        """
