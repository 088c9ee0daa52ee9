"""GIF and WebP animations in the making.

Both classes have `rate`, the ticks a second of their durations; `shortest`, the least number of ticks that is shown as
it is; `longest_side`, in pixels; and `notes`, what the file could not hold, once it is encoded. `add` takes a frame,
(H, W, 3 or 4) of uint8, and the different one before it; `encode` takes a duration for each.
"""

from __future__ import annotations

import struct
import tempfile
import weakref
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import WebPImagePlugin  # noqa: F401 - what `save` needs to know of WebP
from PIL.GifImagePlugin import getdata

from img2img.errors import VideoError
from img2img.media.alpha import fill_transparent
from img2img.media.files import unwritable
from img2img.media.images import Pixels

_KEEP, _CLEAR = 1, 2
_MANY_COLOURS = "each frame reduced to 256 colours, the most that GIF holds"
_PARTLY = "what is half transparent or more became invisible, the rest opaque, since GIF knows nothing between"
_STILL = "all frames show one picture, so it is a still image, without a duration"
_MOST_LOOPS = 0xFFFF
_IN_MEMORY = 1 << 28
"""Bytes of frames that wait in memory before they go to the disk."""


class Gif:
    """Frames with colour tables of their own, as 89a has it.

    The colours are those of an octree, dithered by Floyd and Steinberg's error diffusion: of Pillow's methods the one
    nearest to the original when seen from afar, and the fastest.
    """

    rate, shortest, longest_side = 100, 2, 0xFFFF  # browsers show 0 and 1 as 10
    _longest = 0xFFFF

    def __init__(self, loops: int) -> None:
        self._loops = loops
        self._size = 0, 0
        self._frames: list[tuple[int, int | None, bytes]] = []
        self._many_colours = self._partly = False

    @property
    def notes(self) -> tuple[str, ...]:
        return (_MANY_COLOURS,) * self._many_colours + (_PARTLY,) * self._partly

    def add(self, pixels: Pixels, before: Pixels | None) -> None:
        self._size = pixels.shape[1], pixels.shape[0]
        if pixels.shape[2] == 4:
            self._partly |= bool(((pixels[..., 3] > 0) & (pixels[..., 3] < 255)).any())
            hidden = pixels[..., 3] < 128
            cut = np.dstack([pixels[..., :3], np.where(hidden, 0, 255).astype(np.uint8)])
            self._draw(fill_transparent(cut)[..., :3], hidden, (0, 0), _CLEAR)
        elif before is None:
            self._draw(pixels, np.zeros(pixels.shape[:2], bool), (0, 0), _KEEP)
        else:
            same = (pixels == before).all(axis=2)
            rows, columns = (np.flatnonzero(~same.all(axis=axis)) for axis in (1, 0))
            box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            self._draw(pixels[box], same[box], (int(columns[0]), int(rows[0])), _KEEP)

    def encode(self, durations: Sequence[int]) -> bytes:
        pieces = [struct.pack("<6sHHBxx", b"GIF89a", *self._size, 0)]
        if self._loops != 1:
            again = min(max(self._loops - 1, 0), _MOST_LOOPS)
            pieces.append(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<Hx", again))
        for (disposal, transparent, image), duration in zip(self._frames, durations, strict=True):
            flags = disposal << 2 | (transparent is not None)
            times = -(-duration // self._longest)  # the same again does not change the picture
            for k in range(times):
                part = duration * (k + 1) // times - duration * k // times
                pieces.append(b"!\xf9\x04" + struct.pack("<BHBx", flags, part, transparent or 0) + image)
        return b"".join([*pieces, b";"])

    def _draw(self, rgb: Pixels, hidden: NDArray[np.bool_], corner: tuple[int, int], disposal: int) -> None:
        """Add what becomes visible, but for what is hidden, at a corner."""
        numbers, palette = self._quantised(np.ascontiguousarray(rgb), 255 if hidden.any() else 256)
        transparent = None
        if hidden.any():
            transparent = len(palette) // 3
            numbers, palette = np.where(hidden, np.uint8(transparent), numbers), palette + bytes(3)
        image = Pillow.frombytes("P", (rgb.shape[1], rgb.shape[0]), numbers.tobytes())
        image.putpalette(palette)
        self._frames.append((disposal, transparent, b"".join(getdata(image, corner, include_color_table=True))))

    def _quantised(self, rgb: Pixels, most: int) -> tuple[NDArray[np.uint8], bytes]:
        """Numbers of colours, (H, W), and the colours."""
        image = Pillow.fromarray(rgb)
        if image.getcolors(most) is not None:
            red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
            packed, numbers = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
            colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)
            return numbers.reshape(rgb.shape[:2]).astype(np.uint8), colours.tobytes()
        self._many_colours = True
        octree = image.quantize(most, Pillow.Quantize.FASTOCTREE)
        dithered = image.quantize(palette=octree, dither=Pillow.Dither.FLOYDSTEINBERG)
        return np.asarray(dithered), bytes(octree.getpalette() or ())[: 3 * most]


class WebP:
    """Frames that wait, at first in memory and then on the disk, until libwebp compresses them one after the other."""

    rate, shortest, longest_side = 1000, 1, 16_383

    def __init__(self, loops: int, quality: int) -> None:
        self._loops, self._quality = loops, quality
        self._shape: tuple[int, ...] = ()
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives as long as this
        weakref.finalize(self, self._file.close)
        self.notes: tuple[str, ...] = ()

    def add(self, pixels: Pixels, before: Pixels | None) -> None:
        self._shape = pixels.shape
        try:
            self._file.write(pixels.tobytes())
        except OSError as error:
            raise unwritable(Path(tempfile.gettempdir()), error) from error

    def encode(self, durations: Sequence[int]) -> bytes:
        height, width, channels = self._shape
        mode, stride = "RGB" if channels == 3 else "RGBA", height * width * channels
        film = Pillow.new(mode, (width, height))

        def seek(frame: int) -> None:
            self._file.seek(frame * stride)
            film.paste(Pillow.frombytes(mode, film.size, self._file.read(stride)))

        # So Pillow takes it for a file of many frames and holds one at a time, where it would hold a list of them all.
        vars(film).update(seek=seek, n_frames=len(durations))
        seek(0)
        options = {"quality": self._quality, "lossless": self._quality == 100, "loop": min(self._loops, _MOST_LOOPS)}
        encoded = BytesIO()
        try:
            film.save(encoded, "WEBP", save_all=True, duration=list(durations), method=4, **options)
        except (OSError, RuntimeError, ValueError) as error:
            raise VideoError(f"libwebp cannot encode these frames ({error}); choose .gif or .mp4") from error
        data = encoded.getvalue()
        if data[12:16] != b"VP8X" or not data[20] & 2:
            self.notes = (_STILL,)
        return data
