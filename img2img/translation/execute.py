"""Running a translator on integer images: tiles, batches, precision, and what to do when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from img2img.errors import Img2ImgError, TranslationError
from img2img.families import Translator
from img2img.nn.sizes import translate_any_size
from img2img.translation.tiles import SMALLEST_TILE, Window, tile_side, windows

if TYPE_CHECKING:
    from img2img.media import Pixels

log = logging.getLogger(__name__)

Tile = tuple[int, Window, Window]
"""Index of the image, rows, columns."""


class Executor:
    """Runs a translator on batches of integer images; may be called from several threads.

    Args:
        translator: Its generator is on `device`.
        device: Where it runs.
        precision: What the network computes in; 16-bit images are always computed in float32.
        tile: Side of the tiles in input pixels; 0 chooses, None switches tiling off.
        workers: How many tiles or batches run at once.
    """

    def __init__(
        self,
        translator: Translator,
        device: torch.device,
        precision: torch.dtype,
        tile: int | None = 0,
        workers: int = 1,
    ) -> None:
        self.translator, self.device, self.precision, self.tile = translator, device, precision, tile
        on_cpu = device.type == "cpu"
        self.window_limit = 2_500_000 if on_cpu else 16_000_000
        """Output pixels of the largest tile; less after memory has run out."""
        self.batch_limit = 250_000 if on_cpu else 32_000_000
        """Output pixels of the images and tiles that go through the network together; on a CPU few fit the caches."""
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="network")

    def batch_size(self, height: int, width: int) -> int:
        """How many images of a size are worth giving to one `run`."""
        return max(1, self.batch_limit // max(1, self._output_pixels(height, width)))

    def run(self, pixels: Pixels, conditions: Mapping[str, Tensor] | None = None) -> Pixels:
        """Translate (N, H, W, channels_in) to (N, scale H, scale W, channels_out) of the same integer type.

        Args:
            pixels: uint8 or uint16.
            conditions: One tensor of N rows each.

        Raises:
            TranslationError: The network failed, returned what is no image, or does not fit the memory.
        """
        while True:
            side = self._side(*pixels.shape[1:3])
            try:
                return self._run(pixels, conditions or {}, side)
            except Img2ImgError:
                raise
            except Exception as error:  # a plugin's network may raise anything
                if not _is_out_of_memory(error):
                    raise TranslationError(f"the network failed: {type(error).__name__}: {error}") from error
                self._shrink(pixels, side, error)

    def close(self) -> None:
        """Stop the workers; tiles that have not begun are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, pixels: Pixels, conditions: Mapping[str, Tensor], side: int | None) -> Pixels:
        count, height, width, _ = pixels.shape
        scale, channels = self.translator.scale, self.translator.channels_out
        result = np.empty((count, int(height * scale), int(width * scale), channels), pixels.dtype)

        def translate(tiles: Sequence[Tile]) -> None:
            parts = np.stack([pixels[n, r.seen_from : r.seen_to, c.seen_from : c.seen_to] for n, r, c in tiles])
            rows = {name: value[[n for n, _, _ in tiles]] for name, value in conditions.items()}
            for (n, r, c), done in zip(tiles, self._translate(parts, rows), strict=True):
                target = (
                    slice(int(r.start * scale), int(r.stop * scale)),
                    slice(int(c.start * scale), int(c.stop * scale)),
                )
                y, x = int((r.start - r.seen_from) * scale), int((c.start - c.seen_from) * scale)
                kept = result[n][target]
                kept[:] = done[y : y + kept.shape[0], x : x + kept.shape[1]]

        tiles = [(n, *window) for window in windows(height, width, side, self.translator) for n in range(count)]
        for _ in self._pool.map(translate, self._batches(tiles)):
            pass
        return result

    def _batches(self, tiles: Sequence[Tile]) -> Iterator[Sequence[Tile]]:
        """Put tiles of equal size together, as many as `batch_limit` allows."""

        def shape(tile: Tile) -> tuple[int, int]:
            return tile[1].seen_to - tile[1].seen_from, tile[2].seen_to - tile[2].seen_from

        for (height, width), group in groupby(sorted(tiles, key=shape), key=shape):
            alike, size = list(group), self.batch_size(height, width)
            for first in range(0, len(alike), size):
                yield alike[first : first + size]

    @torch.inference_mode()
    def _translate(self, pixels: Pixels, conditions: Mapping[str, Tensor]) -> Pixels:
        """Send one batch through the network, and once more in float32 if something that is no number came out."""
        images = self._to_device(pixels)
        rows = {name: value.to(self.device) for name, value in conditions.items()}
        precision = torch.float32 if pixels.dtype == np.uint16 else self.precision
        result = self._call(images, rows, precision)
        if not bool(torch.isfinite(result).all()) and precision != torch.float32:
            log.warning("the network returned NaN or infinity in %s; once more in float32", precision)
            result = self._call(images, rows, torch.float32)
        if not bool(torch.isfinite(result).all()):
            raise TranslationError("the network returned NaN or infinity")
        return _to_integers(result, pixels.dtype)

    def _call(self, images: Tensor, conditions: Mapping[str, Tensor], precision: torch.dtype) -> Tensor:
        with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
            result = translate_any_size(self.translator, images, **conditions)
        scale: int | Fraction = self.translator.scale
        expected = (
            len(images),
            self.translator.channels_out,
            int(images.shape[2] * scale),
            int(images.shape[3] * scale),
        )
        if tuple(result.shape) != expected:
            raise TranslationError(f"the network returned {tuple(result.shape)} where its scale promises {expected}")
        return result

    def _to_device(self, pixels: Pixels) -> Tensor:
        integers = torch.from_numpy(pixels if pixels.dtype == np.uint8 else pixels.astype(np.int32))
        images = integers.to(self.device).permute(0, 3, 1, 2).float().div_(float(np.iinfo(pixels.dtype).max))
        return images.contiguous(memory_format=torch.channels_last)

    def _side(self, height: int, width: int) -> int | None:
        if self.tile is None or self.translator.tiling != "exact":
            return None
        chosen = tile_side(height, width, self.window_limit, self.translator)
        return min(self.tile, chosen or self.tile) if self.tile else chosen

    def _output_pixels(self, height: int, width: int) -> int:
        return int(height * width * self.translator.scale * self.translator.scale)

    def _shrink(self, pixels: Pixels, side: int | None, error: Exception) -> None:
        """Ask for less memory next time: half the batch, then smaller tiles."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        _, height, width, _ = pixels.shape
        reach = min(max(height, width), (side or max(height, width)) + 2 * self.translator.halo)
        largest = self._output_pixels(min(height, reach), min(width, reach))
        if len(pixels) * self._output_pixels(height, width) > largest and self.batch_limit >= 2 * largest:
            self.batch_limit //= 2
            log.warning("out of memory; batches of half the size from here on")
        elif self.tile is not None and self.translator.tiling == "exact" and (side is None or side > SMALLEST_TILE):
            self.window_limit = min(self.window_limit, largest) // 2
            log.warning("out of memory; smaller tiles from here on")
        else:
            raise TranslationError(
                f"{width}×{height} does not fit the memory of {self.device}, and can be cut no smaller; "
                f"try --device cpu or a smaller image ({error})"
            ) from error


def _to_integers(images: Tensor, dtype: np.dtype[Any]) -> Pixels:
    scaled = images.float().clamp(0, 1).mul(float(np.iinfo(dtype).max)).round().permute(0, 2, 3, 1)
    if dtype == np.uint8:
        return scaled.to(torch.uint8).cpu().numpy()  # waits for the device
    return scaled.to(torch.int32).cpu().numpy().astype(np.uint16)


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)
