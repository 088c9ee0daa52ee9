"""This module finds models by name, in the program and in the user's folder, and opens them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_data_path

from img2img.errors import ModelFileError, UnknownModelError
from img2img.host.kinds import IMPORTERS
from img2img.models.downloads import check_download
from img2img.models.file import SUFFIX, ModelInfo, declared_traits, is_foreign, load_generator, read_info
from img2img.models.importers import Claim, find_claim, joined

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.contract.families import Translator
    from img2img.contract.traits import Traits
    from img2img.host.host import PluginHost
    from img2img.models.foreign import Foreign

CHECKPOINTS = (".pth", ".pt", ".ckpt")
"""Suffixes of files that `torch.save` wrote; the families find out what such a file holds."""


def model_folders() -> list[Path]:
    """Return the folders to search, in order: the user's folder (or $IMG2IMG_MODELS), then the bundled models."""
    package = Path(__file__).parents[1]
    own = os.environ.get("IMG2IMG_MODELS")
    return [
        Path(own) if own else user_data_path("img2img", appauthor=False) / "models",
        package / "bundled",  # in an installed wheel
        package.parent / "samples" / "models",  # in a checkout
    ]


def list_models() -> dict[str, Path]:
    """Return name to path of every model file in the folders."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            found.setdefault(path.stem, path)
    return found


def find_model(model: str | Path) -> Path:
    """Turn a path or a name into the path of a model file.

    Raises:
        ModelFileError: There is no such model; the message lists those that exist.
    """
    with suppress(OSError):  # the name is too long, or the folder forbidden
        if Path(model).is_file():
            return Path(model)
    models = list_models()
    if str(model) in models:
        return models[str(model)]
    near = difflib.get_close_matches(str(model), models, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ModelFileError(
        f"there is no model {str(model)!r}: no file of that path, and no model of that name; {hint}"
        f"named models: {', '.join(models) or 'none'} (put .safetensors files into {model_folders()[0]} to add more)"
    )


def open_model(path: Path, host: PluginHost) -> tuple[ModelInfo, Translator]:
    """Open a model file, a checkpoint of another training code, or a file that an importer claims.

    Returns:
        The description of the model, and a translator on the CPU.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The file is damaged, or no plugin takes it.
    """
    check_download(path)
    if is_own(path):
        info = read_info(path)
        family, config, generator = load_generator(info, host)
        return info, family.translator(config, generator)
    found = identify(path, host)
    return found.open() if isinstance(found, Claim) else (found.info, found.translator)


def describe_model(path: Path, host: PluginHost) -> ModelInfo:
    """Read the description of a model, of whatever kind, without executing anything in its file.

    Raises:
        ModelFileError: The file is damaged, or no plugin takes it.
    """
    check_download(path)
    if is_own(path):
        return read_info(path)
    found = identify(path, host)
    return found.describe() if isinstance(found, Claim) else found.info


def read_traits(path: Path, host: PluginHost) -> Traits | None:
    """Return the traits of a model without reading the weights of a model file.

    Returns:
        None for a file that an importer opens, since that may take long.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The file is damaged, or no plugin takes it.
    """
    check_download(path)
    if is_own(path):
        return declared_traits(read_info(path), host)
    found = identify(path, host)
    return None if isinstance(found, Claim) else found.translator.traits


def is_own(path: Path) -> bool:
    """Return whether a file is of the program's own format.

    Raises:
        ModelFileError: The header of a `.safetensors` file cannot be read.
    """
    return path.name.lower().endswith(SUFFIX) and not is_foreign(path)


def identify(path: Path, host: PluginHost, options: Mapping[str, Any] | None = None, part: str = "") -> Foreign | Claim:
    """Find out who opens the file of another program: the families are asked first, then the importers.

    Args:
        path: The file, which is read once if its suffix is that of tables of tensors.
        host: The host whose plugins are asked.
        options: Options of the family's config that the tensors do not determine.
        part: The name of one network, where the file holds several.

    Returns:
        The model that a family made of the file, or the claim of an importer.

    Raises:
        ModelFileError: The file is damaged, nobody takes it, or several do.
    """
    check_download(path)
    refusals: list[ModelFileError] = []
    weights: Mapping[str, Tensor] | None = None
    if path.name.lower().endswith((*CHECKPOINTS, SUFFIX)):
        from img2img.models.foreign import UndecidedError, make_foreign, read_checkpoint, tensors_of

        try:
            content = read_checkpoint(path)
            weights = tensors_of(content)
            return make_foreign(path, content, host, options or {}, part)
        except UndecidedError:
            raise
        except ModelFileError as error:
            refusals.append(error)
    if claim := find_claim(path, weights, host, refusals):
        return claim
    raise _nobody_takes(path, host, refusals)


def _nobody_takes(path: Path, host: PluginHost, refusals: list[ModelFileError]) -> ModelFileError:
    """Return the refusals of those who know the file; or else, what nobody knows of it."""
    if refusals:
        return joined([one for one in refusals if not isinstance(one, UnknownModelError)] or refusals)
    importers = host.every(IMPORTERS)
    if asked := [importer.name for importer in importers if path.name.lower().endswith(importer.suffixes)]:
        return ModelFileError(f"{path} is no file that {' or '.join(asked)} opens; see `img2img models`")
    suffixes = sorted({*CHECKPOINTS} | {suffix for importer in importers for suffix in importer.suffixes} - {SUFFIX})
    return ModelFileError(
        f"{path} is no model: the name of a model ends in one of {', '.join([SUFFIX, *suffixes])}; rename the file to "
        "the suffix of its format, or see `img2img plugins`"
    )
