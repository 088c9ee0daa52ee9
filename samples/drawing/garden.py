"""A garden in summer: a branching tree full of leaves, a picket fence, flowers and grass before a soft distance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .canvas import Canvas, Colour, Pixels, curve, ellipse, rectangle, soften
from .texture import mix, noise, photograph, smoothstep, vertical_gradient

SIZE = (1120, 1600)
SUN = np.array((0.62, -0.78))
LAWN = 690


def _distance(canvas: Canvas, rng: np.random.Generator) -> None:
    """Sky, far trees and the lawn, out of focus."""
    canvas.pixels[:] = vertical_gradient(
        SIZE, [(0, (126, 178, 222)), (0.4, (214, 230, 232)), (0.62, (228, 232, 206)), (1, (90, 130, 50))]
    )
    canvas.blend(0.8 * smoothstep(0.05, 0.5, noise(rng, SIZE, (150, 420), 5)), (250, 250, 246))
    for base, tall, dark, light in (
        (600, 150, (112, 146, 120), (176, 196, 150)),
        (670, 190, (62, 100, 58), (150, 176, 92)),
    ):
        for _ in range(420):
            x, y = rng.uniform(-50, 1650), base - min(abs(rng.normal(0, 0.5)), 1.1) * tall
            tone = mix(dark, light, np.clip(rng.normal(0.35, 0.25) + (base - y) / tall * 0.3, 0, 1))
            canvas.fill(ellipse(x, y, rng.uniform(14, 46), rng.uniform(12, 34)), tone)
    lawn = vertical_gradient(SIZE, [(0.6, (150, 178, 84)), (0.75, (104, 146, 52)), (1, (40, 74, 22))])
    canvas.blend(canvas.mask(rectangle(0, 668, 1600, 1120), blur=5), lawn)
    canvas.shade(canvas.mask(rectangle(0, 660, 1600, 1120)), 1 + 0.3 * noise(rng, SIZE, (40, 260), 4))
    canvas.pixels[:] = np.clip(soften(canvas.pixels, 5), 0, 255).astype(np.uint8)


def _cottage(canvas: Canvas) -> None:
    canvas.fill(rectangle(1130, 452, 1500, 690), (222, 204, 176))
    canvas.shade(canvas.mask(rectangle(1130, 452, 1500, 500), blur=14), 0.72)
    canvas.fill([(1090, 470), (1540, 470), (1450, 300), (1180, 300)], (146, 82, 62))
    for k in range(9):
        y = 306 + 19 * k
        canvas.stroke([(1180 - 0.53 * (y - 300), y), (1450 + 0.53 * (y - 300), y)], (116, 62, 48), 4)
    canvas.fill(rectangle(1376, 230, 1424, 330), (160, 96, 76))
    canvas.fill(rectangle(1368, 222, 1432, 240), (188, 128, 104))
    for x in (1190, 1380):
        canvas.fill(rectangle(x - 10, 524, x + 84, 634), (246, 240, 226))
        canvas.fill(rectangle(x, 534, x + 74, 624), (62, 78, 92))
        canvas.glow(canvas.mask([(x + 10, 624), (x + 50, 534), (x + 66, 534), (x + 26, 624)], blur=3), (70, 74, 76))
        canvas.stroke([(x + 37, 534), (x + 37, 624)], (246, 240, 226), 7)
        canvas.stroke([(x, 579), (x + 74, 579)], (246, 240, 226), 6)
        for side in (-44, 90):
            canvas.fill(rectangle(x + side, 524, x + side + 28, 634), (74, 112, 108))
    canvas.fill(rectangle(1298, 560, 1352, 690), (74, 112, 108))
    canvas.shade(canvas.mask(rectangle(1130, 452, 1230, 690), blur=40), 0.82)
    canvas.pixels[200:700, 1060:1580] = np.clip(soften(canvas.pixels[200:700, 1060:1580], 2.2), 0, 255).astype(np.uint8)


def _branches(
    rng: np.random.Generator, start: np.ndarray, angle: float, length: float, width: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the tree's branches, each a line (N, 2) and its width along it (N,), from the fork to the twigs."""
    bend = angle + rng.normal(0, 0.16)
    middle = start + 0.5 * length * np.array((np.cos(angle), np.sin(angle)))
    end = middle + 0.5 * length * np.array((np.cos(bend), np.sin(bend)))
    yield curve([start, middle, end], 3), np.linspace(width, 0.72 * width, 10)
    if width < 5:
        return
    for side in (-1, 1) if rng.random() < 0.6 else (-1, 0, 1):
        turn = bend + side * rng.uniform(0.3, 0.62) + 0.06 * (-np.pi / 2 - bend)
        yield from _branches(rng, end, turn, length * rng.uniform(0.76, 0.92), width * rng.uniform(0.64, 0.72))


