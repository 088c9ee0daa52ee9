"""Where model files are found by name: those that come with the program, and those in the user's folder."""

from __future__ import annotations

import difflib
import os
from contextlib import suppress
from pathlib import Path

from platformdirs import user_data_path

from img2img.errors import ModelFileError

SUFFIX = ".safetensors"


def model_folders() -> list[Path]:
    """Folders that are searched, the first match wins: the user's (or $IMG2IMG_MODELS), then the bundled ones."""
    package = Path(__file__).parent
    own = os.environ.get("IMG2IMG_MODELS")
    return [
        Path(own) if own else user_data_path("img2img", appauthor=False) / "models",
        package / "models",  # in an installed wheel
        package.parent / "samples" / "models",  # in a checkout
    ]


def list_models() -> dict[str, Path]:
    """Return every model file that has a name."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            found.setdefault(path.stem, path)
    return found


def find_model(model: str | Path) -> Path:
    """Turn a path or a name into the path of a model file.

    Raises:
        ModelFileError: There is none; the message names those that there are.
    """
    with suppress(OSError):  # a name too long, a folder that is closed
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
