"""This module opens the clips that need no plugin: videos, animations, and sequences of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from img2img.errors import UsageError
from img2img.media import formats
from img2img.media.clip.frames import Clip
from img2img.media.clip.sequence import SequenceReader
from img2img.media.files import MAX_PIXELS, head_of
from img2img.media.formats import Moving


class OpenClip(Clip, Protocol):
    """A clip whose beginning may have been cut off when it was opened."""

    @property
    def shift(self) -> Fraction:
        """Seconds subtracted from all times, so that the first frame to be shown begins at 0."""


def is_animated(path: Path) -> bool:
    """Return whether the first bytes of a file are those of an animation: a GIF, or many frames of another format."""
    return formats.clip_format(head_of(path, formats.HEAD)) is not None


def is_text(path: Path) -> bool:
    """Return whether the first bytes of a file are a text, and no video."""
    head = head_of(path, formats.HEAD)
    return bool(head) and b"\0" not in head


def open_clip(
    path: Path, start: Fraction | None = None, end: Fraction | None = None, max_pixels: int = MAX_PIXELS
) -> OpenClip:
    """Open a video or an animation; the first bytes of the file decide which of the two it is.

    Args:
        path: The file.
        start: Frames shown before this time, in seconds, are left out.
        end: Frames shown from this time on, in seconds, are left out.
        max_pixels: Frames with more pixels are refused.

    Raises:
        VideoError: The file cannot be read, or its frames are too large.
    """
    form = formats.clip_format(head_of(path, formats.HEAD))
    moving = form.moving if form and form.moving else Moving()
    reader: Callable[[Path, Fraction | None, Fraction | None, int], OpenClip] = formats.load(moving.read)
    return reader(path, start, end, max_pixels)


def open_images(paths: Sequence[Path], rate: Fraction | None, max_pixels: int) -> OpenClip:
    """Open images as a clip that shows one image a tick.

    Raises:
        UsageError: `rate` is missing.
        VideoError: None of the images can be read.
    """
    if rate is None:
        raise UsageError("images alone do not say how fast they follow each other; give --fps, for example --fps 25")
    return SequenceReader(paths, rate, max_pixels)
