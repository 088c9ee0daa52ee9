"""A concert poster on a plastered wall: type in several sizes, fine lines and a halftone sun."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, ellipse, moved, rectangle
from .lettering import write
from .texture import noise, photograph, smoothstep

SIZE = (1120, 1600)
INK = (28, 38, 66)
RED = (206, 66, 44)
CREAM = (240, 229, 205)
TEAL = (44, 122, 126)


def _halftone(canvas: Canvas, x: float, y: float, radius: float) -> None:
    pitch = 32.0
    turn = np.radians(45)
    steps = np.arange(-12, 13)
    for i in steps:
        for j in steps:
            dx = pitch * (i * np.cos(turn) - j * np.sin(turn))
            dy = pitch * (i * np.sin(turn) + j * np.cos(turn))
            if np.hypot(dx, dy) > radius - 12:
                continue
            size = pitch * (0.22 + 0.42 * (dy + radius) / (2 * radius))
            canvas.fill(ellipse(x + dx, y + dy, size, size), RED)


def _records(canvas: Canvas, x: float, y: float) -> None:
    for ring, radius in enumerate(range(84, 330, 24)):
        canvas.stroke(ellipse(x, y, radius, radius), INK, 5 if ring % 4 else 10)
    canvas.fill(ellipse(x, y, 64, 64), RED)
    canvas.fill(ellipse(x, y, 11, 11), CREAM)


def _piano(canvas: Canvas, left: float, top: float, right: float, bottom: float) -> None:
    keys = 14
    edges = np.linspace(left, right, keys + 1)
    canvas.fill(rectangle(left, top, right, bottom), CREAM)
    for edge in edges:
        canvas.stroke([(edge, top), (edge, bottom)], INK, 4)
    for key in range(keys):
        if key % 7 in (0, 1, 3, 4, 5):
            x = edges[key + 1]
            canvas.fill(rectangle(x - 17, top, x + 17, top + 0.62 * (bottom - top)), INK)
    canvas.stroke(rectangle(left, top, right, bottom), INK, 6, closed=True)


def _picture(canvas: Canvas) -> None:
    canvas.fill(rectangle(820, 122, 1450, 850), TEAL)
    for k in range(27):
        y = 130 + 27 * k
        canvas.stroke([(820, y), (1450, y)], (36, 104, 110), 5)
    canvas.fill(ellipse(1060, 390, 240, 240), CREAM)
    _halftone(canvas, 1060, 390, 240)
    disc = canvas.mask(ellipse(1250, 640, 336, 336))
    disc *= canvas.mask(rectangle(820, 122, 1450, 850))
    layer = Canvas(*SIZE, colour=CREAM)
    _records(layer, 1250, 640)
    canvas.blend(disc, layer.pixels)
    canvas.stroke(rectangle(820, 122, 1450, 850), INK, 8, closed=True)


def _type(canvas: Canvas) -> None:
    write(canvas, "HARBOUR", (452, 178), 570, 100, INK, 21, 4.2)
    write(canvas, "JAZZ", (452, 375), 560, 190, RED, 40, 3.0)
    write(canvas, "NIGHTS", (452, 560), 570, 100, INK, 21, 4.2)
    for k, width in enumerate((4, 4, 4, 10)):
        canvas.stroke([(155, 652 + 18 * k), (750, 652 + 18 * k)], INK, width)
    write(canvas, "FRI 12 - SUN 14 JUNE", (452, 764), 590, 48, INK, 8, 2.6)
    write(canvas, "PIER 7 + OLD ROPE WALK", (452, 836), 590, 40, TEAL, 7, 2.4)
    write(canvas, "DOORS OPEN AT 8. CHILDREN FREE", (800, 910), 1270, 32, INK, 7, 6.0)


def draw(rng: np.random.Generator) -> np.ndarray:
    """Returns the picture, (1120, 1600, 3) RGB."""
    canvas = Canvas(*SIZE, colour=(176, 160, 142))
    plaster = noise(rng, SIZE, 60, 6, 0.75)
    canvas.shade(np.ones(SIZE, np.float32), 1 + 0.16 * plaster)
    sheet = rectangle(96, 62, 1508, 1058)
    canvas.shade(canvas.mask(moved(sheet, 20, 30), blur=24), 0.45)
    paper = Canvas(*SIZE, colour=CREAM)
    _picture(paper)
    _type(paper)
    _piano(paper, 150, 955, 1454, 1025)
    fibres = noise(rng, SIZE, 9, 3, 0.8)
    crease = smoothstep(40, 0, np.abs(np.arange(1600, dtype=np.float32) - 792))
    paper.shade(np.ones(SIZE, np.float32), 1 + 0.05 * fibres - 0.07 * crease[None, :])
    canvas.blend(canvas.mask(sheet), paper.pixels)
    x = np.linspace(0, 1, SIZE[1], dtype=np.float32)[None, :]
    y = np.linspace(0, 1, SIZE[0], dtype=np.float32)[:, None]
    canvas.shade(np.ones(SIZE, np.float32), 1.12 - 0.26 * smoothstep(0.3, 1.7, x + y))
    return photograph(canvas.pixels, rng, vignette=0.12)
