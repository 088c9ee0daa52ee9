"""Puts versions of pictures side by side: `compare.py TARGET.png FOLDER FOLDER...`, one column for each folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CELL = (420, 294)
"""Width and height of the part of each picture that is shown, in pixels of the results."""
GAP, CAPTION = 6, 26

Picture = NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("columns", nargs="+", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    rows = [row([folder / source.name for folder in arguments.columns]) for source in sources(arguments.columns)]
    sheet = np.concatenate([captions([folder.name for folder in arguments.columns]), *rows])
    arguments.target.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())
    print(arguments.target)


def sources(columns: list[Path]) -> list[Path]:
    """The pictures that are in every folder."""
    return [
        path for path in sorted(columns[0].glob("*.png")) if all((folder / path.name).exists() for folder in columns)
    ]


def row(paths: list[Path]) -> Picture:
    """The middle of one picture in each version; smaller versions are enlarged by bicubic interpolation."""
    pictures = [read(path) for path in paths]
    height, width = max(picture.shape[:2] for picture in pictures)
    return beside([middle(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)) for picture in pictures])


def read(path: Path) -> Picture:
    """An image as 8-bit BGR, over white where it is transparent."""
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    pixels = (pixels / np.iinfo(pixels.dtype).max * 255).astype(np.float32)
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:] / 255
        pixels = pixels[..., :3] * alpha + 255 * (1 - alpha)
    return pixels.round().astype(np.uint8)


def middle(picture: Picture) -> Picture:
    """Cut out the middle, and fill up with white what is smaller."""
    height, width = picture.shape[:2]
    top, left = max(0, (height - CELL[1]) // 2), max(0, (width - CELL[0]) // 2)
    cut = picture[top : top + CELL[1], left : left + CELL[0]]
    cell = np.full((CELL[1], CELL[0], 3), 255, np.uint8)
    cell[: cut.shape[0], : cut.shape[1]] = cut
    return cell


def captions(names: list[str]) -> Picture:
    cells = [np.full((CAPTION, CELL[0], 3), 255, np.uint8) for _ in names]
    for cell, name in zip(cells, names, strict=True):
        cv2.putText(cell, name, (6, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return beside(cells)


def beside(cells: list[Picture]) -> Picture:
    gap = np.full((cells[0].shape[0], GAP, 3), 255, np.uint8)
    line = np.concatenate([part for cell in cells for part in (cell, gap)][:-1], axis=1)
    return np.concatenate([line, np.full((GAP, line.shape[1], 3), 255, np.uint8)])


if __name__ == "__main__":
    main()
