"""The limits of how much may go through the network at once; they fall each time memory runs out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from threading import Lock

import torch

from img2img.text import text_of

log = logging.getLogger(__name__)

_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "alloc_failed",
    "bad_alloc",
    "insufficient memory",
)
"""Words that libraries use, in small letters, for a lack of memory."""


@dataclass(frozen=True)
class Limit:
    """The number of output pixels that may go through the network at once."""

    tile: int
    """Output pixels of one tile, halo included."""
    batch: int
    """Output pixels of all images or tiles of a batch together."""


class Limits:
    """The limits of one executor, which all of its threads read and change."""

    def __init__(self, tile: int, batch: int) -> None:
        self._now = Limit(tile, batch)
        self._lock = Lock()

    @property
    def now(self) -> Limit:
        """Return the limits that hold at present."""
        return self._now

    def shrink(self, largest: int, total: int, *, can_cut: bool) -> Limit | None:
        """Lower the limits from here on: first halve the batch, then make tiles smaller.

        Args:
            largest: Output pixels of the largest tile of the images for which memory ran out.
            total: Output pixels of all these images.
            can_cut: Whether their tiles may get smaller.

        Returns:
            The new limits; None where neither can get smaller.
        """
        with self._lock:
            if total > largest and self._now.batch >= 2 * largest:
                self._now = replace(self._now, batch=min(self._now.batch, total) // 2)
                log.warning("out of memory; batches of half the size from here on")
            elif can_cut:
                self._now = replace(self._now, tile=min(self._now.tile, largest) // 2)
                log.warning("out of memory; smaller tiles from here on")
            else:
                return None
            return self._now

    def restore(self, before: Limit, since: Limit) -> None:
        """Return to earlier limits after a failure that none could avert, unless another thread has changed them."""
        with self._lock:
            if self._now == since:
                self._now = before


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, of whatever library, says that memory ran out."""
    text = text_of(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(words in text for words in _OUT_OF_MEMORY)
