"""This module defines the importers `onnx` and `pt2`; it imports torch only when a file is opened."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import img2img
from img2img.errors import ModelFileError

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = (2 << 30) - 1
"""Bytes of the largest file; protobuf, the format of ONNX files, allows no more."""


class _FileImporter(img2img.Importer):
    """Opens a file from its bytes, so that the content that is checked is the content that is opened."""

    def open(self, path: Path, weights: Mapping[str, Tensor] | None) -> img2img.Translator:
        return self.open_bytes(_read(path), path, is_trusted=False)

    def about(self, path: Path, weights: Mapping[str, Tensor] | None) -> Mapping[str, Any]:
        return self.about_bytes(_read(path), path)

    @abstractmethod
    def open_bytes(self, data: bytes, path: Path, is_trusted: bool) -> img2img.Translator:
        """Open the content of a file, as `open` does; the file itself need not exist yet.

        Args:
            data: The content of the file.
            path: The path of the file, for messages.
            is_trusted: Whether the file was just made by this program.
        """

    @abstractmethod
    def about_bytes(self, data: bytes, path: Path) -> Mapping[str, Any]:
        """Return the description in the content of a file, as `about` does."""


class OnnxImporter(_FileImporter):
    """Opens ONNX files, which onnxruntime runs."""

    name = "onnx"
    summary = "ONNX files, run by onnxruntime"
    suffixes = (".onnx",)

    def open_bytes(self, data: bytes, path: Path, is_trusted: bool) -> img2img.Translator:
        from .onnx_file import open_onnx

        return open_onnx(data, path, is_trusted)

    def about_bytes(self, data: bytes, path: Path) -> Mapping[str, Any]:
        from .onnx_file import read_onnx, stored_declaration

        declaration = stored_declaration(read_onnx(data, path), path)
        return declaration.about() if declaration else {}


class ProgramImporter(_FileImporter):
    """Opens programs of torch.export, which torch runs."""

    name = "pt2"
    summary = "programs that torch.export wrote"
    suffixes = (".pt2",)

    def open_bytes(self, data: bytes, path: Path, is_trusted: bool) -> img2img.Translator:
        from .program_file import open_program

        return open_program(data, path)

    def about_bytes(self, data: bytes, path: Path) -> Mapping[str, Any]:
        from .archive import Archive
        from .program_file import stored_declaration

        declaration = stored_declaration(Archive(data, path))
        return declaration.about() if declaration else {}


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ModelFileError(f"{path} is larger than 2 GiB, which is not supported; export a smaller model")
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read the model file {path}: {error.strerror}") from error
