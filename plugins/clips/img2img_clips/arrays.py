"""This module reads and writes stacks of images in `.npy` files, frame by frame, so that they may exceed the memory."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import img2img

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_SIDE = 1 << 16


class ArraySource(img2img.ClipSource):
    """Reads (N, H, W) or (N, H, W, 1, 3 or 4) of uint8 or uint16; alpha is left out. An array has no times."""

    name = "npy"
    summary = "stacks of images in NumPy files, (N, H, W[, C]) of uint8 or uint16"
    needs_fps = True

    def open(self, address: str, fps: Fraction | None) -> img2img.Clip:
        import numpy as np

        if fps is None:
            raise img2img.UsageError(
                f"{address}: an array does not hold the times of its frames; give --fps, such as --fps 25"
            )
        try:
            stack = np.load(address, mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise img2img.VideoError(f"{address}: this cannot be read: {error.strerror or error}") from error
        except (ValueError, EOFError) as error:  # NumPy's own message advises to unpickle the file
            raise img2img.VideoError(
                f"{address}: this cannot be read as an array: it is cut off, holds objects, or is no NumPy file; save "
                "it again with numpy.save"
            ) from error
        _check(stack, address)
        return ArrayClip(stack if stack.ndim == 4 else stack[..., None], fps)


class ArrayClip:
    """Reads an array, (N, H, W, 1, 3 or 4), as a `Clip` with one frame a tick."""

    damage = ""

    def __init__(self, stack: NDArray[Any], fps: Fraction) -> None:
        count, height, width, _ = stack.shape
        self._stack = stack
        self.info = img2img.ClipInfo(width, height, 1 / fps, fps, frames=count, deep=stack.dtype.itemsize == 2)

    def frames(self) -> Iterator[img2img.Frame]:
        """Yield a frame for each image of the stack."""
        for index in range(len(self._stack)):
            yield img2img.Frame(index, 1, partial(self._picture, index))

    def close(self) -> None:
        """Do nothing: the file is closed with the last reference to the array."""

    def _picture(self, index: int) -> NDArray[Any]:
        import numpy as np

        image = np.asarray(self._stack[index])
        image = image.astype(image.dtype.newbyteorder("="))  # this also copies, so that nothing refers to the file
        return image.repeat(3, axis=2) if image.shape[2] == 1 else image[..., :3]


class ArrayTarget(img2img.ClipTarget):
    """Writes (N, H, W, 3) of uint8, or of uint16 where the source has more than 8 bits; times are not kept."""

    name = "npy"
    summary = "stacks of images in NumPy files, (N, H, W, 3) of uint8 or uint16"

    def create(self, path: Path, info: img2img.ClipInfo) -> ArrayWriter:
        return ArrayWriter(path)


class ArrayWriter:
    """Writes frames behind a header with their number, which is overwritten at the end."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb")
        self._layout: tuple[tuple[int, ...], np.dtype[Any]] | None = None
        self._count = 0

    def add(self, pixels: NDArray[Any], frame: img2img.Frame) -> None:
        pixels = pixels[..., :3] if pixels.shape[2] >= 3 else pixels.repeat(3, axis=2)
        if self._layout is None:
            self._layout = (pixels.shape, pixels.dtype)
            self._file.write(self._header())
        self._file.write(pixels.tobytes())
        self._count += 1

    def finish(self) -> None:
        self._file.seek(0)
        self._file.write(self._header())
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _header(self) -> bytes:
        """Return the header of the file; its length does not depend on the number of frames."""
        from io import BytesIO

        from numpy.lib import format

        assert self._layout is not None
        (height, width, channels), dtype = self._layout
        header = BytesIO()
        about = {"descr": format.dtype_to_descr(dtype), "fortran_order": False}
        format.write_array_header_1_0(header, about | {"shape": (self._count, height, width, channels)})
        return header.getvalue()


def _check(stack: NDArray[Any], address: str) -> None:
    channels = stack.shape[3:] or (1,)
    fits = stack.dtype.kind == "u" and stack.dtype.itemsize in (1, 2) and stack.ndim in (3, 4)
    if stack.ndim == 3 and stack.shape[2] <= 4:
        raise img2img.VideoError(f"{address}: {stack.shape} looks like one image; a stack is (N, H, W, 3) or (N, H, W)")
    if not (fits and channels[0] in (1, 3, 4) and stack.size and max(stack.shape[1:3]) <= LARGEST_SIDE):
        raise img2img.VideoError(
            f"{address}: {stack.dtype} of shape {stack.shape} is no stack of images; it must be (N, H, W) or "
            "(N, H, W, 1, 3 or 4) of uint8 or uint16"
        )
