"""What the pickles in a torch file would call, read from their opcodes: nothing is unpickled.

`torch.load(weights_only=True)` runs no code of others, but builds what a file asks for, such as an array of any size,
and tells of a foreign object in a page of advice on how to run it. Hence the file is looked at before.
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
"""All that plain weights need."""
PROTOCOLS = (2, 3)
"""Of pickle; torch writes the first unless told otherwise, and reads no others without running them."""
MAX_OPCODES = 2_000_000
"""Fifty are a tensor."""
PICKLES_OF_OLD = 5
"""With which a file of torch before 1.6 begins: magic number, version, system, content, names of the storages."""


def check_harmless(data: bytes) -> None:
    """Look through a file of `torch.save`.

    Raises:
        ModelFileError: It is a TorchScript archive, is packed, is of another protocol, or would call what plain weights
            do not need. The message goes on after the name of the file.
    """
    old = not data.startswith(b"PK\x03\x04")  # as torch itself tells; what stands at the end does not count
    pickles = [io.BytesIO(data)] * PICKLES_OF_OLD if old else [io.BytesIO(_pickle_of(data))]
    for number, name in enumerate(name for file in pickles for name in _calls(file)):
        if number > MAX_OPCODES:
            raise ModelFileError("holds more than weights: it is no state_dict of a network; save that alone")
        if name and name not in ALLOWED:
            raise ModelFileError(
                f"holds an object of {printable(name[:100].replace(' ', '.'))}, and to read that is to run what the "
                "file says; only plain tensors are read. Who trusts the file can save `model.state_dict()` alone with "
                "the code that wrote it, and open that"
            )


def _calls(file: io.BytesIO) -> Iterator[str]:
    """For each opcode of the next pickle, the module and name that it looks up, or nothing."""
    for number, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if number == 0 and argument not in PROTOCOLS:
            raise ModelFileError(
                "is not pickled as `torch.save` does unless told otherwise, by protocol 2, and cannot be read without "
                "running what it says; save `model.state_dict()` again, without `pickle_protocol`"
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
