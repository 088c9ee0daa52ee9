"""Draws the sample images of this repository, each from a fixed seed: nothing in samples/images is foreign."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from drawing import garden, harbour, logo, portrait_cat, poster, relief, still_life, street
from drawing.texture import reduce
from numpy.typing import NDArray

Image = NDArray[Any]

OVERSAMPLING = 2
SCALE = 4


@dataclass(frozen=True)
class Scene:
    """How one sample comes about: its drawing, in RGB, RGBA or grey, and the seed of all that is random in it."""

    draw: Callable[[np.random.Generator], Image]
    seed: int


SCENES = {
    "garden": Scene(garden.draw, 4),
    "harbour": Scene(harbour.draw, 2),
    "logo": Scene(logo.draw, 1),
    "portrait_cat": Scene(portrait_cat.draw, 3),
    "poster": Scene(poster.draw, 1),
    "relief": Scene(relief.draw, 5),
    "still_life": Scene(still_life.draw, 1),
    "street": Scene(street.draw, 2),
}


def png(image: Image) -> bytes:
    """Returns the image, (H, W) grey or (H, W, 3 or 4) RGB(A) of 8 or 16 bits, as the bytes of a PNG file."""
    order = {2: slice(None), 3: np.r_[2, 1, 0, 3 : image.shape[-1]]}[image.ndim]
    encoded, data = cv2.imencode(".png", np.ascontiguousarray(image[..., order]), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not encoded:
        raise RuntimeError(f"OpenCV cannot encode an image of shape {image.shape} and type {image.dtype} as PNG")
    return data.tobytes()


def draw(scene: Scene) -> tuple[Image, Image]:
    """Returns the truth and the source of a scene; a source pixel is the rounded mean of 4 by 4 of the truth."""
    truth = reduce(scene.draw(np.random.default_rng(scene.seed)), OVERSAMPLING)
    return truth, reduce(truth, SCALE)


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"which to draw; all if none: {', '.join(SCENES)}")
    parser.add_argument("--output", type=Path, default=here / "images", help="folder for the sources (samples/images)")
    parser.add_argument("--truth", type=Path, help="folder for the same scenes four times larger; not written without")
    chosen = parser.parse_args()
    if unknown := set(chosen.scenes) - set(SCENES):
        parser.error(f"there is no scene {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    return chosen


def main() -> None:
    """Draws the scenes that the command line asks for."""
    chosen = arguments()
    folders = [folder for folder in (chosen.output, chosen.truth) if folder]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for name in chosen.scenes or SCENES:
        truth, source = draw(SCENES[name])
        for folder, image in zip(folders, (source, truth), strict=False):
            data = png(image)
            (folder / f"{name}.png").write_bytes(data)
            print(f"{folder / name}.png: {image.shape[1]}x{image.shape[0]}, {len(data)} bytes")


if __name__ == "__main__":
    main()
