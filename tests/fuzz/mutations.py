"""Mutations of a file's bytes, as damage and malice make them."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random

EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Integers at which readers that do not check go wrong."""

Mutation = Callable[[bytearray, Random], None]


def flip_bits(data: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 2, 8, 64))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def cut_off(data: bytearray, random: Random) -> None:
    del data[random.randint(1, len(data)) :]


def zero_a_part(data: bytearray, random: Random) -> None:
    start, end = _part(data, random)
    data[start:end] = bytes(end - start)


def zero_the_tail(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data))
    data[start:] = bytes(len(data) - start)


def remove_a_part(data: bytearray, random: Random) -> None:
    start, end = _part(data, random)
    if end - start < len(data):
        del data[start:end]


def repeat_a_part(data: bytearray, random: Random) -> None:
    start, end = _part(data, random)
    data[start:start] = data[start:end] * random.choice((1, 2, 16))


def swap_parts(data: bytearray, random: Random) -> None:
    start, middle = sorted((random.randrange(len(data)), random.randrange(len(data))))
    data[start:] = data[middle:] + data[start:middle]


def insert_noise(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at:at] = random.randbytes(random.choice((1, 3, 100)))


def write_an_edge(data: bytearray, random: Random) -> None:
    """Overwrite two or four bytes, mostly near the beginning, where sizes and counts stand."""
    width = random.choice(("H", "I"))
    value = random.choice(EDGES) & (0xFFFF if width == "H" else 0xFFFFFFFF)
    number = struct.pack(random.choice("<>") + width, value)
    at = random.randrange(min(len(data), random.choice((64, 512, len(data)))))
    data[at : at + len(number)] = number


MUTATIONS: Sequence[Mutation] = (
    flip_bits, cut_off, zero_a_part, zero_the_tail, remove_a_part, repeat_a_part, swap_parts, insert_noise,
    write_an_edge,
)  # fmt: skip


def mutated(seed: bytes, random: Random) -> bytes:
    """Return a file with one to three mutations.

    Half of the PNGs get right checksums again, since readers look no further where these are wrong.
    """
    data = bytearray(seed)
    for _ in range(random.choice((1, 1, 2, 3))):
        random.choice(MUTATIONS)(data, random)
    return _with_checksums(bytes(data)) if random.random() < 0.5 else bytes(data)


def _part(data: bytearray, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.choice((1, 4, 16, 256, len(data) // 3 + 1)))


def _with_checksums(data: bytes) -> bytes:
    if not data.startswith(b"\x89PNG"):
        return data
    content = bytearray(data)
    for chunk in re.finditer(rb"IHDR|PLTE|IDAT|IEND|tRNS|iCCP|eXIf|zTXt|iTXt|acTL|fcTL|fdAT", data):
        end = chunk.end() + int.from_bytes(data[max(0, chunk.start() - 4) : chunk.start()])
        if end + 4 <= len(content):
            content[end : end + 4] = zlib.crc32(data[chunk.start() : end]).to_bytes(4)
    return bytes(content)
