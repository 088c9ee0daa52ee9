"""Makes domains to translate between of plain photos: `stylise.py PHOTOS TARGET STYLE STYLE...`.

The photos are dealt out in turn, so that no photo is in two domains; TARGET/STYLE holds those of a style, as PNG.
Styles: photo (as it is), painting and pencil (OpenCV's stylisation and pencil sketch), sepia.
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

SEPIA = np.array([[0.131, 0.534, 0.272], [0.168, 0.686, 0.349], [0.189, 0.769, 0.393]])
"""BGR to BGR."""

STYLES: dict[str, Callable[[Picture], Picture]] = {
    "photo": lambda photo: photo,
    "painting": lambda photo: cv2.stylization(photo, sigma_s=60, sigma_r=0.45),
    "pencil": lambda photo: cv2.pencilSketch(photo, sigma_s=60, sigma_r=0.07, shade_factor=0.05)[1],
    "sepia": lambda photo: cv2.transform(photo, SEPIA),
}


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
