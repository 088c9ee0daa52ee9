"""Draws training data in the usual layouts, and finds one that a family reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from img2img.contract.families import ModelFamily
from img2img.errors import Img2ImgError
from img2img.media import Image, encode_image, write_file

if TYPE_CHECKING:
    from img2img.media import Pixels

SIDES = (72, 320)
"""The sides of the pictures that are tried: for small crops, and for those that defaults often have."""


def picture(seed: int, side: int, red: float = 0.5) -> Pixels:
    """Draw (side, side, 3) of uint8: waves around a colour, and some noise."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    planes = [np.sin(x * across + y * down + phase) for across, down, phase in chance.uniform(0.1, 0.8, (3, 3))]
    waves = np.stack(planes, -1) * 70 + chance.normal(0, 6, (side, side, 3))
    return np.uint8((waves + 255 * np.array([red, 0.5, 1 - red])).clip(0, 255))


def _side_by_side(root: Path, side: int) -> None:
    """Draw pictures whose right half is the negative of the left one, which serve as pairs and as photos."""
    for seed in range(6):
        left = picture(seed, side)
        _write(root / f"{seed}.png", np.concatenate([left, 255 - left], 1))


def _classes(root: Path, side: int) -> None:
    for label, name in enumerate(("cold", "mild", "warm")):
        for seed in range(3):
            _write(root / name / f"{seed}.png", picture(3 * label + seed, side, (label + 1) / 4))


def _domains(root: Path, side: int) -> None:
    for name, count in (("trainA", 4), ("trainB", 4), ("testA", 2), ("testB", 2)):
        for seed in range(count):
            pixels = picture(seed, side, 0.3)
            _write(root / name / f"{seed}.png", pixels if name.endswith("A") else pixels[..., ::-1])


def _source_and_target(root: Path, side: int) -> None:
    for seed in range(6):
        _write(root / "source" / f"{seed}.png", picture(seed, side))
        _write(root / "target" / f"{seed}.png", 255 - picture(seed, side))


LAYOUTS: Mapping[str, Callable[[Path, int], None]] = {
    "a folder of pictures, which are pairs side by side as well": _side_by_side,
    "a folder for each class": _classes,
    "trainA and trainB, with testA and testB": _domains,
    "source and target": _source_and_target,
}


class Unread(Exception):  # noqa: N818 - the family may know another layout
    """The family reads none of the drawn data; the text says how it refused each layout."""


def find_data(family: ModelFamily[Any, Any], options: Mapping[str, Any], folder: Path) -> Path:
    """Draw data below `folder`, in one layout after another, until the family reads what is there.

    Raises:
        Unread: The family refused all layouts.
        Exception: The family raised an error that is no refusal.
    """
    refusals: dict[str, Img2ImgError] = {}
    for side in SIDES:
        for number, (name, draw) in enumerate(LAYOUTS.items()):
            root = folder / f"{side}-{number}"
            draw(root, side)
            try:
                _read(family, options, root)
            except Img2ImgError as refusal:
                refusals[f"{name}, {side} pixels"] = refusal
                continue
            return root
    raise Unread("\n".join(f"  {name}: {refusal}".replace("\n", "\n    ") for name, refusal in refusals.items()))


def _read(family: ModelFamily[Any, Any], options: Mapping[str, Any], root: Path) -> None:
    config = family.configure(options, root)
    family.dataset(root, config, "train").sample(0, np.random.default_rng(0))
    family.dataset(root, config, "validation").sample(0, None)


def _write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, encode_image(Image(np.ascontiguousarray(pixels)), ".png").data)