def _wood(canvas: Canvas, rng: np.random.Generator, branches: list[tuple[np.ndarray, np.ndarray]]) -> None:
    bark = np.zeros(SIZE, np.float32)
    for share, aside, tone in ((1.0, 0.0, (62, 46, 36)), (0.6, 0.16, (104, 80, 60)), (0.26, 0.27, (164, 134, 102))):
        for line, widths in branches:
            for k in range(len(line) - 1):
                canvas.stroke(line[k : k + 2] + SUN * widths[k] * aside, tone, widths[k] * share)
            if share == 1.0 and widths[0] > 12:
                bark = np.maximum(bark, canvas.stroke_mask(line, float(widths[-1])))
    canvas.shade(bark, 1 + 0.6 * noise(rng, SIZE, (80, 9), 4, 0.7))


def _leaf(canvas: Canvas, at: np.ndarray, size: float, angle: float, tone: Colour) -> None:
    along = np.array((np.cos(angle), np.sin(angle)))
    across = np.array((-along[1], along[0]))
    tip = at + along * size
    low, high = at + along * size * 0.28, at + along * size * 0.66
    half = [at, low + across * size * 0.24, high + across * size * 0.22, tip]
    canvas.fill([*half, high - across * size * 0.22, low - across * size * 0.24], np.clip(tone, 0, 255))
    canvas.fill(half, np.clip(np.asarray(tone) * 1.18, 0, 255))


def _crown(canvas: Canvas, rng: np.random.Generator, tips: np.ndarray, front: bool) -> None:
    """Leaves around the ends of the twigs: dark ones behind and below, light ones towards the sun."""
    centre = np.mean(tips, axis=0)
    reach = np.std(tips, axis=0) * 2
    count = 13 if front else 15
    for tip in tips[rng.permutation(len(tips))]:
        facing = float(((tip - centre) / reach) @ SUN)
        for _ in range(count):
            at = tip + rng.normal(0, 26 if front else 34, 2)
            sun = np.clip(0.42 + 0.42 * facing + rng.normal(0, 0.2) + 0.006 * float((at - tip) @ SUN), 0, 1)
            sun = sun if front else 0.45 * sun
            tone = (
                mix((28, 52, 20), (92, 138, 42), sun * 1.8)
                if sun < 0.55
                else mix((92, 138, 42), (206, 222, 104), (sun - 0.55) * 2)
            )
            _leaf(canvas, at, rng.uniform(14, 25), rng.uniform(0, 2 * np.pi), tone)


def _fence(canvas: Canvas, y: float) -> None:
    paint, shade = (240, 236, 222), (176, 180, 176)
    for rail in (y - 118, y - 48):
        canvas.fill(rectangle(-10, rail, 1610, rail + 20), shade)
        canvas.fill(rectangle(-10, rail, 1610, rail + 13), paint)
    for x in np.arange(10.0, 1620.0, 58.0):
        canvas.shade(canvas.mask(rectangle(x - 26, y - 150, x + 16, y), blur=5), 0.84)
        picket = [(x - 17, y), (x - 17, y - 152), (x, y - 178), (x + 17, y - 152), (x + 17, y)]
        canvas.fill(picket, shade)
        canvas.fill([(x - 8, y), (x - 8, y - 156), (x, y - 172), (x + 16, y - 150), (x + 16, y)], paint)
    canvas.shade(canvas.mask(rectangle(0, y - 40, 1600, y + 20), blur=24), (0.78, 0.86, 0.66))


