"""The contract of an importer: it opens as models what other programs wrote."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from img2img.contract.families import Translator


class Importer(ABC):
    """Opens files of some suffixes as models. It holds no state; one instance serves the whole program."""

    name: ClassVar[str]
    """A word; stands where a model file has its family."""
    summary: ClassVar[str]
    """One line for `img2img models`."""
    suffixes: ClassVar[tuple[str, ...]]
    """Of the files that it opens, in lower case, with the dot."""

    @abstractmethod
    def open(self, path: Path) -> Translator:
        """Open a file.

        Returns:
            A translator whose `generator` is a torch module on the CPU.

        Raises:
            ModelFileError: It cannot be read, or is not what its name says.
        """

    def about(self, path: Path) -> Mapping[str, Any]:
        """Tell what a file says of itself, for `img2img inspect`, without executing anything in it.

        Returns:
            What JSON can hold. `trained_on` and `license` mean what they mean in a model file.

        Raises:
            ModelFileError: As for `open`.
        """
        return {}
