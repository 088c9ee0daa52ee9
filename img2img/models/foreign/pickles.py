"""This module finds out from the opcodes of a pickle which functions it would call, without unpickling it.

`torch.load(weights_only=True)` runs no foreign code, but it builds what a file requests, such as an array of any size,
and its message about a foreign object advises how to run that. So this module checks the file first.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Iterator

from img2img.errors import ModelFileError
from img2img.media.files import printable

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


def check_harmless(data: bytes) -> None:
    """Check that a file of `torch.save` holds plain weights and nothing that could run.

    Raises:
        ModelFileError: The file is a TorchScript archive, is compressed, has another protocol, or would call functions
            that plain weights do not need. The message continues a sentence that begins with the name of the file.
    """
    old = not data.startswith(b"PK\x03\x04")  # torch distinguishes them in the same way, by the beginning
    pickles = [io.BytesIO(data)] * PICKLES_OF_OLD if old else [io.BytesIO(_pickle_of(data))]
    for number, name in enumerate(name for file in pickles for name in _calls(file)):
        if number > MAX_OPCODES:
            raise ModelFileError("holds more than weights: it is no state_dict of a network; save that alone")
        if name and name not in ALLOWED:
            raise ModelFileError(
                f"holds an object of {printable(name[:100].replace(' ', '.'))}, and reading that would run code of the "
                "file; only plain tensors are read. If you trust the file, save `model.state_dict()` alone with the "
                "code that wrote it, and open that"
            )


def _calls(file: io.BytesIO) -> Iterator[str]:
    """Yield for each opcode of the next pickle the module and name that it looks up, or an empty text."""
    for number, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if number == 0 and argument not in PROTOCOLS:
            raise ModelFileError(
                "is not pickled by protocol 2, which `torch.save` uses by default, and cannot be read without running "
                "its code; save `model.state_dict()` again, without `pickle_protocol`"
            )
        yield str(argument) if opcode.name in ("GLOBAL", "INST") else ""


def _pickle_of(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if any(name.endswith("/constants.pkl") for name in names):
            raise ModelFileError(
                "is a TorchScript archive, a program and not plain weights; save `model.state_dict()` with the code "
                "that wrote it, and open that"
            )
        packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
        if packed or len(set(names)) < len(names) or sum(entry.file_size for entry in entries) > len(data):
            raise ModelFileError("is a packed archive, which torch does not write; unpack it, or fetch it again")
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ModelFileError("is an archive, but not one of `torch.save`; give the file of weights that is in it")
        return archive.read(pickles[0])
