"""Knows where the images of the source and of the target stand in a folder of training data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from img2img.contract.families import Split
from img2img.datasets.files import hold_out, list_images
from img2img.errors import DataError
from img2img.media.formats import is_image_file

TWO_FOLDERS = """\
  trainA/ and trainB/, for validation valA/ and valB/ or testA/ and testB/
  train_A/ and train_B/, likewise
  train_label/ and train_img/, likewise
  A/ and B/, in each of them train/ and val/ or test/, or else the images themselves
  source/ and target/, likewise"""

_BESIDE = (("A", "B"), ("_A", "_B"), ("_label", "_img"))
_BELOW = (("A", "B"), ("source", "target"))


class Folders(NamedTuple):
    """The folders of the images of one kind: for training, and for validation if that has a folder of its own."""

    train: Path
    validation: Path | None


def parts_below(folder: Path) -> Folders:
    """Return `train` with `val` or `test` in a folder, or else the folder itself."""
    if (folder / "train").is_dir():
        return _parts(folder, "")
    return Folders(folder, None)


def parts_of_class(root: Path, name: str) -> Folders:
    """Return the folder of one class, in `train` with `val` or `test` where these exist, else in the root."""
    if (root / "train").is_dir():
        return _parts(root, f"/{name}")
    return Folders(root / name, None)


def two_domains(root: Path, source: str, target: str) -> tuple[Folders, Folders] | None:
    """Return the folders of source and target: the named ones, or those of the first known layout, or None.

    Raises:
        DataError: The root or a named folder does not exist.
    """
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; training data are given as a folder of images")
    if source or target:
        return _named(root, source, "source"), _named(root, target, "target")
    candidates = [
        *((_parts(root, a), _parts(root, b)) for a, b in _BESIDE),
        *((parts_below(root / a), parts_below(root / b)) for a, b in _BELOW),
    ]
    return next((pair for pair in candidates if all(folders.train.is_dir() for folders in pair)), None)


def images_of(folders: Folders, split: Split) -> list[Path]:
    """Return the images of one part; without a folder for validation, some of those for training are set aside."""
    if folders.validation is None:
        return hold_out(list_images(folders.train), split)
    return list_images(folders.train if split == "train" else folders.validation)


def any_image(paths: Iterable[Path]) -> bool:
    """Return whether one of the paths is an image."""
    return any(map(is_image_file, paths))


def unknown_layout(root: Path, layouts: str) -> DataError:
    """Make the error that shows which folders exist and which layouts are known."""
    held = sorted(path.name for path in root.iterdir())
    shown = ", ".join(held[:10]) + (", …" if len(held) > 10 else "")
    return DataError(
        f"{root} has none of the known layouts (it holds {shown or 'nothing'}). Name two folders inside of it with "
        f"-o source=FOLDER -o target=FOLDER, or arrange it as one of these:",
        *layouts.splitlines(),
    )


def _parts(root: Path, name: str) -> Folders:
    # Where both exist, `test` stays unseen, since validation chooses the best checkpoint.
    separate = (path for part in ("val", "test") if (path := root / f"{part}{name}").is_dir())
    return Folders(root / f"train{name}", next(separate, None))


def _named(root: Path, name: str, option: str) -> Folders:
    if not name:
        raise DataError(f"-o source=… and -o target=… go together; add -o {option}=FOLDER, a folder inside of {root}")
    if not (root / name).is_dir():
        raise DataError(f"there is no folder {root / name}; -o {option}=FOLDER names a folder inside of {root}")
    return parts_below(root / name)
