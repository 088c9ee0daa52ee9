"""This module is the contract of an importer, which opens the files of other programs as models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.contract.families import Translator


class Importer(ABC):
    """Opens files of some suffixes as models. It holds no state; one instance serves the whole program.

    The core reads a file that holds a table of tensors (`.pth`, `.pt`, `.ckpt`, `.safetensors`) once, without executing
    anything in it, and asks the families first. What none of them takes is offered to the importers of its suffix. Each
    method gets the `weights` of such a file: its tensors on the CPU, by the names that stand in it; they may come from
    any program, or be made to do harm. For any other file, `weights` is None, and the importer reads the file itself.

    Attributes:
        name: A word; it takes the place of the family's name in `img2img inspect` and in reports.
        summary: One line for `img2img models`.
        suffixes: Suffixes of the files that it opens, in lower case, with the dot; other importers may have the same.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    def claims(self, path: Path, weights: Mapping[str, Tensor] | None) -> bool:
        """Say whether a file is one that this importer opens; by default, if it is no table of tensors.

        Raises:
            ModelFileError: The file is of a kind that the importer knows, but cannot open. The message names the file;
                the user reads it if nobody else opens the file.
        """
        return weights is None

    @abstractmethod
    def open(self, path: Path, weights: Mapping[str, Tensor] | None) -> Translator:
        """Open a file that the importer claims.

        Returns:
            A translator whose `generator` is a torch module on the CPU.

        Raises:
            ModelFileError: The file cannot be read, or its content does not match its suffix. The message names it.
        """

    def about(self, path: Path, weights: Mapping[str, Tensor] | None) -> Mapping[str, Any]:
        """Return a file's description of itself, for `img2img inspect`, without executing anything in it.

        Returns:
            Values that JSON can hold, by name. `trained_on` and `license` mean what they mean in a model file.

        Raises:
            ModelFileError: As for `open`.
        """
        return {}
