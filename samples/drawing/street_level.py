"""The lower part of the street: shop fronts, awnings, the pavement, a lamp and a bicycle."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Colour, curve, ellipse, moved, rectangle
from .lettering import write
from .texture import mix, noise

GROUND = 960
IRON = (30, 34, 36)


def shop_front(canvas: Canvas, left: float, right: float, colour: Colour, sign: str, rng: np.random.Generator) -> None:
    """Draws a shop's ground floor: sign board, display window and door."""
    top = 716
    canvas.fill(rectangle(left + 12, top, right - 12, GROUND), colour)
    canvas.shade(canvas.mask(rectangle(left + 12, GROUND - 60, right - 12, GROUND), blur=20), 0.7)
    door = right - 118
    _display(canvas, left + 36, top + 86, door - 22, GROUND - 52, rng)
    _door(canvas, door, top + 86, right - 34, colour)
    canvas.fill(rectangle(left + 4, top, right - 4, top + 68), mix(colour, (0, 0, 0), 0.25))
    canvas.stroke(rectangle(left + 12, top + 8, right - 12, top + 60), (206, 172, 104), 4, closed=True)
    write(canvas, sign, ((left + right) / 2, top + 34), (right - left) * 0.66, 34, (246, 226, 176), 8, 4.0)
    canvas.fill(rectangle(left - 2, top - 16, right + 2, top), mix(colour, (255, 255, 255), 0.35))
    canvas.shade(canvas.mask(rectangle(left + 4, top + 68, right - 4, top + 86), blur=6), 0.5)


def _display(canvas: Canvas, left: float, top: float, right: float, bottom: float, rng: np.random.Generator) -> None:
    canvas.fill(rectangle(left - 8, top - 8, right + 8, bottom + 10), (230, 220, 198))
    pane = canvas.mask(rectangle(left, top, right, bottom))
    canvas.blend(pane, (66, 50, 40))
    canvas.glow(
        canvas.mask(ellipse((left + right) / 2, top + 20, (right - left) * 0.5, 90), blur=30) * pane, (190, 130, 62)
    )
    for shelf in (top + 66, bottom - 4):
        x = left + 8
        while x < right - 26:
            wide, tall = rng.uniform(10, 24), rng.uniform(26, 52)
            goods = np.clip(mix((214, 150, 84), rng.uniform(20, 240, 3), 0.55), 0, 255)
            canvas.fill(rectangle(x, shelf - tall, x + wide, shelf), goods)
            canvas.stroke([(x + 3, shelf - tall + 3), (x + 3, shelf - 2)], mix(goods, (255, 255, 255), 0.4), 3)
            x += wide + rng.uniform(2, 9)
        canvas.stroke([(left, shelf + 2), (right, shelf + 2)], (196, 160, 110), 5)
    shine = canvas.mask([(left + 40, top), (left + 100, top), (left + 20, bottom), (left - 40, bottom)], blur=4)
    canvas.glow(shine * pane, (70, 76, 84), 0.7)
    canvas.stroke([((left + right) / 2, top), ((left + right) / 2, bottom)], (230, 220, 198), 7)


def _door(canvas: Canvas, left: float, top: float, right: float, colour: Colour) -> None:
    canvas.fill(rectangle(left - 8, top - 8, right + 8, GROUND), (230, 220, 198))
    canvas.fill(rectangle(left, top, right, GROUND), mix(colour, (255, 255, 255), 0.12))
    canvas.fill(rectangle(left + 13, top + 14, right - 13, top + 86), (58, 70, 82))
    canvas.glow(
        canvas.mask(
            [(left + 16, top + 80), (left + 46, top + 16), (left + 58, top + 16), (left + 26, top + 80)], blur=2
        ),
        (90, 96, 104),
    )
    canvas.stroke(rectangle(left + 13, top + 102, right - 13, GROUND - 12), mix(colour, (0, 0, 0), 0.5), 4, closed=True)
    canvas.fill(ellipse(right - 8, top + 98, 5, 5), (226, 190, 110))


def awning(canvas: Canvas, left: float, right: float, colour: Colour) -> None:
    """Draws a striped awning below the sign board, with its scalloped edge and its shadow."""
    top, bottom, stripes = 786, 852, 12
    canvas.shade(canvas.mask(rectangle(left, bottom, right, bottom + 60), blur=12), 0.5)
    upper = np.linspace(left + 26, right - 26, stripes + 1)
    lower = np.linspace(left, right, stripes + 1)
    for k in range(stripes):
        tone = colour if k % 2 else (244, 236, 220)
        canvas.fill([(upper[k], top), (upper[k + 1], top), (lower[k + 1], bottom), (lower[k], bottom)], tone)
        middle, reach = (lower[k] + lower[k + 1]) / 2, (lower[k + 1] - lower[k]) / 2
        canvas.fill(ellipse(middle, bottom, reach, 17, 0, 0, 180), mix(tone, (0, 0, 0), 0.12))
    canvas.shade(canvas.mask(rectangle(left, top, right, top + 18), blur=8), 0.7)


