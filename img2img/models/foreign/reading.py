"""This module reads a foreign checkpoint, once and into memory, as tables of tensors."""

from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_safetensors

from img2img.errors import Img2ImgError, ModelFileError
from img2img.models.foreign.archives import pickle_of, plain_archive
from img2img.models.foreign.pickles import PICKLES_OF_OLD, check_harmless
from img2img.text import printable

LARGEST_FILE = 4 << 30
"""Bytes of the largest checkpoint that is read; generators have less than 1 GB, and whole training states more."""

ARCHIVE = b"PK\x03\x04"
"""The beginning of a file of torch since 1.6."""


@dataclass(frozen=True)
class Content:
    """The content of a checkpoint."""

    table: Any
    """Tables of tensors, which may be nested, and anything else that the file holds."""
    size: int
    """Size of the file in bytes, unpacked."""
    sha256: str


def read_checkpoint(path: Path) -> Content:
    """Read a file of `torch.save` or safetensors.

    Raises:
        ModelFileError: The file cannot be read, is too large, is damaged, or holds more than data.
    """
    data = _read(path)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        file = plain_archive(data, LARGEST_FILE) if data.startswith(ARCHIVE) else io.BytesIO(data)
        del data  # so that the file is in memory once while torch makes tensors of it
        return Content(_parse(file), file.getbuffer().nbytes, sha256)
    except Img2ImgError as error:
        raise ModelFileError(f"{path} {error}") from error
    except Exception as error:  # torch and pickle raise anything where a file is damaged
        is_advice = isinstance(error, pickle.UnpicklingError)  # torch advises to run the code in the file
        reason = "" if is_advice else printable(str(error).partition("\n")[0][:200])
        raise ModelFileError(
            f"{path} is damaged, or its suffix is wrong: {reason or type(error).__name__}; fetch or save it again"
        ) from error


def _parse(file: io.BytesIO) -> Any:
    """Return the content of a file, whatever its suffix says."""
    begin = file.getbuffer()[:9].tobytes()
    if begin[8:] == b"{" and int.from_bytes(begin[:8], "little") < file.getbuffer().nbytes:
        return load_safetensors(file.getvalue())
    if begin.startswith(ARCHIVE):  # torch distinguishes them in the same way, by the beginning
        check_harmless(pickle_of(file))
    else:
        check_harmless(file.getvalue(), PICKLES_OF_OLD)
    return torch.load(file, map_location="cpu", weights_only=True)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():  # opening a pipe would wait until somebody writes into it
            raise ModelFileError(f"{path} is missing, or a folder, a pipe or a device; give the path of a checkpoint")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ModelFileError(
                f"{path} has more than {LARGEST_FILE >> 30} GiB; save the weights of its generator alone, and open that"
            )
        data = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    if not data:
        raise ModelFileError(f"{path} is empty (0 bytes); fetch it again from where it came from")
    return data
