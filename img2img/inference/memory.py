"""This module keeps what a translator remembers of each clip, so that it never gets into another clip."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from img2img.contract.families import Translator
from img2img.errors import TranslationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Bytes of a number to the type by which NumPy, which lacks some of torch's types, holds the same bits."""


class Memory:
    """What a translator knows of one clip or of one image; a new one knows nothing."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] = {}
        """The state after the last frame that is done."""

    def store(self) -> dict[str, NDArray[Any]]:
        """Return arrays that `load` takes back, to the bit."""
        return {f"{str(value.dtype).removeprefix('torch.')}.{name}": _bits(value) for name, value in self.state.items()}

    def load(self, stored: Mapping[str, NDArray[Any]], device: torch.device) -> None:
        """Take back what `store` returned."""
        self.state = {}
        for key, array in stored.items():
            dtype, _, name = key.partition(".")
            self.state[name] = torch.from_numpy(array.copy()).view(getattr(torch, dtype)).to(device)


class Recall:
    """Lets several clips and images use one translator that remembers, each with its own memory.

    Args:
        translator: The translator; all that use it at the same time share one `Recall`.
    """

    def __init__(self, translator: Translator) -> None:
        self.translator, self.lock = translator, RLock()
        """Held by a thread from `begin` to `keep`."""
        self._last: Memory | None = None

    def begin(self, memory: Memory) -> None:
        """Bring the translator to the state that a memory holds, before its next frame is translated."""
        last, self._last = self._last, None  # until `keep`, the translator is in no known state
        if last is not memory:
            self.translator.begin()
            if memory.state:
                self.translator.restore(dict(memory.state))

    def keep(self, memory: Memory) -> None:
        """Note the state after a frame that is done.

        Raises:
            TranslationError: The state is made of anything but tensors.
        """
        state = dict(self.translator.state())
        for name, value in state.items():
            if not isinstance(name, str) or not isinstance(value, Tensor):
                raise TranslationError(
                    f"state() of the model returned {name!r}: {type(value).__name__}; only tensors can be kept"
                )
        memory.state, self._last = state, memory

    def pass_through_disk(self, memory: Memory, device: torch.device) -> dict[str, NDArray[Any]]:
        """Return what is kept of a memory on the disk, and go on from it as a job that was killed would."""
        stored = memory.store()
        with self.lock:
            memory.load(stored, device)
            self._last = None
        return stored


def _bits(value: Tensor) -> NDArray[Any]:
    value = value.detach().cpu()
    if value.is_complex() or value.dtype == torch.bool:
        return np.array(value.numpy())
    return np.array(value.view(_BITS[value.dtype.itemsize]).numpy())
