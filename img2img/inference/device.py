"""The device on which networks run, with all that depends on it: precision, layout of tensors, memory."""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar, get_args

import torch
from torch import nn

from img2img.contract.traits import Precision, Traits
from img2img.errors import UsageError
from img2img.media.files import MAX_PIXELS

PRECISIONS = ("auto", "bf16", "fp16", "fp32")
_TYPES: dict[Precision, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
_ONEDNN_WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Values of ONEDNN_MAX_CPU_ISA that keep oneDNN from the processor's instructions for bf16, which it then emulates."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of glibc's `mallopt`."""
_KEPT = 1 << 30
"""Bytes; as one int of C, less than 2 GiB."""

_CPU = torch.device("cpu")

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Compute:
    """What networks run on, as the user asks for it. A training needs the device and the precision alone."""

    device: str = "auto"
    """`auto`, `cpu`, `cuda`, …"""
    precision: str = "auto"
    """`auto` (bf16 where the hardware has it and the network supports it), `bf16`, `fp16` or `fp32`."""
    tile: int | None = 0
    """Side of the tiles that large images are cut into, in input pixels; 0 chooses, None switches tiling off."""
    batch_size: int = 0
    """Images in one forward pass; 0 chooses."""
    max_pixels: int = MAX_PIXELS
    """Larger images are refused before they are decoded."""


@dataclass(frozen=True)
class Device:
    """The place where networks run, and the way in which they do; training and use of a model share it."""

    place: torch.device = _CPU
    precision: torch.dtype = torch.float32
    """The type that networks compute in; their weights stay in float32."""
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    """The layout of images and weights in memory, in which convolutions are fastest."""

    @classmethod
    def pick(cls, name: str = "auto", precision: str = "auto") -> Device:
        """Turn the names of a device and of a precision, as a user types them, into a device that exists.

        Raises:
            UsageError: The device is unknown or absent, or the precision is unknown.
        """
        place = pick_device(name)
        return cls(place, pick_precision(precision, place))

    def for_network(self, traits: Traits, precision: str) -> Device:
        """Return this device with a precision that a network supports.

        Args:
            traits: The traits of the network.
            precision: The precision that the user asks for; `auto` chooses among those that the network supports.

        Raises:
            UsageError: The user asks for a precision that the network does not support.
        """
        supported = [name for name in get_args(Precision) if name in ("fp32", *traits.precisions)]
        if precision != "auto" and precision not in supported:
            raise UsageError(
                f"the network gives good results only in {', '.join(supported)}, and not in {precision}; leave out "
                f"--precision, or choose one of these"
            )
        if precision != "auto" or self.precision == torch.float32 or "bf16" in supported:
            return self
        return replace(self, precision=torch.float16 if "fp16" in supported and not self.is_cpu else torch.float32)

    def __str__(self) -> str:
        return str(self.place)

    @property
    def is_cpu(self) -> bool:
        """Return whether networks run on the CPU."""
        return self.place.type == "cpu"

    @property
    def precision_name(self) -> str:
        """Return the precision as text, such as `float32`."""
        return str(self.precision).removeprefix("torch.")

    def prepare(self, network: Network) -> Network:
        """Move a network to this device, in the memory format that is fastest."""
        return network.to(device=self.place, memory_format=self.memory_format)  # type: ignore[call-overload]

    def autocast(self, precision: torch.dtype | None = None) -> AbstractContextManager[None]:
        """Let networks compute in the device's precision, or in another."""
        precision = precision or self.precision
        return torch.autocast(self.place.type, precision, enabled=precision != torch.float32)

    @contextmanager
    def shared_cores(self, most: int | None = None) -> Iterator[tuple[int, int]]:
        """Divide the CPU's cores, so that each runs the network on a batch of its own and waits for no other core.

        Args:
            most: How many batches there can be at once, if they are few.

        Yields:
            How many batches run at once, and how many threads decode (and as many encode).
        """
        cores = torch.get_num_threads()
        if not self.is_cpu:
            yield 1, min(8, os.cpu_count() or 1)
            return
        workers = cores if most is None else min(cores, most)
        torch.set_num_threads(max(1, cores // workers))
        try:
            yield workers, max(2, min(4, cores))
        finally:
            torch.set_num_threads(cores)

    def empty_cache(self) -> None:
        """Give memory back that the allocator keeps for later."""
        if self.place.type == "cuda":
            torch.cuda.empty_cache()

    def keep_freed_memory(self) -> None:
        """Let the C library keep what a network on the CPU frees, instead of giving it back after each layer.

        The system hands out fresh memory page by page and clears each, a third of the time of a CycleGAN on
        frames of 1280 × 720. It is a setting of the process; up to 1 GiB of what is free stays with it. Without glibc
        nothing happens.
        """
        if not self.is_cpu or os.name != "posix":
            return
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            for parameter, value in ((_MMAP_THRESHOLD, _KEPT), (_TRIM_THRESHOLD, _KEPT), (_ARENA_MAX, 1)):
                mallopt(parameter, value)


def pick_device(name: str = "auto") -> torch.device:
    """Turn `auto`, `cpu`, `cuda`, `cuda:1`, `mps` … into a device that exists.

    Raises:
        UsageError: The device is unknown or absent.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # fails for `meta` as well, which holds no numbers
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"the device {name!r} cannot be used: {reason}; try --device cpu or leave it to auto"
        ) from error
    return device


def pick_precision(name: str, device: torch.device) -> torch.dtype:
    """Turn `auto`, `bf16`, `fp16` or `fp32` into the type that networks compute in.

    `auto` is bf16 where the hardware has it.

    Raises:
        UsageError: The precision is unknown, or the device cannot compute in it.
    """
    if name == "auto":
        return torch.bfloat16 if _has_bf16(device) else torch.float32
    precision = next((kind for word, kind in _TYPES.items() if word == name), None)
    if precision is None:
        raise UsageError(f"unknown precision {name!r}; choose one of {', '.join(PRECISIONS)}")
    if precision == torch.float16 and not _can_compute(precision, device):
        raise UsageError(f"the device {str(device)!r} cannot compute in fp16; choose bf16 or fp32, or leave it to auto")
    return precision


def _can_compute(precision: torch.dtype, device: torch.device) -> bool:
    """Return whether a network can run in a precision: torch only warns where it cannot, and goes on in float32."""
    try:
        with warnings.catch_warnings(), torch.autocast(device.type, precision):
            warnings.simplefilter("error")
            image, weights = torch.ones(1, 1, 4, 4, device=device), torch.ones(1, 1, 3, 3, device=device)
            return torch.nn.functional.conv2d(image, weights).dtype == precision
    except (RuntimeError, UserWarning):
        return False


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # torch < 2.13 has none
        limited = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in _ONEDNN_WITHOUT_BF16
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")) and not limited
    return False
