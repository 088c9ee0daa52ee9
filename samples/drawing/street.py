"""A street of gabled houses with shops: bricks, windows, signs, railings, a lamp and a cobbled pavement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Colour, Pixels, Plane, curve, ellipse, moved, rectangle
from .street_level import GROUND, IRON, awning, bicycle, lamp, pavement, shop_front
from .texture import mix, noise, photograph, smoothstep, vertical_gradient

SIZE = (1120, 1600)
WHITE = (236, 230, 216)


@dataclass(frozen=True)
class House:
    """One house: its walls from `left` to `right`, the eaves at `eaves`, and what its shop shows."""

    left: int
    right: int
    eaves: int
    gable: str
    wall: Colour
    trim: Colour
    shop: Colour
    sign: str
    columns: int
    rows: int
    bricks: bool = True

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


HOUSES = (
    House(-60, 352, 300, "steps", (168, 84, 62), WHITE, (38, 74, 62), "BOOKS", 3, 2),
    House(352, 790, 200, "bell", (222, 196, 148), WHITE, (150, 44, 40), "BAKERY", 3, 3, bricks=False),
    House(790, 1190, 330, "point", (122, 142, 150), WHITE, (32, 58, 96), "CAFE 21", 3, 2, bricks=False),
    House(1190, 1660, 236, "steps", (146, 76, 58), (226, 214, 190), (56, 50, 46), "CLOCKS", 3, 3),
)


def _outline(house: House) -> np.ndarray:
    left, right, top, x = house.left, house.right, house.eaves, house.middle
    if house.gable == "steps":
        steps: list[tuple[float, float]] = [(left, top)]
        for k in range(4):
            reach = left + (k + 1) * (right - left) * 0.1
            steps += [(reach, top - k * 56), (reach, top - (k + 1) * 56)]
        half = np.array(steps, np.float64)
    elif house.gable == "bell":
        half = curve(
            [
                (left, top),
                (left, top),
                (left + 90, top - 10),
                (left + 80, top - 130),
                (x - 50, top - 130),
                (x, top - 175),
            ]
        )
    else:
        half = np.array([(left, top), (x, top - 210)], np.float64)
    mirrored = half[::-1] * (-1, 1) + (left + right, 0)
    return np.concatenate([half, mirrored, [(right, GROUND), (left, GROUND)]])


def _brickwork(rng: np.random.Generator, colour: Colour) -> Pixels:
    """A wall of bricks, 48 by 22 pixels each with pale joints, as large as the canvas."""
    wall = Canvas(*SIZE, colour=mix(colour, (196, 180, 160), 0.55))
    for row, y in enumerate(range(0, GROUND, 22)):
        for x in range(-48, SIZE[1], 48):
            tone = np.asarray(colour) * rng.uniform(0.74, 1.16) + rng.uniform(-8, 8, 3)
            start = x + 24 * (row % 2)
            wall.fill(rectangle(start + 2, y + 2, start + 46, y + 20), np.clip(tone, 0, 255))
    return wall.pixels


def _wall(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    outline = _outline(house)
    mask = canvas.mask(outline)
    canvas.shade(canvas.mask(moved(outline, 16, 0), blur=12), 0.75)
    canvas.blend(mask, _brickwork(rng, house.wall) if house.bricks else np.full((*SIZE, 3), house.wall, np.float32))
    stains = noise(rng, SIZE, (260, 60), 5, 0.7)
    canvas.shade(mask, 1 + (0.13 if house.bricks else 0.11) * stains)
    for depth, colour in ((26, mix(house.trim, (0, 0, 0), 0.35)), (16, house.trim)):
        edge = outline[:-2]
        canvas.stroke(edge, colour, depth)
    attic = house.eaves - (70 if house.gable == "point" else 60)
    canvas.fill(ellipse(house.middle, attic, 46, 46), house.trim)
    canvas.fill(ellipse(house.middle, attic, 36, 36), (44, 52, 62))
    canvas.stroke([(house.middle - 36, attic), (house.middle + 36, attic)], house.trim, 6)
    canvas.stroke([(house.middle, attic - 36), (house.middle, attic + 36)], house.trim, 6)


def _glass(canvas: Canvas, box: tuple[float, float, float, float], rng: np.random.Generator, lit: bool) -> None:
    left, top, right, bottom = box
    pane = canvas.mask(rectangle(*box))
    shades = [(0, (120, 150, 176)), (1, (40, 54, 70))] if not lit else [(0, (255, 214, 140)), (1, (206, 140, 70))]
    canvas.blend(pane, _panes(box, shades))
    slant = rng.uniform(0.2, 0.6) * (right - left)
    shine = canvas.mask(
        [(left + slant, top), (left + slant + 36, top), (left + slant - 24, bottom), (left + slant - 60, bottom)],
        blur=3,
    )
    canvas.glow(shine * pane, (60, 66, 70), 0.3 if lit else 0.8)
    for side in (-1, 1):
        edge = left if side < 0 else right
        drape = curve(
            [
                (edge, top),
                (edge, top),
                (edge - side * 27, top + 10),
                (edge - side * 8, bottom),
                (edge, bottom),
                (edge, bottom),
            ]
        )
        canvas.blend(canvas.mask(drape) * pane, (214, 206, 190), 0.8)
        canvas.stroke([(edge - side * 9, top), (edge - side * 5, bottom)], (160, 154, 144), 3)


def _panes(box: tuple[float, float, float, float], shades: Sequence[tuple[float, Colour]]) -> Plane:
    top, bottom = box[1] / SIZE[0], box[3] / SIZE[0]
    return vertical_gradient(SIZE, [(top + place * (bottom - top), colour) for place, colour in shades])


def _window(canvas: Canvas, x: float, y: float, house: House, rng: np.random.Generator) -> None:
    wide, tall = 66.0, 94.0
    left, top, right, bottom = x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2
    canvas.shade(canvas.mask(rectangle(left - 8, top - 4, right + 26, bottom + 24), blur=8), 0.72)
    canvas.fill(rectangle(left - 9, top - 14, right + 9, bottom + 6), house.trim)
    canvas.fill(rectangle(left - 2, top - 2, right + 2, bottom), mix(house.trim, (0, 0, 0), 0.55))
    _glass(canvas, (left + 2, top + 6, right - 2, bottom - 2), rng, lit=rng.random() < 0.25)
    canvas.stroke([(x, top), (x, bottom)], house.trim, 8)
    for share in (0.34, 0.67):
        canvas.stroke([(left, top + share * tall), (right, top + share * tall)], house.trim, 6)
    canvas.shade(canvas.mask(rectangle(left, top - 2, right, top + 16), blur=5), 0.5)
    canvas.fill(rectangle(left - 16, bottom + 3, right + 16, bottom + 14), mix(house.trim, (255, 255, 255), 0.3))
    canvas.shade(canvas.mask(rectangle(left - 12, bottom + 14, right + 20, bottom + 24), blur=4), 0.6)
    canvas.fill(
        [(left - 13, top - 14), (right + 13, top - 14), (right + 20, top - 28), (left - 20, top - 28)], house.trim
    )
    canvas.stroke([(left - 14, top - 13), (right + 14, top - 13)], mix(house.trim, (0, 0, 0), 0.4), 4)


def _flower_box(canvas: Canvas, x: float, y: float, rng: np.random.Generator) -> None:
    canvas.fill(rectangle(x - 54, y, x + 54, y + 26), (92, 62, 42))
    for _ in range(150):
        px, py = rng.normal(x, 32), y + rng.normal(-10, 11)
        green = mix((34, 66, 26), (126, 158, 60), rng.random())
        canvas.fill(ellipse(px, py, rng.uniform(4, 8), rng.uniform(3, 5), rng.uniform(0, 180)), green)
    for _ in range(26):
        px, py = rng.normal(x, 34), y + rng.normal(-14, 10)
        canvas.fill(ellipse(px, py, 7, 7), mix((206, 40, 62), (255, 150, 160), rng.random()))


def _balcony(canvas: Canvas, left: float, right: float, y: float) -> None:
    canvas.shade(canvas.mask(rectangle(left, y, right + 20, y + 44), blur=9), 0.55)
    canvas.fill(rectangle(left - 10, y - 4, right + 10, y + 14), (196, 188, 172))
    for x in np.linspace(left, right, 15):
        canvas.stroke([(x, y), (x, y - 84)], IRON, 5)
    for k in np.linspace(left, right, 15)[:-1]:
        canvas.stroke(ellipse(k + (right - left) / 28, y - 66, 11, 14), IRON, 4)
    canvas.stroke([(left - 8, y - 86), (right + 8, y - 86)], IRON, 9)
    canvas.stroke([(left, y - 14), (right, y - 14)], IRON, 5)


def _storeys(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    first = house.eaves + 84
    last = 610
    for y in np.linspace(first, last, house.rows):
        for k in range(house.columns):
            x = house.left + (k + 0.5) * (house.right - house.left) / house.columns
            _window(canvas, x, y, house, rng)
            if house.sign == "BOOKS" and y == last:
                _flower_box(canvas, x, y + 62, rng)
    if house.sign == "CAFE 21":
        _balcony(canvas, house.left + 22, house.right - 22, last + 86)


def _sky(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.pixels[:] = vertical_gradient(SIZE, [(0, (96, 150, 204)), (0.35, (206, 222, 230)), (1, (226, 226, 220))])
    clouds = noise(rng, SIZE, (170, 520), 6, 0.55)
    canvas.blend(0.85 * smoothstep(0.0, 0.5, clouds), (250, 246, 240))


def _sunlight(canvas: Canvas) -> None:
    """The houses opposite throw the shadow of their roofs over the lower storeys."""
    roofs = [
        (-20, 1120),
        (-20, 800),
        (180, 660),
        (380, 800),
        (520, 800),
        (700, 640),
        (900, 790),
        (1080, 790),
        (1240, 640),
        (1420, 780),
        (1620, 760),
        (1620, 1120),
    ]
    shadow = canvas.mask(moved(roofs, 0, 40), blur=14)
    lit = canvas.mask(rectangle(0, 0, SIZE[1], SIZE[0]))
    canvas.shade(lit - shadow, (1.14, 1.07, 0.95))
    canvas.shade(shadow, (0.66, 0.70, 0.82))


def draw(rng: np.random.Generator) -> Pixels:
    """Returns the picture, (1120, 1600, 3) RGB."""
    canvas = Canvas(*SIZE)
    _sky(canvas, rng)
    for house in HOUSES:
        _wall(canvas, house, rng)
        _storeys(canvas, house, rng)
        shop_front(canvas, max(house.left, 6), min(house.right, SIZE[1] - 6), house.shop, house.sign, rng)
    awning(canvas, 372, 650, (176, 58, 50))
    awning(canvas, 806, 1062, (40, 74, 120))
    pavement(canvas, rng)
    _sunlight(canvas)
    bicycle(canvas, 1214, 1000)
    lamp(canvas, 760)
    return photograph(canvas.pixels, rng, grain=2.0)
