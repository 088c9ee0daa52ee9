"""Checkpoints that are damaged, are no weights, or were made to do harm."""

from __future__ import annotations

import io
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

Weights = dict[str, Tensor]
FIRST = "conv_first.weight"
"""A tensor of a MSRResNet."""
BOMB = b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R."
"""A pickle that is 2 GiB of zeros when it is read."""
EMPTY = b"\x80\x02}q\x00."
"""The pickle of an empty table."""
NO_FILES = {
    "nothing": b"",
    "the beginning of an archive": b"PK\x03\x04",
    "an archive of nothing": b"PK\x05\x06" + bytes(18),
    "nonsense": b"nonsense" * 99,
    "a pickle alone": EMPTY,
}
"""What torch writes none of."""


class Attack:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.marker),)


def saved(content: Any, old: bool = False, protocol: int = 2) -> bytes:
    """A file of torch, or of torch before 1.6; and how it is pickled."""
    file = io.BytesIO()
    torch.save(content, file, pickle_protocol=protocol, _use_new_zipfile_serialization=not old)
    return file.getvalue()


def retold(data: bytes, change: Callable[[bytes], bytes], packed: bool = False) -> bytes:
    """A file of torch with its pickle changed."""
    file = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", kind) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith("data.pkl") else old.read(name))
    return file.getvalue()


def attacks(marker: Path, weights: Weights) -> dict[str, bytes]:
    """Files that make a folder when they are unpickled, by where they say so."""
    attack = Attack(marker)
    return {
        "zip": saved({"state_dict": attack}),
        "old": saved({"state_dict": attack}, old=True),
        "bare": pickle.dumps({"state_dict": attack}, 2),
        "among weights": saved(weights | {FIRST: attack}),
    }


def torchscript() -> bytes:
    """What is told to be one; to write one with torch warns that it is deprecated."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py"):
            archive.writestr(f"x/{name}", pickle.dumps({}, 2))
    return file.getvalue()


def claiming(weights: Weights, size: tuple[int, ...], old: bool = False) -> bytes:
    """A tensor of many numbers, of which the file has one."""
    return saved(weights | {FIRST: torch.zeros(1).expand(size)}, old)


def sharing() -> bytes:
    """A thousand tensors that are one, and together larger than the file."""
    one = torch.zeros(1000, 1000)
    return saved({f"{index}.weight": one.view(1000, 1000) for index in range(1000)})


def overfull(numbers: int, old: bool = False) -> bytes:
    """A storage of so many numbers in a file that has nine of them."""
    claim = b"J" + struct.pack("<i", numbers)
    data = saved({"a": torch.zeros(9)}, old)
    return data.replace(b"K\x09", claim) if old else retold(data, lambda pickled: pickled.replace(b"K\x09", claim))


def bomb(old: bool = False) -> bytes:
    return saved({}, old=True).replace(EMPTY, BOMB) if old else retold(saved({}), lambda pickled: BOMB)


def nameless(marker: Path) -> bytes:
    """It makes a folder too, but names what it calls by two strings, as only newer protocols do."""
    call = b"\x80\x02X\x05\x00\x00\x00posixX\x05\x00\x00\x00mkdir\x93X" + struct.pack("<I", len(str(marker)))
    return retold(saved({}), lambda pickled: call + str(marker).encode() + b"\x85R.")


def bomb_before_an_archive() -> bytes:
    return bomb(old=True) + saved({"a": torch.zeros(1)})


def packed() -> bytes:
    """64 MiB of zeros in less than one."""
    return retold(saved({"a": torch.zeros(1 << 24)}), lambda pickled: pickled, packed=True)


def doubled() -> bytes:
    """An archive with two pickles of one name."""
    file = io.BytesIO(saved({"a": torch.zeros(1)}))
    with zipfile.ZipFile(file, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
    return file.getvalue()


def looped() -> dict[str, Any]:
    table: dict[str, Any] = {}
    table["model"] = table
    return table


def nested(depth: int, shared: bool) -> bytes:
    """A table whose key is a tuple in tuples; where they share their parts, few bytes unfold to 2^depth tuples."""
    steps = b"".join(b"h%c\x86q%c" % (number, number + 1) for number in range(depth)) if shared else b"\x85" * depth
    return retold(saved({}), lambda pickled: b"\x80\x02}K\x01q\x00" + steps + b"K\x01s.")


def two_directories() -> bytes:
    """An archive that is harmless to who looks for its directory before the end, and a bomb to who asks the end."""
    honest, bomb = (
        retold(saved({"a": torch.zeros(1)}), change) for change in (bytes, lambda pickled: BOMB + bytes(4096))
    )
    begins = [data.index(b"PK\x01\x02") for data in (honest, bomb)]
    ends = [data.index(b"PK\x05\x06") for data in (honest, bomb)]
    directory, shift = bytearray(honest[begins[0] : ends[0]]), begins[1] - begins[0]
    place = 0
    while (place := directory.find(b"PK\x01\x02", place)) >= 0:
        (offset,) = struct.unpack_from("<I", directory, place + 42)
        struct.pack_into("<I", directory, place + 42, offset + shift)
        place += 4
    end = bytearray(honest[ends[0] :])
    struct.pack_into("<I", end, 16, begins[1])
    return bomb[: ends[1]] + honest[: begins[0]] + bytes(directory + end)


NO_WEIGHTS: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (dict, "holds no weights of a network"),
    "a tensor": (lambda: torch.zeros(3), "holds no weights of a network"),
    "numbers": (lambda: {"epoch": 3, "loss": 0.5}, "holds no weights of a network"),
    "a table in itself": (looped, "holds no weights of a network"),
    "an optimiser": (lambda: {"state": {}, "param_groups": [{"lr": 1e-4}]}, "holds no weights of a network"),
    "other things among tensors": (lambda: {"a": torch.zeros(3), "epoch": 3}, "holds 'epoch', int, among its tensors"),
    "names that are numbers": (lambda: {3: torch.zeros(3)}, "holds '3', Tensor, among its tensors"),
    "a stranger's network": (
        lambda: {"layer1.\x1b[2J.weight": torch.zeros(3, 4), "fc.bias": torch.zeros(2)},
        r"holds 2 tensors that none of the families \(cyclegan, pix2.*layer1\.\\x1b\[2J\.weight 3×4, fc\.bias 2",
    ),
    "too many tensors": (
        lambda: {str(index): torch.zeros(0) for index in range(20_001)},
        "more than the 20000 allowed",
    ),
    "complex numbers": (
        lambda: {"a": torch.zeros(3, dtype=torch.complex64)},
        r"an object of torch\.ComplexFloatStorage",
    ),
    "no numbers": (lambda: {"a": torch.zeros(3, device="meta")}, "an object of torch"),
    "sparse numbers": (lambda: {"a": torch.eye(3).to_sparse()}, "an object of torch"),
}
"""What a file holds instead, and what of the message says so."""
