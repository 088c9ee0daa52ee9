"""This module opens the clips that need no plugin: videos, animations, and sequences of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from img2img.errors import UsageError
from img2img.media import formats
from img2img.media.clip.frames import Clip
from img2img.media.clip.sequence import SequenceReader
from img2img.media.files import MAX_PIXELS, head_of
from img2img.media.formats import Moving


def is_animated(path: Path) -> bool:
    """Return whether the first bytes of a file are those of an animation: a GIF, or many frames of another format."""
    return formats.clip_format(head_of(path, formats.HEAD)) is not None


def is_text(path: Path) -> bool:
    """Return whether the first bytes of a file are a text, and no video."""
    head = head_of(path, formats.HEAD)
    return bool(head) and b"\0" not in head


def open_clip(
    path: Path, start: Fraction | None = None, end: Fraction | None = None, max_pixels: int = MAX_PIXELS
) -> Clip:
    """Open a video or an animation; the first bytes of the file decide which of the two it is.

    The clip's `info` has the size, the rate, and in `tracks` the sound and subtitles of a video, which the target gets
    where a plugin's source returns the clip. Its `frames()` come once, in order: `frame.picture()` decodes one,
    (H, W, 1 ... 4) of uint8, or uint16 if `info.deep`; `frame.pts` and `frame.duration` count ticks of
    `info.time_base` seconds. Close it in the end.

    Args:
        path: The file.
        start: Frames shown before this time, in seconds, are left out; the first one left is shown at 0.
        end: Frames shown from this time on, in seconds, are left out.
        max_pixels: Frames with more pixels are refused.

    Raises:
        VideoError: The file cannot be read, or its frames are too large.
    """
    form = formats.clip_format(head_of(path, formats.HEAD))
    moving = form.moving if form and form.moving else Moving()
    reader: Callable[[Path, Fraction | None, Fraction | None, int], Clip] = formats.load(moving.read)
    return reader(path, start, end, max_pixels)


def open_images(paths: Sequence[Path], rate: Fraction | None, max_pixels: int) -> Clip:
    """Open images as a clip that shows one image a tick.

    Raises:
        UsageError: `rate` is missing.
        VideoError: None of the images can be read.
    """
    if rate is None:
        raise UsageError("images alone do not say how fast they follow each other; give --fps, for example --fps 25")
    return SequenceReader(paths, rate, max_pixels)
