"""This module finds the importer that opens a file of another program, and puts what it does wrong into words."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from img2img.contract.families import Translator
from img2img.errors import Img2ImgError, ModelFileError, is_ctrl_c
from img2img.host.kinds import IMPORTERS
from img2img.models.file import ModelInfo
from img2img.text import error_text

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.contract.importers import Importer
    from img2img.host.declarations import Plugin
    from img2img.host.host import PluginHost

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A file that exactly one importer claims."""

    importer: Importer
    path: Path
    weights: Mapping[str, Tensor] | None = field(repr=False)
    refusals: tuple[ModelFileError, ...]
    """What the families said that know the file, but cannot open it."""

    def open(self) -> tuple[ModelInfo, Translator]:
        """Open the file.

        Raises:
            ModelFileError: The importer cannot; the message has the lines of earlier refusals, too.
        """
        try:
            with _answering_for(self.importer, self.path):
                translator = self.importer.open(self.path, self.weights)
                if not isinstance(translator, Translator):
                    raise TypeError(f"it returned {translator!r}, which is no Translator")
            return replace(self.describe(), scale=str(translator.traits.scale)), translator
        except ModelFileError as error:
            raise joined([error, *self.refusals]) from error

    def describe(self) -> ModelInfo:
        """Return the file's description of itself, without opening it.

        Raises:
            ModelFileError: The importer cannot read the file.
        """
        with _answering_for(self.importer, self.path):
            about = dict(self.importer.about(self.path, self.weights))
            config = json.dumps(about)
            with self.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ModelInfo(
            path=self.path,
            family=self.importer.name,
            direction="forward",
            config=config,
            scale=str(about.get("scale", "?")),
            step=0,
            created_with=str(about.get("created_with", "")),
            trained_on=str(about.get("trained_on", "")),
            license=str(about.get("license", "")),
            sha256=digest,
            shapes={name: tuple(tensor.shape) for name, tensor in (self.weights or {}).items()},
        )


def find_claim(
    path: Path, weights: Mapping[str, Tensor] | None, host: PluginHost, refusals: list[ModelFileError]
) -> Claim | None:
    """Ask the importers of a file's suffix whether they claim it.

    Args:
        path: The file.
        weights: Its tensors by name; None where it is no table of tensors.
        host: The host whose importers are asked.
        refusals: What the families said; what importers say is added.

    Returns:
        The claim of the only importer that claims the file, or None.

    Raises:
        ModelFileError: Several importers claim the file.
    """
    before = tuple(refusals)
    claims: list[tuple[Importer, Plugin]] = []
    for importer, plugin in host.providers(IMPORTERS):
        if not path.name.lower().endswith(importer.suffixes):
            continue
        try:
            if importer.claims(path, weights):
                claims.append((importer, plugin))
        except ModelFileError as error:
            refusals.append(error)
        except BaseException as error:  # a plugin may raise anything, even SystemExit
            if is_ctrl_c(error):
                raise
            log.warning("the importer %r failed to look at %s: %s", importer.name, path, error_text(error))
    if len(claims) > 1:
        raise ModelFileError(
            f"{path} is claimed by {' and '.join(f'{one.name} of {plugin}' for one, plugin in claims)}; choose one of "
            f"these plugins: img2img --plugins {claims[0][1].name} …"
        )
    return Claim(claims[0][0], path, weights, before) if claims else None


def joined(refusals: Iterable[ModelFileError]) -> ModelFileError:
    """Return one error with the lines of several, each once."""
    return ModelFileError(*dict.fromkeys(line for refusal in refusals for line in refusal.lines))


@contextmanager
def _answering_for(importer: Importer, path: Path) -> Iterator[None]:
    try:
        yield
    except Img2ImgError:
        raise
    except BaseException as error:  # a plugin may raise anything, even SystemExit
        if is_ctrl_c(error):
            raise
        raise ModelFileError(f"the importer {importer.name!r} cannot open {path}: {error_text(error)}") from error
