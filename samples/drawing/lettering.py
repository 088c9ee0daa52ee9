"""Our own stroke alphabet: capitals and figures on a grid eight high, for signs and posters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .canvas import Canvas, Colour, curve

GRID = 8
# Strokes are grid points "xy" (y down, 0 at the top); "~" smooths a stroke, in which a doubled point is a corner.
GLYPHS: dict[str, tuple[int, str]] = {
    "A": (6, "08-30-68 15-55"),
    "B": (5, "00-08 ~00-20-50-54-24-04 ~04-24-64-68-28-08"),
    "C": (6, "~62-60-00-08-68-66"),
    "D": (6, "00-08 ~00-20-60-68-28-08"),
    "E": (5, "50-00-08-58 04-44"),
    "F": (5, "50-00-08 04-44"),
    "G": (6, "~62-60-00-08-68-65-64 64-44"),
    "H": (6, "00-08 60-68 04-64"),
    "I": (0, "00-08"),
    "J": (5, "~50-54-58-08-06"),
    "K": (5, "00-08 50-05 23-58"),
    "L": (5, "00-08-58"),
    "M": (7, "08-00-35-45-70-78"),
    "N": (6, "08-00-68-60"),
    "O": (6, "~30-60-68-08-00-30"),
    "P": (5, "00-08 ~00-20-60-64-24-04"),
    "Q": (6, "~30-60-68-08-00-30 46-68"),
    "R": (5, "00-08 ~00-20-60-64-24-04 24-58"),
    "S": (6, "~62-60-00-04-64-68-08-06"),
    "T": (6, "00-60 30-38"),
    "U": (6, "~00-04-08-68-64-60"),
    "V": (6, "00-38-60"),
    "W": (8, "00-28-42-68-80"),
    "X": (6, "00-68 60-08"),
    "Y": (6, "00-34-60 34-38"),
    "Z": (6, "00-60-08-68"),
    "0": (5, "~30-50-58-08-00-30"),
    "1": (2, "02-20-28"),
    "2": (5, "~02-00-50-53-07-08-08 08-58"),
    "3": (5, "~01-00-50-54-14 ~14-54-58-08-07"),
    "4": (6, "48-40-06-66"),
    "5": (5, "50-00-03 ~03-43-63-68-08-07"),
    "6": (5, "~50-20-00-08-58-53-03-05"),
    "7": (5, "00-50-18"),
    "8": (5, "~20-50-54-04-00-20 ~24-54-58-08-04-24"),
    "9": (5, "~08-38-58-50-00-05-55-53"),
    "-": (3, "04-34"),
    ".": (0, "08-08"),
    "'": (0, "00-02"),
    "&": (6, "~68-10-00-30-50-52-04-08-38-65"),
    "+": (4, "04-44 22-26"),
    " ": (3, ""),
}


def width_of(text: str, height: float, spacing: float = 2.4, stretch: float = 1.0) -> float:
    """Returns how long the text is in pixels; `spacing` is the room between letters in eighths of the height."""
    units = sum(GLYPHS[letter][0] * stretch for letter in text) + spacing * (len(text) - 1)
    return units * height / GRID


def strokes(text: str, height: float, spacing: float = 2.4, stretch: float = 1.0) -> Iterator[NDArray[np.float64]]:
    """Yields the text's lines, (N, 2), its top left corner at the origin."""
    unit = height / GRID
    x = 0.0
    for letter in text:
        width, outline = GLYPHS[letter]
        for stroke in outline.split():
            points = np.array([(int(p[0]), int(p[1])) for p in stroke.lstrip("~").split("-")], np.float64)
            points = curve(points) if stroke.startswith("~") else points
            yield (points * (stretch, 1) + (x, 0)) * unit
        x += width * stretch + spacing


def write(
    canvas: Canvas,
    text: str,
    centre: tuple[float, float],
    length: float,
    height: float,
    colour: Colour,
    weight: float,
    spacing: float = 3.0,
) -> None:
    """Writes one line of text around a centre, stretched to a length; `weight` is the width of its strokes."""
    gaps = spacing * (len(text) - 1) * height / GRID
    stretch = (length - gaps) / (width_of(text, height, spacing) - gaps)
    corner = np.array(centre) - (length / 2, height / 2)
    for stroke in strokes(text, height, spacing, stretch):
        canvas.stroke(stroke + corner, colour, weight)
