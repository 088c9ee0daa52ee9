"""This module turns the archive of a checkpoint, however somebody packed it, into one as `torch.save` writes it.

Torch gets this new archive, never the file itself: a file may have two directories, of which one reader takes the first
and another the last, so that what was checked would not be what is read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from img2img.errors import ModelFileError

PICKLE = "data.pkl"
LARGEST_RATIO = 10
"""The largest factor by which weights become smaller when they are packed; more suggests a bomb."""
HARMLESS = 16 << 20
"""Bytes to which a file may unpack, however small it is."""
STEP = 4096
"""Bytes that are unpacked at once; BZIP2 and LZMA make at most some thousand times as many of them."""


def plain_archive(data: bytes, largest: int) -> io.BytesIO:
    """Return a new archive with the members that weights need, unpacked, in the folder where torch looks for them.

    Args:
        data: The content of a zip archive.
        largest: The number of bytes that the unpacked archive may have.

    Raises:
        ModelFileError: The archive is a program, is a bomb, is encrypted, or holds no or several checkpoints. The
            message continues a sentence that begins with the name of the file.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = [member for member in packed.infolist() if not member.is_dir()]
        folder = _folder([member.filename for member in members])
        _check_sizes(members, len(data), largest)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as plain:
            for member in members:
                name = member.filename.removeprefix(folder)
                if member.filename.startswith(folder) and name.startswith((PICKLE, "data/", "version", "byteorder")):
                    plain.writestr(f"archive/{name}", _unpacked(packed, member))
    made.seek(0)
    return made


def pickle_of(archive: io.BytesIO) -> bytes:
    """Return the pickle in an archive that `plain_archive` returned."""
    with zipfile.ZipFile(archive) as opened:
        content = opened.read(f"archive/{PICKLE}")
    archive.seek(0)
    return content


def _folder(names: Sequence[str]) -> str:
    """Return the folder that holds the checkpoint, with a slash at the end, or an empty text."""
    if any(name.rpartition("/")[2] == "constants.pkl" for name in names):
        raise ModelFileError(
            "is a TorchScript archive, a program and not plain weights; save `model.state_dict()` with the code that "
            "wrote it, and open that"
        )
    if len(set(names)) < len(names):
        raise ModelFileError("is an archive in which one name stands twice, as torch writes none; fetch it again")
    folders = [name.removesuffix(PICKLE) for name in names if name.rpartition("/")[2] == PICKLE]
    if len(folders) != 1:
        inside = [name for name in names if name.lower().endswith((".pth", ".pt", ".ckpt", ".safetensors", ".onnx"))]
        which = f", such as {inside[0][:100]}" if inside else ""
        raise ModelFileError(
            f"is an archive, but not one of `torch.save`; unpack it, and give the file of weights that is in it{which}"
        )
    return folders[0]


def _check_sizes(members: Sequence[zipfile.ZipInfo], size: int, largest: int) -> None:
    if any(member.flag_bits & 1 for member in members):
        raise ModelFileError("is an encrypted archive; unpack it with its password, and give the file that is in it")
    unpacked = sum(member.file_size for member in members)
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if unpacked > (min(largest, max(LARGEST_RATIO * size, HARMLESS)) if packed else size):
        raise ModelFileError(
            f"is a packed archive of {size} bytes that claims to unpack to {unpacked}, more than weights do; fetch it "
            "again"
        )


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return archive.read(member)
    with archive.open(member) as file:
        return b"".join(iter(lambda: file.read(STEP), b""))
