"""This module finds models by name, in the program and in the user's folder, and opens them."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from img2img.contract.families import Translator
from img2img.errors import Img2ImgError, ModelFileError, is_ctrl_c
from img2img.host.kinds import IMPORTERS
from img2img.models.downloads import check_download
from img2img.models.file import SUFFIX, ModelInfo, declared_traits, is_foreign, load_generator, read_info
from img2img.text import error_text

if TYPE_CHECKING:
    from img2img.contract.importers import Importer
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
    """Open a model file, a checkpoint of another training code, or a file for which there is an importer.

    Returns:
        The description of the model, and a translator on the CPU.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The file is damaged, no family recognises it, or no importer knows its suffix.
    """
    check_download(path)
    if importer := _importer(path, host):
        with _answering_for(importer, path):
            translator = importer.open(path)
            if not isinstance(translator, Translator):
                raise TypeError(f"it returned {translator!r}, which is no Translator")
        return replace(_imported(importer, path), scale=str(translator.traits.scale)), translator
    if _is_checkpoint(path):
        foreign = _open_checkpoint(path, host)
        return foreign.info, foreign.translator
    info = read_info(path)
    family, config, generator = load_generator(info, host)
    return info, family.translator(config, generator)


def describe_model(path: Path, host: PluginHost) -> ModelInfo:
    """Read the description of a model, of whatever kind, without executing anything in its file.

    Raises:
        ModelFileError: The file is damaged, no family recognises it, or no importer knows its suffix.
    """
    check_download(path)
    if importer := _importer(path, host):
        return _imported(importer, path)
    return _open_checkpoint(path, host).info if _is_checkpoint(path) else read_info(path)


def read_traits(path: Path, host: PluginHost) -> Traits | None:
    """Return the traits of a model without reading the weights of a model file.

    Returns:
        None for a file that an importer opens, since that may take long.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The file is damaged, or no family recognises it.
    """
    check_download(path)
    if _importer(path, host):
        return None
    if _is_checkpoint(path):
        return _open_checkpoint(path, host).translator.traits
    return declared_traits(read_info(path), host)


def _importer(path: Path, host: PluginHost) -> Importer | None:
    """Return the first importer that knows the suffix, built-ins before others; None for a file of tensors."""
    name = path.name.lower()
    if name.endswith(SUFFIX):
        return None
    importers = host.every(IMPORTERS)
    for importer in importers:
        if name.endswith(importer.suffixes):
            return importer
    if name.endswith(CHECKPOINTS):
        return None
    suffixes = sorted({*CHECKPOINTS} | {suffix for importer in importers for suffix in importer.suffixes})
    raise ModelFileError(
        f"{path} is no model: the name of a model ends in one of {', '.join([SUFFIX, *suffixes])}; rename the file to "
        "the suffix of its format, or see `img2img plugins`"
    )


def _is_checkpoint(path: Path) -> bool:
    return path.name.lower().endswith(CHECKPOINTS) or is_foreign(path)


def _open_checkpoint(path: Path, host: PluginHost) -> Foreign:
    from img2img.models.foreign import open_checkpoint

    return open_checkpoint(path, host)


def _imported(importer: Importer, path: Path) -> ModelInfo:
    with _answering_for(importer, path):
        about = dict(importer.about(path))
        config = json.dumps(about)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelInfo(
        path=path,
        family=importer.name,
        direction="forward",
        config=config,
        scale=str(about.get("scale", "?")),
        step=0,
        created_with=str(about.get("created_with", "")),
        trained_on=str(about.get("trained_on", "")),
        license=str(about.get("license", "")),
        sha256=digest,
        shapes={},
    )


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
