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
from img2img.media.files import printable
from img2img.models.file import SUFFIX
from img2img.models.foreign.pickles import check_harmless

LARGEST_FILE = 4 << 30
"""Bytes of the largest checkpoint that is read; generators have less than 1 GB, and whole training states more."""


@dataclass(frozen=True)
class Content:
    """The content of a checkpoint."""

    table: Any
    """Tables of tensors, which may be nested, and anything else that the file holds."""
    size: int
    """Size of the file, in bytes."""
    sha256: str


def read_checkpoint(path: Path) -> Content:
    """Read a file of `torch.save` or safetensors.

    Raises:
        ModelFileError: The file cannot be read, is too large, is damaged, or holds more than data.
    """
    data = _read(path)
    try:
        if path.suffix.lower() == SUFFIX:
            table: Any = load_safetensors(data)
        else:
            check_harmless(data)
            table = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Img2ImgError as error:
        raise ModelFileError(f"{path} {error}") from error
    except Exception as error:  # torch and pickle raise anything where a file is damaged
        is_advice = isinstance(error, pickle.UnpicklingError)  # torch advises to run the code in the file
        reason = "" if is_advice else printable(str(error).partition("\n")[0][:200])
        raise ModelFileError(
            f"{path} is damaged, or its suffix is wrong: {reason or type(error).__name__}; fetch or save it again"
        ) from error
    return Content(table, len(data), hashlib.sha256(data).hexdigest())


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
