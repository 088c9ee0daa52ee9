"""Opening clips that need no plugin: videos, animations, and images that follow each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from img2img.errors import UsageError
from img2img.media import formats
from img2img.media.clip.frames import Clip
from img2img.media.clip.sequence import SequenceReader
from img2img.media.files import MAX_PIXELS
from img2img.media.formats import Format, Moving


class OpenClip(Clip, Protocol):
    """A clip that was opened from some time on."""

    @property
    def shift(self) -> Fraction:
        """Seconds taken off all times, so that what begins at the start begins at 0."""


def is_animated(path: Path) -> bool:
    """Whether the first bytes of a file are those of an animation: a GIF, or a WebP that moves."""
    return _format(path) is not None


def open_clip(
    path: Path, start: Fraction | None = None, end: Fraction | None = None, max_pixels: int = MAX_PIXELS
) -> OpenClip:
    """Open a video or an animation, whichever its first bytes say that it is.

    Args:
        path: The file.
        start: Leave out what is shown before this, in seconds.
        end: Leave out what is shown from here on.
        max_pixels: Refuse larger frames.

    Raises:
        VideoError: It cannot be read, or its frames are too large.
    """
    form = _format(path)
    moving = form.moving if form and form.moving else Moving()
    reader: Callable[[Path, Fraction | None, Fraction | None, int], OpenClip] = formats.load(moving.read)
    return reader(path, start, end, max_pixels)


def open_images(paths: Sequence[Path], rate: Fraction | None, max_pixels: int) -> OpenClip:
    """Open images as a clip, one a tick.

    Raises:
        UsageError: It is not said how many there are in a second.
        VideoError: None of the images can be read.
    """
    if rate is None:
        raise UsageError("images alone do not say how fast they follow each other; give --fps, for example --fps 25")
    return SequenceReader(paths, rate, max_pixels)


def _format(path: Path) -> Format | None:
    try:
        with path.open("rb") as file:
            return formats.clip_format(file.read(formats.HEAD))
    except OSError:  # whoever reads the file says why
        return None
