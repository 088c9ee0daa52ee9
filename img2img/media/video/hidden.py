"""This module finds out which packets of VP8, VP9 and AV1 hold only pictures that are never shown."""

from __future__ import annotations

from collections.abc import Iterator

_VP8_SHOWN = 0x10
"""The bit of a VP8 packet that is set if its picture is shown."""
_FRAME_HEADER, _FRAME = 3, 6
"""Kinds of AV1's units (OBU)."""


def is_hidden(codec: str, packet: memoryview) -> bool:
    """Return whether all pictures of a packet are hidden: later pictures refer to them, but nothing shows them.

    Args:
        codec: FFmpeg's name of the decoder.
        packet: The packet's data; damaged data may look hidden or not.
    """
    if not packet:
        return False
    if codec == "vp8":
        return not packet[0] & _VP8_SHOWN
    shows = {"vp9": _vp9_shows, "libvpx-vp9": _vp9_shows, "av1": _av1_shows, "libdav1d": _av1_shows}.get(codec)
    found = list(shows(packet)) if shows else []
    return bool(found) and not any(found)


def _vp9_shows(packet: memoryview) -> Iterator[bool]:
    """Yield for each picture of a VP9 packet whether it is shown."""
    for first in _vp9_pictures(packet):
        bits = f"{first:08b}"
        if bits.startswith("10"):
            begin = 5 if bits[2:4] == "11" else 4
            yield bits[begin] == "1" or bits[begin + 2] == "1"


def _vp9_pictures(packet: memoryview) -> Iterator[int]:
    """Yield the first byte of each picture of a packet, which may hold several and then ends with an index of them."""
    mark = packet[-1]
    count, width = (mark & 7) + 1, (mark >> 3 & 3) + 1
    index = packet[len(packet) - 2 - count * width :]
    if mark & 0xE0 != 0xC0 or len(index) != 2 + count * width or index[0] != mark:
        yield packet[0]
        return
    begin = 0
    for at in range(1, 1 + count * width, width):
        size = int.from_bytes(index[at : at + width], "little")
        if size and begin < len(packet):
            yield packet[begin]
        begin += size


def _av1_shows(packet: memoryview) -> Iterator[bool]:
    """Yield for each picture of an AV1 packet whether it is shown."""
    begin = 0
    while begin < len(packet):
        head = packet[begin]
        begin += 2 if head & 4 else 1
        size = len(packet) - begin
        if head & 2:
            size, begin = _leb128(packet, begin)
        kind = head >> 3 & 15
        if kind in (_FRAME_HEADER, _FRAME) and begin < len(packet):
            shows_earlier, shows_this = packet[begin] & 0x80, packet[begin] & 0x10
            yield bool(shows_earlier or shows_this)
        begin += size


def _leb128(packet: memoryview, begin: int) -> tuple[int, int]:
    """Return the number that is stored at a place in groups of 7 bits, and the place behind it."""
    number = 0
    for place in range(8):
        if begin >= len(packet):
            break
        number |= (packet[begin] & 0x7F) << 7 * place
        begin += 1
        if packet[begin - 1] < 0x80:
            break
    return number, begin
