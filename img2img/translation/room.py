"""This module refuses an item that cannot fit the memory of the machine, before the network works on it for nothing."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from img2img.contract.traits import Traits
from img2img.errors import TranslationError
from img2img.media.image.probe import probe

if TYPE_CHECKING:
    from img2img.media import Pixels

_CGROUP = Path("/sys/fs/cgroup/memory.max")
_MEMINFO = Path("/proc/meminfo")


def needed(source: Pixels | bytes, traits: Traits) -> int:
    """Return the bytes that a picture, its result and the copy that is encoded take; the network needs more.

    Args:
        source: The pixels, (H, W, C), or the file of an image.
        traits: The translator's.

    Returns:
        The bytes; 0 if the file does not say how large its picture is.
    """
    size = 0
    if isinstance(source, np.ndarray):
        size = source.nbytes
    else:
        with suppress(Exception):
            header = probe(source)
            size = header.height * header.width * 3
    return int(size * (1 + 2 * traits.scale * traits.scale * traits.frames_out))


def check_room(pixels: Pixels, traits: Traits) -> None:
    """Refuse a picture that needs more than all memory that the program may ever have.

    Raises:
        TranslationError: The message says how much is needed, and how much there is.
    """
    needs, there = needed(pixels, traits), memory()
    if needs > there:
        height, width = pixels.shape[:2]
        raise TranslationError(
            f"its {width}×{height} pixels, which become {int(width * traits.scale)}×{int(height * traits.scale)}, need "
            f"{needs / 1e9:.1f} GB of memory or more, and there are {there / 1e9:.1f} GB; make it smaller, or "
            "translate it on another machine"
        )


@cache
def memory() -> int:
    """Return how many bytes of memory, swap included, the program may have at most."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(OSError, ValueError, IndexError):
        sizes = dict(line.split(":") for line in _MEMINFO.read_text("ascii").splitlines())
        limits = [sum(int(sizes[name].split()[0]) << 10 for name in ("MemTotal", "SwapTotal"))]
    with suppress(OSError, ValueError):  # the file has a word where there is no limit
        limits.append(int(_CGROUP.read_text("ascii")))
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        limits.append(address_space)
    return min(limits)
