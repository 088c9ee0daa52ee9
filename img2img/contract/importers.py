"""This module is the contract of an importer, which opens the files of other programs as models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from img2img.contract.families import Translator


class Importer(ABC):
    """Opens files of some suffixes as models. It holds no state; one instance serves the whole program.

    Attributes:
        name: A word; it takes the place of the family's name in `img2img inspect` and in reports.
        summary: One line for `img2img models`.
        suffixes: Suffixes of the files that it opens, in lower case, with the dot.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def open(self, path: Path) -> Translator:
        """Open a file.

        Returns:
            A translator whose `generator` is a torch module on the CPU.

        Raises:
            ModelFileError: The file cannot be read, or its content does not match its suffix.
        """

    def about(self, path: Path) -> Mapping[str, Any]:
        """Return a file's description of itself, for `img2img inspect`, without executing anything in it.

        Returns:
            Values that JSON can hold, by name. `trained_on` and `license` mean what they mean in a model file.

        Raises:
            ModelFileError: As for `open`.
        """
        return {}