def _grass(canvas: Canvas, rng: np.random.Generator, top: float, bottom: float, count: int) -> None:
    for y in np.sort(rng.uniform(top, bottom, count)):
        near = (y - LAWN) / (1180 - LAWN)
        x, tall = rng.uniform(-20, 1620), (20 + 92 * near) * rng.uniform(0.6, 1.3)
        lean = rng.normal(0.12, 0.3) * tall
        sun = np.clip(rng.normal(0.5, 0.24), 0, 1)
        tone = mix(mix((34, 66, 20), (24, 52, 16), near), mix((176, 200, 84), (140, 178, 58), near), sun)
        blade = curve([(x, y), (x + 0.15 * lean, y - 0.6 * tall), (x + lean, y - tall)], 3)
        canvas.stroke(blade, tone, 2 + 4.5 * near)
        canvas.stroke(blade[len(blade) // 2 :], np.clip(tone * 1.22, 0, 255), 1 + 2.5 * near)


def _blossom(
    canvas: Canvas, rng: np.random.Generator, x: float, y: float, size: float, petals: int, tone: Colour, heart: Colour
) -> None:
    squash, turn = rng.uniform(0.55, 0.95), rng.uniform(0, 360)
    broad = 1.9 / petals
    for k in range(petals):
        angle = np.radians(turn + 360 / petals * k)
        along = np.array((np.cos(angle), squash * np.sin(angle)))
        light = 0.80 + 0.22 * float(along @ SUN)
        middle = np.array((x, y)) + along * size * 0.62
        tilt = float(np.degrees(np.arctan2(along[1], along[0])))
        long = size * 0.42 * np.hypot(*along)
        canvas.fill(
            ellipse(middle[0], middle[1], long + 1, size * (broad + 0.04), tilt),
            np.clip(np.asarray(tone) * light * 0.74, 0, 255),
        )
        canvas.fill(
            ellipse(middle[0] + 1, middle[1] - 1, long, size * broad, tilt),
            np.clip(np.asarray(tone) * light * 1.12, 0, 255),
        )
    canvas.fill(ellipse(x, y, size * 0.27, size * 0.27 * squash), np.asarray(heart) * 0.66)
    canvas.fill(ellipse(x + size * 0.05, y - size * 0.05, size * 0.2, size * 0.2 * squash), heart)


def _flowers(canvas: Canvas, rng: np.random.Generator) -> None:
    kinds = (
        (12, (250, 248, 240), (240, 186, 40)),
        (11, (164, 120, 214), (244, 206, 84)),
        (10, (255, 214, 70), (150, 84, 30)),
        (7, (230, 62, 58), (70, 34, 40)),
    )
    for y in np.sort(rng.uniform(LAWN + 130, 1090, 56)):
        near = (y - LAWN) / (1120 - LAWN)
        x, size = rng.uniform(0, 1600), 15 + 42 * near * rng.uniform(0.75, 1.15)
        foot = y + size * 3.4
        sway = rng.normal(0, size * 0.5)
        canvas.stroke(
            curve([(x, y), (x + sway, (y + foot) / 2), (x + sway * 0.4, foot)]), (46, 84, 26), max(3, size * 0.13)
        )
        _blossom(canvas, rng, x, y, size, *kinds[int(rng.integers(0, 4))])


def draw(rng: np.random.Generator) -> Pixels:
    """Returns the picture, (1120, 1600, 3) RGB."""
    canvas = Canvas(*SIZE)
    _distance(canvas, rng)
    _cottage(canvas)
    _fence(canvas, LAWN + 60)
    trunk = curve([(426, 742), (446, 700), (436, 640), (444, 560)], 3), np.linspace(118, 62, 18)
    branches = list(_branches(rng, np.array((444.0, 566.0)), -np.pi / 2, 100, 60))
    tips = np.array([line[-1] for line, widths in branches if widths[0] < 16])
    canvas.shade(canvas.mask(ellipse(360, 800, 420, 40), blur=20), (0.5, 0.58, 0.5))
    _crown(canvas, rng, tips, front=False)
    _wood(canvas, rng, [trunk, *branches])
    _crown(canvas, rng, tips, front=True)
    _grass(canvas, rng, LAWN + 66, 1010, 2600)
    _flowers(canvas, rng)
    _grass(canvas, rng, 1080, 1200, 260)
    return photograph(canvas.pixels, rng, grain=2.0)
