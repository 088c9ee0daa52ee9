"""This module reads animations (GIF, WebP, AVIF) as clips, and writes clips as animations (GIF, WebP, APNG)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from io import BytesIO
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from img2img.errors import UsageError, VideoError
from img2img.media.clip.frames import ClipInfo, Frame
from img2img.media.files import MAX_PIXELS, read_file
from img2img.media.image.images import Encoded, Pixels

_MILLISECONDS = 1000
_DEFAULT_DURATION = 100
"""Milliseconds that a frame is shown where the file gives 0; browsers do the same."""


class _WebP(WebPImageFile):
    """Reads frames with alpha even where none has any: what a small frame does not cover is transparent."""

    def _open(self) -> None:
        super()._open()
        self.rawmode = self._mode = "RGBA"


_OPENERS: dict[bytes, Any] = {b"GIF8": GifImageFile, b"RIFF": _WebP}
"""First bytes of a file to the class that reads it; other files are AVIF."""


class AnimationReader:
    """Reads a GIF, WebP or AVIF file as a `Clip` whose ticks are milliseconds.

    Args:
        path: The file.
        start: Frames shown before this time, in seconds, are left out.
        end: Frames shown from this time on, in seconds, are left out.
        max_pixels: Frames with more pixels are refused.

    Raises:
        VideoError: The file is no such animation, its first frame cannot be decoded, or its frames are too large.
    """

    def __init__(
        self,
        path: Path,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.path, self.damage = path, ""
        self._from, self._to = (None if at is None else ceil(at * _MILLISECONDS) for at in (start, end))
        self.shift = Fraction(self._from or 0, _MILLISECONDS)
        """Seconds subtracted from all times, so that the part from `start` on begins at 0."""
        data = read_file(path)
        self._is_cut_off = _is_cut_off(data)
        try:
            self._image: Any = _OPENERS.get(data[:4], AvifImageFile)(BytesIO(data))
            size, frames = self._image.size, self._image.n_frames
            self._image.load()  # or a WebP does not say how long its first frame is shown
            duration = self._duration()
        except Exception as error:  # a damaged file provokes many kinds
            kind = "GIF or WebP" if data[:4] in _OPENERS else "AVIF"
            raise VideoError(
                f"{path}: this {kind} file is damaged ({error}); copy it again from where it came from"
            ) from error
        if size[0] * size[1] > max_pixels:
            raise VideoError(
                f"{path}: its {size[0]}×{size[1]} pixels are more than the allowed {max_pixels}; raise --max-pixels"
            )
        self.loops = self._loops()
        """How often the animation is shown; 0 means for ever."""
        rate = Fraction(_MILLISECONDS, duration)
        self.info = ClipInfo(size[0], size[1], time_base=Fraction(1, _MILLISECONDS), rate=rate, frames=frames)

    def close(self) -> None:
        """Close the file."""
        self._image.close()

    def __enter__(self) -> AnimationReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in the order of their times; this works once.

        Raises:
            VideoError: The first frame cannot be decoded.
        """
        at, begin = 0, self._from or 0
        for index in range(self.info.frames):
            if self._to is not None and at >= self._to:
                return
            try:
                self._image.seek(index)
                pixels = self._pixels()
            except Exception as error:  # a damaged frame provokes many kinds
                if not index:
                    raise VideoError(f"{self.path}: its first frame is damaged ({error})") from error
                self.damage = f"it is damaged: only {index} of its {self.info.frames} frames can be decoded"
                return
            duration = self._duration()
            if at >= begin:
                pixels = pixels[: self.info.height, : self.info.width]  # a GIF's frame may reach beyond its picture
                yield Frame(at - begin, duration, partial(_identity, pixels))
            at += duration
        if self._is_cut_off:
            self.damage = f"the file is cut off after {self.info.frames} frames"

    def _pixels(self) -> Pixels:
        """Return the frame that is shown now: with alpha, if a pixel of it is transparent."""
        if not self._image.has_transparency_data:
            return np.asarray(self._image.convert("RGB"))
        pixels = np.asarray(self._image.convert("RGBA"))
        return pixels if pixels[..., 3].min() < 255 else pixels[..., :3]

    def _loops(self) -> int:
        """Return how often the animation is shown: a GIF gives the repetitions, and is shown once if it gives none."""
        loop = self._image.info.get("loop")
        if isinstance(self._image, AvifImageFile):  # Pillow does not say
            return 0
        if isinstance(self._image, WebPImageFile) or not loop:
            return 1 if loop is None else int(loop)
        return int(loop) + 1

    def _duration(self) -> int:
        return int(self._image.info.get("duration", 0)) or _DEFAULT_DURATION


