"""A translator is run on integer images: in tiles and batches, with less of both when memory runs out."""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
import torch
from torch import Tensor

from img2img.contract.families import Translator
from img2img.errors import Img2ImgError, TranslationError, UsageError, is_ctrl_c
from img2img.inference.condition_batches import cut, fit_maps, moved
from img2img.inference.device import Device
from img2img.inference.integers import to_integers, to_unit_range
from img2img.inference.limits import Limit, Limits, is_out_of_memory
from img2img.inference.memory import Memory, Recall
from img2img.inference.tiles import SMALLEST_TILE, Tile, batches, tile_side, windows
from img2img.nn.sizes import pad_maps, pad_to_size
from img2img.text import error_text

if TYPE_CHECKING:
    from img2img.media import Pixels

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

SMALLEST_CHOICE = 16
"""Side in input pixels of the smallest tiles that a user may ask for."""


class Executor:
    """Runs a translator on batches of integer images; may be called from several threads.

    Args:
        translator: Its generator is on `device`.
        device: The device and the precision in which it runs; 16-bit images are always computed in float32.
        tile: Side of the tiles in input pixels; 0 chooses, None switches tiling off.
        workers: How many tiles or batches run at once.
        batch_size: Images or tiles that go through the network together, less once memory has run out; 0 chooses.
        recall: What keeps the memories of a translator that remembers apart; a new one by default.

    Raises:
        UsageError: The tiles or the batches are too small, or the network does not support the precision.
    """

    def __init__(
        self,
        translator: Translator,
        device: Device,
        tile: int | None = 0,
        workers: int = 1,
        batch_size: int = 0,
        recall: Recall | None = None,
    ) -> None:
        if tile and tile < SMALLEST_CHOICE:
            raise UsageError(f"tiles of {tile} pixels are too small; give {SMALLEST_CHOICE} or more, or 0 to choose")
        if batch_size < 0:
            raise UsageError(f"{batch_size} images are no batch; give 1 or more, or 0 to choose")
        device.check_precision(translator.traits)
        self.translator, self.traits = translator, translator.traits
        self.device, self.tile = device, tile
        self.asked_batch_size = batch_size
        tile_limit, batch_limit = (2_500_000, 250_000) if device.is_cpu else (16_000_000, 32_000_000)
        self.limits = Limits(tile_limit, sys.maxsize if batch_size else batch_limit)  # a CPU's caches hold few images
        self.workers = workers = 1 if self.traits.remembers else workers
        self.recall = recall or Recall(translator)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="network")
        self._closed = False

    def batch_size(self, height: int, width: int) -> int:
        """Return how many images or tiles of a size go through the network together."""
        if self.traits.remembers:
            return 1
        fitting = max(1, self.limits.now.batch // max(1, self._output_pixels(height, width)))
        return min(self.asked_batch_size or fitting, fitting)

    def submit(self, task: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """Call a task, which may itself call `run`, in one of the threads around the network."""
        return self._pool.submit(task, *arguments, **named)

    def run(
        self, pixels: Pixels, conditions: Mapping[str, Tensor] | None = None, memory: Memory | None = None
    ) -> Pixels:
        """Translate (N, H, W, T * channels_in) to (N, scale H, scale W, frames_out * channels_out) of the same type.

        Args:
            pixels: uint8 or uint16; the T frames of a window lie along the last axis.
            conditions: One tensor of N rows each; maps may have another size than the images.
            memory: What the translator remembers of the clip so far, where it remembers; N is then 1. Without it, the
                translator begins anew.

        Raises:
            TranslationError: The network failed, returned what is no image, or does not fit the memory.
            CancelledError: `close` was called before the result was there.
        """
        before = since = self.limits.now
        while True:
            side = self._side(*pixels.shape[1:3])
            try:
                return self._run(pixels, self.fitted(conditions or {}, *pixels.shape[1:3]), side, memory)
            except Img2ImgError:
                raise
            except BaseException as error:  # a plugin's network may raise anything, even SystemExit
                if is_ctrl_c(error):
                    raise
                if self._closed:
                    raise CancelledError from error
                if not is_out_of_memory(error):
                    raise TranslationError(f"the network failed: {error_text(error)}") from error
                shrunk = self._shrink(pixels, side)
                if shrunk is None:
                    self.limits.restore(before, since)  # lower limits would slow down all later images
                    other = "" if self.device.is_cpu else "--device cpu or "
                    raise TranslationError(
                        f"{pixels.shape[2]}×{pixels.shape[1]} does not fit the memory of {self.device}, and can be cut "
                        f"no smaller; try {other}a smaller image ({error_text(error)})"
                    ) from error
                since = shrunk

    def fitted(self, conditions: Mapping[str, Tensor], height: int, width: int) -> dict[str, Tensor]:
        """Resize the maps among conditions to the size of their images."""
        return fit_maps(conditions, self.traits.conditions, height, width)

    @torch.inference_mode()
    def translate(
        self,
        images: Tensor,
        conditions: Mapping[str, Tensor],
        precision: torch.dtype,
        memory: Memory | None = None,
    ) -> Tensor:
        """Send one batch through the network, and again in float32 if the result holds NaN or infinity.

        Args:
            images: (N, T * channels_in, H, W) in [0, 1], of any size, on the device; or noise, (N, *shape).
            conditions: One tensor of N rows each, on the device; maps have the size of the images.
            precision: The type that the network computes in.
            memory: As for `run`.

        Returns:
            (N, frames_out * channels_out, scale H, scale W), rounded down.

        Raises:
            TranslationError: The network returned what is no image of that size.
        """
        if not self.traits.remembers:
            return self._finite(lambda precision: self._call(images, conditions, precision), precision)
        memory = memory or Memory()

        def call(precision: torch.dtype) -> Tensor:
            self.recall.begin(memory)
            return self._call(images, conditions, precision)

        with self.recall.lock:
            result = self._finite(call, precision)
            self.recall.keep(memory)
        return result

    def _finite(self, call: Callable[[torch.dtype], Tensor], precision: torch.dtype) -> Tensor:
        """Call the network, and again in float32 if need be."""
        result = call(precision)
        if _is_finite(result):
            return result
        if precision != torch.float32:
            log.warning("the network returned NaN or infinity in %s; running it again in float32", precision)
            result = call(torch.float32)
            if _is_finite(result):
                return result
        raise TranslationError("the network returned NaN or infinity")

    def close(self) -> None:
        """Stop the workers; tiles that have not begun are dropped."""
        self._closed = True
        self._pool.shutdown(cancel_futures=True)

    def _run(self, pixels: Pixels, conditions: Mapping[str, Tensor], side: int | None, memory: Memory | None) -> Pixels:
        count, height, width, _ = pixels.shape
        scale, channels = self.traits.scale, self.traits.frames_out * self.traits.channels_out
        result = np.empty((count, int(height * scale), int(width * scale), channels), pixels.dtype)
        if not result.size:
            raise TranslationError(f"{width}×{height} is too small for a scale of {scale}: no pixel would be left")

        def translate(tiles: Sequence[Tile]) -> None:
            parts = np.stack([pixels[n, r.seen_from : r.seen_to, c.seen_from : c.seen_to] for n, r, c in tiles])
            rows = cut(conditions, self.traits.conditions, tiles)
            for (n, r, c), done in zip(tiles, self._translate(parts, rows, memory), strict=True):
                target = (
                    slice(int(r.start * scale), int(r.stop * scale)),
                    slice(int(c.start * scale), int(c.stop * scale)),
                )
                y, x = int((r.start - r.seen_from) * scale), int((c.start - c.seen_from) * scale)
                kept = result[n][target]
                kept[:] = done[y : y + kept.shape[0], x : x + kept.shape[1]]

        tiles = [(n, *window) for window in windows(height, width, side, self.traits) for n in range(count)]
        self._each(translate, batches(tiles, self.batch_size))
        return result

    def _each(self, task: Callable[[Sequence[Tile]], None], parts: Iterable[Sequence[Tile]]) -> None:
        """Do a task with each batch, in this thread and in idle threads around the network.

        This thread may be one of them, so it waits for no batch that has not begun.
        """
        left = deque(parts)

        def work() -> None:
            while (batch := _next(left)) is not None:
                if self._closed:
                    raise CancelledError
                task(batch)

        helpers = [self._pool.submit(work) for _ in range(min(self.workers, len(left)) - 1)]
        try:
            work()
        finally:
            left.clear()
            begun = [helper for helper in helpers if not helper.cancel()]
            wait(begun)
        for helper in begun:
            helper.result()

    def _translate(self, pixels: Pixels, conditions: Mapping[str, Tensor], memory: Memory | None) -> Pixels:
        rows = moved(conditions, self.device.place)
        precision = torch.float32 if pixels.dtype == np.uint16 else self.device.precision
        images = to_unit_range(pixels, self.device)
        return to_integers(self.translate(images, rows, precision, memory), pixels.dtype)

    def _call(self, images: Tensor, conditions: Mapping[str, Tensor], precision: torch.dtype) -> Tensor:
        traits, noise = self.traits, self.traits.source
        padded = images if noise else pad_to_size(images, traits)
        if traits.frames_in > 1:
            padded = padded.reshape(len(padded), traits.frames_in, -1, *padded.shape[-2:])
        with self.device.autocast(precision):
            result = self.translator(padded, **pad_maps(conditions, traits))
        scale = traits.scale
        height, width = (noise.height, noise.width) if noise else (int(size * scale) for size in padded.shape[-2:])
        several = (traits.frames_out,) if traits.frames_out > 1 else ()
        expected = (len(images), *several, traits.channels_out, height, width)
        found = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
        if found != expected:  # check before cropping, which would hide a size that is too large
            raise TranslationError(f"the network returned {found} where its scale and channels promise {expected}")
        if not result.is_floating_point():
            raise TranslationError(f"the network returned {result.dtype}, which is no colour in [0, 1]")
        result = result.flatten(1, 2) if several else result
        return result if noise else result[..., : int(images.shape[2] * scale), : int(images.shape[3] * scale)]

    def notes(self, height: int, width: int) -> tuple[str, ...]:
        """Return a note for the report on a result of a size that only nearly is that of the whole image."""
        side = self._side(height, width)
        if self.traits.tiling != "overlap" or side is None or side >= max(height, width):
            return ()
        return (f"translated in overlapping tiles of {side} pixels: approximately what the whole image would give",)

    def _side(self, height: int, width: int) -> int | None:
        if self.tile is None or not self.traits.can_be_tiled:
            return None
        chosen = tile_side(height, width, self.limits.now.tile, self.traits)
        return min(self.tile, chosen or self.tile) if self.tile else chosen

    def _output_pixels(self, height: int, width: int) -> int:
        return int(height * width * self.traits.scale * self.traits.scale * self.traits.frames_out)

    def _shrink(self, pixels: Pixels, side: int | None) -> Limit | None:
        """Lower the limits after memory ran out; return None where they cannot get lower."""
        self.device.empty_cache()
        count, height, width, _ = pixels.shape
        reach = min(max(height, width), (side or max(height, width)) + 2 * self.traits.halo)
        largest = self._output_pixels(min(height, reach), min(width, reach))
        is_tiled = self.tile is not None and self.traits.can_be_tiled
        can_cut = is_tiled and (side is None or side > SMALLEST_TILE)
        return self.limits.shrink(largest, count * self._output_pixels(height, width), can_cut=can_cut)


def _next(left: deque[T]) -> T | None:
    """Return the first thing that is left, or None if other threads have taken them all."""
    try:
        return left.popleft()
    except IndexError:
        return None


def _is_finite(images: Tensor) -> bool:
    return bool(torch.isfinite(images.sum(dtype=torch.float64)))  # a sum is quick, and finite only if all values are
