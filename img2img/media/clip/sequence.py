"""This module reads a folder of images as a clip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from img2img.errors import ImageError, VideoError
from img2img.media.clip.frames import ClipInfo, Frame
from img2img.media.files import MAX_PIXELS, read_file
from img2img.media.image.decode import decode_image
from img2img.media.image.images import Pixels
from img2img.text import printable


def natural_order(paths: Iterable[Path]) -> list[Path]:
    """Sort paths by the numbers in them, so that `frame2` comes before `frame10`."""

    def key(path: Path) -> list[tuple[int, str]]:
        return [(int(word), "") if word.isdecimal() else (-1, word) for word in re.split(r"(\d+)", str(path))]

    return sorted(sorted(paths), key=key)


class SequenceReader:
    """Reads a sequence of images as a `Clip` that shows one image a tick.

    In place of an image that cannot be read, the image before it is shown, and `damage` says so.

    Args:
        paths: The images, in the order in which they are shown.
        rate: Images a second.
        max_pixels: Images with more pixels are refused.

    Raises:
        VideoError: None of the images can be read.
    """

    shift = Fraction(0)

    def __init__(self, paths: Sequence[Path], rate: Fraction, max_pixels: int = MAX_PIXELS) -> None:
        self._paths, self._max_pixels, self.damage = list(paths), max_pixels, ""
        self._first: tuple[Path, Pixels] = self._first_readable()
        pixels = self._first[1]
        self.info = ClipInfo(
            width=pixels.shape[1],
            height=pixels.shape[0],
            time_base=1 / rate,
            rate=rate,
            frames=len(self._paths),
            deep=pixels.dtype == np.uint16,
            notes=_gaps(self._paths),
        )

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def frames(self) -> Iterator[Frame]:
        """Yield a frame for each image; this works once.

        Raises:
            VideoError: An image has another size than the first.
        """
        reasons: list[str] = []
        frame = Frame(0, 1, partial(_same, self._first[1]))
        for tick, path in enumerate(self._paths):
            try:
                pixels = self._first[1] if path == self._first[0] else self._read(path)
            except ImageError as error:
                reasons.append(str(error))
                yield replace(frame, pts=tick)
                continue
            frame = Frame(tick, 1, partial(_same, pixels))
            yield frame
        if reasons:
            self.damage = (
                f"{len(reasons)} of {len(self._paths)} images cannot be read, and the picture before stands in their "
                f"place; the first: {reasons[0]}"
            )

    def _first_readable(self) -> tuple[Path, Pixels]:
        reason = ""
        for path in self._paths:
            try:
                return path, self._decode(path)
            except ImageError as error:
                reason = reason or str(error)
        raise VideoError(f"none of the {len(self._paths)} images can be read; the first: {reason}")

    def _read(self, path: Path) -> Pixels:
        pixels, (other, first) = self._decode(path), self._first
        if pixels.shape[:2] != first.shape[:2]:
            sizes = [f"{name} has {of.shape[1]}×{of.shape[0]}" for name, of in ((path, pixels), (other, first))]
            raise VideoError(f"{', '.join(sizes)}: the images of a video need one size; resize or remove some")
        if pixels.dtype == first.dtype:
            return pixels
        return (
            pixels.astype(np.uint16) * 257 if first.dtype == np.uint16 else ((pixels + 128.0) // 257).astype(np.uint8)
        )

    def _decode(self, path: Path) -> Pixels:
        pixels = decode_image(read_file(path), printable(path), self._max_pixels).pixels
        return pixels if pixels.shape[2] >= 3 else np.concatenate([pixels[..., [0, 0, 0]], pixels[..., 1:]], axis=2)


def _gaps(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return a note on the numbers that are missing among the names of the images; none if none is."""
    series: dict[tuple[Path, str, str], list[tuple[int, str]]] = {}
    for path in paths:
        if match := re.fullmatch(r"(.*?)(\d+)(\D*)", path.name, re.ASCII | re.DOTALL):
            series.setdefault((path.parent, match[1], match[3]), []).append((int(match[2]), match[2]))
    missing = [name for (_, before, after), numbers in series.items() for name in _missing(before, numbers, after)]
    if not missing:
        return ()
    names = printable(", ".join(missing[:3]) + (" …" if len(missing) > 3 else ""))
    return (f"{len(missing)} missing in the numbers of the images: {names}; what follows is shown without a pause",)


def _missing(before: str, numbers: list[tuple[int, str]], after: str) -> list[str]:
    """Return the names that are missing in a series; none where its numbers do not count, such as dates."""
    steps = {later - earlier for (earlier, _), (later, _) in pairwise(numbers)}
    step = min(steps, default=0)
    count = 0 if step < 1 else (numbers[-1][0] - numbers[0][0]) // step + 1 - len(numbers)
    if not 0 < count < len(numbers) or any(one % step for one in steps):
        return []
    there, digits = {number for number, _ in numbers}, len(numbers[0][1])
    every = range(numbers[0][0], numbers[-1][0], step)
    return [f"{before}{number:0{digits}}{after}" for number in every if number not in there]


def _same(pixels: Pixels) -> Pixels:
    return pixels