class AnimationWriter:
    """Makes a GIF, WebP or APNG file of frames; all frames stay in memory until the file is made.

    Args:
        suffix: `.gif`, `.webp` or `.apng`.
        time_base: Length of a tick, in seconds.
        loops: How often the animation is shown; 0 means for ever.
        quality: 1 to 100; it counts for WebP only.

    Raises:
        UsageError: The quality is out of range.
    """

    def __init__(self, suffix: str, time_base: Fraction, loops: int = 0, quality: int | None = None) -> None:
        if quality is not None and not 1 <= quality <= 100:
            raise UsageError(f"quality {quality} is out of range; give 1 to 100")
        self._form = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"}[suffix]
        self._is_gif = self._form == "GIF"
        self._tick = time_base * (100 if self._is_gif else _MILLISECONDS)
        self._loops, self._quality = loops, quality or 90
        self._images: list[Pillow.Image] = []
        self._begins: list[int] = []
        self._end = 0

    def add(self, pixels: Pixels, pts: int, duration: int) -> None:
        """Add a frame, which is stored with 8 bits a channel.

        Args:
            pixels: (H, W, 1, 3 or 4) of uint8 or uint16.
            pts: When the frame is shown, in ticks.
            duration: How long the frame is shown, in ticks.
        """
        if pixels.dtype == np.uint16:
            pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
        image = Pillow.fromarray(pixels if pixels.shape[2] > 1 else np.repeat(pixels, 3, axis=2))
        if self._is_gif and image.mode == "RGB":  # a byte a pixel; Pillow itself would do it at the end, undithered
            palette = image.quantize(256, Pillow.Quantize.FASTOCTREE)
            image = image.quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG)
        self._images.append(image)
        self._begins.append(pts)
        self._end = pts + duration

    def encode(self) -> Encoded:
        """Return the bytes of the file that holds all frames.

        Raises:
            VideoError: Pillow cannot write these frames.
        """
        begins = [round((pts - self._begins[0]) * self._tick) for pts in (*self._begins, self._end)]
        shown = [(image, end - begin) for image, (begin, end) in zip(self._images, pairwise(begins), strict=True)]
        kept = [one for one in shown if one[1] > 0] or [(self._images[0], 1)]
        images = [image for image, _ in kept]
        file = BytesIO()
        transparent = any(image.has_transparency_data for image in images)
        images = [image.convert("RGBA") for image in images] if transparent else images
        try:
            images[0].save(
                file,
                self._form,
                save_all=True,
                append_images=images[1:],
                duration=[ticks * (10 if self._is_gif else 1) for _, ticks in kept],
                **self._options(transparent=transparent),
            )
        except (OSError, ValueError, RuntimeError, OverflowError, struct.error) as error:
            raise VideoError(
                f"these frames cannot be written as an animation: {error}; write a video instead"
            ) from error
        notes: tuple[str, ...] = ("each frame reduced to 256 colours, the most that GIF holds",) if self._is_gif else ()
        if self._is_gif and min(ticks for _, ticks in kept) < 2:
            notes += ("more than 50 frames a second, which players of GIF slow down; see --fps",)
        if left_out := len(self._images) - len(images):
            notes += (f"{left_out} frames left out, which the format cannot show for so short a time; see --fps",)
        return Encoded(file.getvalue(), notes)

    def _options(self, *, transparent: bool) -> dict[str, int]:
        """Return Pillow's options of the format."""
        if self._form == "WEBP":
            return {"quality": self._quality, "method": 3, "loop": self._loops}
        if self._form == "PNG":
            return {"loop": self._loops, "disposal": 0, "blend": 0}  # each frame replaces what it covers, alpha too
        options = {"disposal": 2 if transparent else 0}
        return options if self._loops == 1 else options | {"loop": max(0, self._loops - 1)}


def _identity(pixels: Pixels) -> Pixels:
    return pixels


def _is_cut_off(data: bytes) -> bool:
    """Return whether the end of the file is missing: a GIF lacks its trailer, or a RIFF file its declared length."""
    if data.startswith(b"GIF8"):
        return not _has_trailer(data)
    if not data.startswith(b"RIFF"):
        return False
    return int.from_bytes(data[4:8], "little") + 8 > len(data)


def _has_trailer(data: bytes) -> bool:
    """Return whether the blocks of a GIF follow each other up to the trailer, whatever stands behind it."""

    def colours(at: int) -> int:
        return 3 * (2 << (data[at] & 7)) if data[at] & 0x80 else 0

    try:
        at = 13 + colours(10)
        while data[at] in (0x21, 0x2C):  # an extension or a picture
            at += 2 if data[at] == 0x21 else 11 + colours(at + 9)
            while data[at]:
                at += data[at] + 1
            at += 1
        return data[at] == 0x3B
    except IndexError:
        return False
