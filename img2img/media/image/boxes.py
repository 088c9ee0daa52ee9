"""This module looks into the boxes that AVIF and HEIF files consist of."""

from __future__ import annotations

from collections.abc import Iterator


def ends_in_zeros(data: bytes, count: int) -> bool:
    """Return whether the coded pictures of a file end in so many zero bytes."""
    coded = b"".join(body for kind, body in _boxes(data) if kind == b"mdat")
    return coded.endswith(bytes(count))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each box on the first level."""
    at = 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size == 1:  # the size follows, in 8 bytes
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        stop = at + size if size >= 8 else len(data)
        yield kind, data[at + 8 : stop]
        at = stop
