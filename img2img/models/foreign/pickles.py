"""This module finds out from the opcodes of a pickle which functions it would call, without unpickling it.

`torch.load(weights_only=True)` runs no foreign code, but it builds what a file requests, such as an array of any size,
and its message about a foreign object advises how to run that. So this module checks the file first.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Iterator

from img2img.errors import ModelFileError

TYPES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
ALLOWED = {f"torch {name}Storage" for name in TYPES} | {
    "collections OrderedDict",
    "torch Size",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
}
"""The functions and types that plain weights need."""
PROTOCOLS = (2, 3)
"""Allowed protocols of pickle; torch writes 2 by default, and cannot read others without running them."""
MAX_OPCODES = 2_000_000
"""Most opcodes that a file may have; a tensor takes about fifty."""
PICKLES_OF_OLD = 5
"""Number of pickles in a file of torch before 1.6: magic number, version, system, content, names of the storages."""

LARGEST_TUPLE = 10_000
"""The most objects that a tuple may unfold to; tuples that share their parts unfold to far more than a file holds."""
_TUPLES = {"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_REMEMBER, _RECALL = {"PUT", "BINPUT", "LONG_BINPUT"}, {"GET", "BINGET", "LONG_BINGET"}


def check_harmless(pickles: bytes, count: int = 1) -> None:
    """Check that pickles hold plain weights and nothing that could run.

    Args:
        pickles: The pickles, one behind the other.
        count: The number of pickles.

    Raises:
        ModelFileError: They have another protocol, call functions that plain weights do not need, or would take
            forever to read. The message continues a sentence that begins with the name of the file.
    """
    file = io.BytesIO(pickles)
    for number, name in enumerate(name for _ in range(count) for name in _calls(file)):
        if number > MAX_OPCODES:
            raise ModelFileError("holds more than weights: it is no state_dict of a network; save that alone")
        if name and name not in ALLOWED:
            raise ModelFileError(
                f"holds an object of {name[:100].replace(' ', '.')}, and reading that would run code of the "
                "file; only plain tensors are read. If you trust the file, save `model.state_dict()` alone with the "
                "code that wrote it, and open that"
            )


def _calls(file: io.BytesIO) -> Iterator[str]:
    """Yield for each opcode of the next pickle the module and name that it looks up, or an empty text."""
    stack = _Stack()
    for number, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if number == 0 and argument not in PROTOCOLS:
            raise ModelFileError(
                "is not pickled by protocol 2, which `torch.save` uses by default, and cannot be read without running "
                "its code; save `model.state_dict()` again, without `pickle_protocol`"
            )
        if stack.follow(opcode, argument) > LARGEST_TUPLE:
            raise ModelFileError(
                "holds tuples in tuples, which would take forever to read, and which no network has; save "
                "`model.state_dict()` alone"
            )
        yield str(argument) if opcode.name in ("GLOBAL", "INST") else ""


class _Stack:
    """The stack of a pickle's reader, with the number of objects that each tuple on it unfolds to, or 1."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        """The sizes of the objects; 0 is a mark."""
        self._memo: dict[object, int] = {}

    def follow(self, opcode: pickletools.OpcodeInfo, argument: object) -> int:
        """Do what an opcode does, and return the size of the object that is then on top."""
        if opcode.name in _REMEMBER:
            self._memo[argument] = self._sizes[-1] if self._sizes else 1
        elif opcode.name in _RECALL:
            self._sizes.append(self._memo.get(argument, 1))
        else:
            taken = self._take(opcode)
            size = 1 + sum(taken) if opcode.name in _TUPLES else 1
            self._sizes += [0 if kind is pickletools.markobject else size for kind in opcode.stack_after]
        return self._sizes[-1] if self._sizes else 1

    def _take(self, opcode: pickletools.OpcodeInfo) -> list[int]:
        """Take from the stack what an opcode takes, and return the sizes."""
        count, taken = len(opcode.stack_before), list[int]()
        if pickletools.markobject in opcode.stack_before:
            count = opcode.stack_before.index(pickletools.markobject)
            while self._sizes and (size := self._sizes.pop()):
                taken.append(size)
        for _ in range(min(count, len(self._sizes))):
            taken.append(self._sizes.pop())
        return taken
