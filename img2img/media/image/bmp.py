"""This module reads BMP files of all ages: those of OS/2, those of Windows, and those with masks or run lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

import numpy as np

from img2img.errors import ImageError
from img2img.media.formats import Still
from img2img.media.image.images import DAMAGED, Pixels
from img2img.media.image.probe import Header
from img2img.media.opencv import cv2

_CORE, _SHORT, _MASKS_BEHIND = 12, 16, 40  # sizes of the header behind the 14 bytes of the file's own
_WITH_MASKS, _WITH_ALPHA = (52, 56, 108, 124), (56, 108, 124)
_MASKS_AT = 54
_PLAIN, _RUNS_8, _RUNS_4, _MASKED, _RUNS_24, _MASKED_WITH_ALPHA = 0, 1, 2, 3, 4, 6
_MASKS = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_DEPTHS = (1, 2, 4, 8, 16, 24, 32)
_BLUE_TO_RED = [2, 1, 0]


@dataclass(frozen=True)
class _Layout:
    """What the header says.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        is_top_first: Whether the first row in the file is the top one.
        depth: Bits of a pixel.
        compression: Kind of compression, by the numbers of Windows; `_RUNS_24` is OS/2's.
        masks: Bits of red, green, blue and alpha in a pixel of 16 or 32 bits.
        palette: (N, 3) in RGB order; None where the pixels hold their colours.
        pixels_at: Position of the pixels in the file.
    """

    width: int
    height: int
    is_top_first: bool
    depth: int
    compression: int
    masks: tuple[int, ...]
    palette: Pixels | None
    pixels_at: int


def probe_bmp(still: Still, data: bytes) -> Header:
    """Read the header of a BMP file."""
    layout = _layout(data)
    return Header(still, layout.width, layout.height)


def decode_bmp(data: bytes, header: Header) -> tuple[Pixels, Header, tuple[str, ...]]:
    """Decode a BMP file; a palette of greys gives one channel, and only a mask for alpha gives alpha.

    An alpha of 0 everywhere is left out, since some programs leave these bits empty in opaque pictures.

    Raises:
        ImageError: Pixels are missing.
    """
    layout = _layout(data)
    if layout.compression in (_RUNS_8, _RUNS_4, _RUNS_24):
        stored = _unpacked_runs(data, layout)
    else:
        stored = _unpacked_rows(data, layout)
    if layout.palette is not None:
        grey = (layout.palette == layout.palette[:, :1]).all()
        colours = np.zeros((256, 3), np.uint8)
        colours[: len(layout.palette)] = layout.palette
        pixels = colours[:, :1][stored] if grey else colours[stored]
    elif layout.depth == 24:
        pixels = cv2.cvtColor(np.ascontiguousarray(stored), cv2.COLOR_BGR2RGB)
    else:
        masks = layout.masks if (stored & stored.dtype.type(layout.masks[3])).any() else layout.masks[:3]
        pixels = np.dstack([_masked(stored, mask) for mask in masks])
    return pixels if layout.is_top_first else cv2.flip(pixels, 0), header, ()


def _layout(data: bytes) -> _Layout:
    pixels_at, size = unpack_from("<II", data, 10)
    is_windows = size == _MASKS_BEHIND or size in _WITH_MASKS
    if size != _CORE and not is_windows and not _SHORT <= size <= 64:
        raise ValueError(f"no such header has {size} bytes")
    width, height, _, depth = unpack_from("<HHHH" if size == _CORE else "<iiHH", data, 18)
    compression = unpack_from("<I", data, 30)[0] if size >= 20 else _PLAIN
    used = unpack_from("<I", data, 46)[0] if size >= 36 else 0
    _refuse_unread(depth, compression, is_windows)
    begin = 14 + size
    masks: tuple[int, ...] = _MASKS.get(depth, ())
    if compression in (_MASKED, _MASKED_WITH_ALPHA):
        has_alpha = size in _WITH_ALPHA or compression == _MASKED_WITH_ALPHA
        masks = (*unpack_from("<4I" if has_alpha else "<3I", data, _MASKS_AT), 0)[:4]
        begin += 0 if size in _WITH_MASKS else 16 if has_alpha else 12
    palette = None
    if depth <= 8:
        palette = _palette(data, begin, min(used or 256, 1 << depth), 3 if size == _CORE else 4, pixels_at)
        begin += palette.size
    pixels_at = pixels_at if pixels_at >= begin else begin
    return _Layout(width, abs(height), height < 0, depth, compression, masks, palette, pixels_at)


def _refuse_unread(depth: int, compression: int, is_windows: bool) -> None:
    if depth not in _DEPTHS and compression == _PLAIN:
        raise ValueError(f"its pixels have {depth} bits")
    read = {
        _PLAIN: _DEPTHS,
        _RUNS_8: (8,),
        _RUNS_4: (4,),
        _MASKED: (16, 32) if is_windows else (),
        _RUNS_24: () if is_windows else (24,),
        _MASKED_WITH_ALPHA: (16, 32),
    }
    if depth not in read.get(compression, ()):
        raise ImageError(f"this kind of BMP file is not read (compression {compression}, {depth} bits); save it as PNG")


def _palette(data: bytes, begin: int, count: int, size: int, pixels_at: int) -> Pixels:
    if begin < pixels_at:
        count = min(count, (pixels_at - begin) // size)
    entries = np.frombuffer(data, np.uint8, count * size, begin).reshape(count, size)
    return entries[:, _BLUE_TO_RED]


def _unpacked_rows(data: bytes, layout: _Layout) -> Pixels:
    """Return the pixels (H, W), or (H, W, 3) of 24 bits; each row in the file is filled up to whole words."""
    used = (layout.width * layout.depth + 7) // 8
    stride = (used + 3) // 4 * 4
    stored = data[layout.pixels_at : layout.pixels_at + layout.height * stride]
    if len(stored) < (layout.height - 1) * stride + used:
        raise ImageError(DAMAGED)
    stored = stored.ljust(layout.height * stride, b"\0")
    rows = np.frombuffer(stored, np.uint8).reshape(layout.height, stride)[:, :used]
    if layout.depth == 24:
        return rows.reshape(layout.height, layout.width, 3)
    if layout.depth > 8:
        return np.ascontiguousarray(rows).view(f"<u{layout.depth // 8}")
    return _split(rows, layout.depth)[:, : layout.width]


def _split(packed: Pixels, depth: int) -> Pixels:
    """Split bytes into the numbers of 1, 2, 4 or 8 bits that they are made of."""
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    return (packed[..., None] >> shifts & (1 << depth) - 1).reshape(*packed.shape[:-1], -1)


def _masked(stored: Pixels, mask: int) -> Pixels:
    """Return the channel under a mask, stretched over the range of 8 bits."""
    if not mask:
        return np.zeros(stored.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    channel = (stored & stored.dtype.type(mask & np.iinfo(stored.dtype).max)) >> shift
    if most == 255:
        return channel.astype(np.uint8)
    while most > 65535:
        channel, most = channel >> 1, most >> 1
    levels = np.arange(most + 1, dtype=np.uint32)
    return ((levels * 255 + most // 2) // most).astype(np.uint8)[channel]


def _unpacked_runs(data: bytes, layout: _Layout) -> Pixels:
    """Return the pixels of a file of run lengths; those that it passes over are 0."""
    channels = (3,) if layout.depth == 24 else ()
    rows = np.zeros((layout.height, layout.width, *channels), np.uint8)
    written = 0
    for x, y, run in _runs(data, layout):
        if y < layout.height:
            fitting = run[: max(0, layout.width - x)]
            rows[y, x : x + len(fitting)] = fitting
            written += len(fitting)
        if written == layout.width * layout.height:
            break  # some writers leave out the mark of the end
    return rows


def _runs(data: bytes, layout: _Layout) -> Iterator[tuple[int, int, Pixels]]:
    """Yield column, row and pixels of each run, until the mark of the end.

    Raises:
        ImageError: The file ends before the mark.
    """
    depth, at, x, y = layout.depth, layout.pixels_at, 0, 0
    while at + 2 <= len(data):
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            size = 3 if depth == 24 else 1
            unit = _pixels(data[at - 1 : at - 1 + size], depth)
            at += size - 1
            run = np.resize(unit, (count, *unit.shape[1:]))
        elif value > 2:
            size = (value * depth + 7) // 8
            run = _pixels(data[at : at + size], depth)[:value]
            at += size + size % 2
        else:
            if value == 1:
                return
            x, y = (0, y + 1) if value == 0 else (x + data[at], y + data[at + 1])
            at += value
            continue
        yield x, y, run
        x += len(run)
    raise ImageError(DAMAGED)


def _pixels(stored: bytes, depth: int) -> Pixels:
    packed = np.frombuffer(stored, np.uint8)
    return packed.reshape(-1, 3) if depth == 24 else _split(packed, depth)
