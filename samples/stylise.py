"""Makes domains to translate between of plain photos: `stylise.py PHOTOS TARGET STYLE STYLE...`.

The photos are dealt out in turn, so that no photo is in two domains; TARGET/STYLE holds those of a style, as PNG.
Styles: photo (as it is), painting and pencil (OpenCV's stylisation and pencil sketch), sepia, cyanotype, night.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[Any]

LUMA = np.array([0.114, 0.587, 0.299])
"""Of BGR."""

STYLES: dict[str, Callable[[Picture], Picture]] = {
    "photo": lambda photo: photo,
    "painting": lambda photo: cv2.stylization(photo, sigma_s=60, sigma_r=0.45),
    "pencil": lambda photo: cv2.pencilSketch(photo, sigma_s=60, sigma_r=0.07, shade_factor=0.05)[1],
    "sepia": lambda photo: toned(photo, (0.75, 0.95, 1.1), 0.8),
    "cyanotype": lambda photo: toned(photo, (1.15, 0.85, 0.5), 1.2),
    "night": lambda photo: toned(photo, (0.6, 0.35, 0.25), 1.6),
}


def toned(photo: Picture, tone: tuple[float, float, float], gamma: float) -> Picture:
    """Grey, darkened by an exponent, and multiplied by a colour in BGR."""
    grey = (photo / 255 @ LUMA) ** gamma
    return (grey[..., None] * tone * 255).clip(0, 255).round().astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("styles", nargs="+", choices=STYLES)
    arguments = parser.parse_args()
    for index, path in enumerate(sorted(arguments.photos.iterdir())):
        style = arguments.styles[index % len(arguments.styles)]
        photo = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        if photo is None:
            print(f"{path} is no image, and left out")
            continue
        folder = arguments.target / style
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{path.stem}.png").write_bytes(cv2.imencode(".png", STYLES[style](photo))[1].tobytes())


if __name__ == "__main__":
    main()