def pavement(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draws the kerb and the cobbles, which grow towards the viewer."""
    height, width = canvas.shape
    canvas.fill(rectangle(0, GROUND, width, height), (78, 72, 68))
    canvas.fill(rectangle(0, GROUND, width, GROUND + 18), (170, 160, 148))
    canvas.fill(rectangle(0, GROUND + 18, width, GROUND + 28), (96, 90, 84))
    y, row = float(GROUND + 30), 0
    while y < height:
        depth = 9 + 0.16 * (y - GROUND)
        long = 2.1 * depth
        for x in np.arange(-long * (1 + 0.5 * (row % 2)), width, long):
            tone = np.clip(np.array((142, 132, 124)) * rng.uniform(0.72, 1.14) + rng.uniform(-6, 6, 3), 0, 255)
            stone = rectangle(x + 2, y + 1.5, x + long - 2, y + depth - 1.5)
            canvas.fill(_rounded(stone), tone)
            canvas.stroke([(x + 6, y + 3), (x + long - 7, y + 3)], np.clip(tone * 1.22, 0, 255), max(2, depth / 9))
        y += depth
        row += 1
    area = canvas.mask(rectangle(0, GROUND, width, height))
    canvas.shade(area, 1 + 0.2 * noise(rng, canvas.shape, (60, 240), 4))
    canvas.shade(canvas.mask(rectangle(0, GROUND - 6, width, GROUND + 12), blur=6), 0.75)


def _rounded(corners: np.ndarray) -> np.ndarray:
    ring = []
    for k in range(4):
        here, after = corners[k], corners[(k + 1) % 4]
        step = (after - here) / np.hypot(*(after - here)) * 5
        ring += [here + step, after - step]
    return np.array(ring)


def lamp(canvas: Canvas, x: float) -> None:
    """Draws a street lamp in front of the houses."""
    foot, head = 1064.0, 424.0
    canvas.shade(canvas.mask(ellipse(x + 70, foot, 110, 12), blur=10), 0.55)
    for width, tone, dx in ((20, IRON, 0), (7, (92, 98, 100), -4)):
        canvas.stroke([(x + dx, foot - 8), (x + dx, head + 110)], tone, width)
    for y, rx in ((foot, 40), (foot - 24, 30), (foot - 120, 18), (head + 210, 16), (head + 116, 20)):
        canvas.fill(ellipse(x, y, rx, 10), IRON)
        canvas.stroke(ellipse(x, y - 2, rx - 5, 6, 0, 190, 270), (110, 116, 118), 3)
    canvas.stroke([(x - 62, head + 160), (x + 62, head + 160)], IRON, 8)
    for side in (-1, 1):
        canvas.stroke(
            curve([(x + side * 10, head + 210), (x + side * 60, head + 214), (x + side * 52, head + 164)]), IRON, 6
        )
    canvas.fill([(x - 34, head + 106), (x + 34, head + 106), (x + 56, head), (x - 56, head)], (255, 226, 160))
    canvas.glow(canvas.mask(ellipse(x, head + 54, 26, 40), blur=12), (60, 50, 40))
    for reach in (-1.0, -0.36, 0.36, 1.0):
        canvas.stroke([(x + reach * 34, head + 106), (x + reach * 56, head)], IRON, 6)
    canvas.fill([(x - 68, head + 4), (x + 68, head + 4), (x + 26, head - 46), (x - 26, head - 46)], IRON)
    canvas.fill(ellipse(x, head - 52, 12, 16), IRON)
    canvas.glow(canvas.mask(ellipse(x, head + 54, 120, 130), blur=60), (74, 52, 22))


def bicycle(canvas: Canvas, x: float, y: float) -> None:
    """Draws a bicycle that leans on a wall; `y` is the ground."""
    hub, radius, paint = y - 68, 66, (176, 44, 38)
    canvas.shade(canvas.mask(ellipse(x + 100, y, 190, 9), blur=6), 0.5)
    for centre in (x, x + 190):
        for angle in np.arange(0, np.pi, np.pi / 9):
            spoke = np.array((np.cos(angle), np.sin(angle))) * radius
            canvas.stroke([moved(spoke, centre, hub), moved(-spoke, centre, hub)], (190, 190, 186), 2)
        canvas.stroke(ellipse(centre, hub, radius, radius), (24, 24, 26), 9)
        canvas.stroke(ellipse(centre, hub, radius - 7, radius - 7), (196, 190, 176), 3)
    pedal, saddle, neck = (x + 86, hub + 12), (x + 62, hub - 104), (x + 162, hub - 106)
    for line in (
        ((x, hub), pedal, neck, saddle, (x, hub)),
        (pedal, (saddle[0] - 6, saddle[1] - 26)),
        ((x + 190, hub), (neck[0] - 8, neck[1] - 34)),
    ):
        canvas.stroke(line, paint, 9)
    canvas.stroke(
        curve(
            [(neck[0] - 60, hub - 150), (neck[0] - 10, hub - 146), (neck[0] + 10, hub - 150), (neck[0] + 6, hub - 116)]
        ),
        IRON,
        8,
    )
    canvas.fill(ellipse(saddle[0] - 10, saddle[1] - 30, 34, 10), (70, 44, 28))
    canvas.stroke(ellipse(*pedal, 19, 19), IRON, 5)
    canvas.stroke([(pedal[0] - 4, pedal[1] - 30), (pedal[0] + 4, pedal[1] + 30)], IRON, 5)
