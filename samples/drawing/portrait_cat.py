"""A portrait of a tabby cat: fur of many fine strokes along its lie, eyes that reflect a window, whiskers."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .canvas import Canvas, Pixels, Plane, curve, ellipse, moved, soften
from .texture import mix_planes, noise, photograph, smoothstep

SIZE = (1120, 1600)
FACE = (800.0, 560.0)
NOSE = 680.0
EYES = ((640.0, 520.0), (960.0, 520.0))
Points = NDArray[np.float64]


def _mirrored(points: Points) -> Points:
    return np.concatenate([points, (points * (-1, 1) + (2 * FACE[0], 0))[::-1]])


def _head() -> Points:
    half = [
        (800, 232),
        (680, 222),
        (556, 290),
        (440, 420),
        (396, 550),
        (352, 676),
        (436, 770),
        (560, 840),
        (670, 896),
        (740, 916),
        (800, 916),
    ]
    return _mirrored(curve(half))


def _ear(side: int, inner: bool = False) -> Points:
    if inner:
        shape = curve([(480, 420), (446, 300), (472, 128), (474, 120), (580, 190), (690, 330)])
    else:
        shape = curve([(410, 480), (408, 300), (456, 66), (456, 66), (470, 60), (610, 160), (720, 290)])
    return shape if side < 0 else shape * (-1, 1) + (2 * FACE[0], 0)


def _body() -> Points:
    return _mirrored(curve([(800, 760), (560, 780), (420, 860), (330, 1000), (290, 1140), (800, 1140)]))


def _markings(x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """How dark the tabby's pattern is, in [0, 1]: bars on the brow, rings on the cheeks, stripes on the body."""
    wobble = noise(rng, SIZE, 90, 4)
    u, v = np.abs(x - FACE[0]) + 16 * wobble, y - FACE[1] + 16 * wobble
    brow = smoothstep(-60, -130, v) * smoothstep(260, 200, u)
    bars = brow * smoothstep(0.1, 0.75, np.cos(u / (11 + 0.012 * np.abs(v)))) * smoothstep(-360, -250, v)
    ring = np.hypot(u * 0.92, v + 40)
    cheek = smoothstep(225, 260, u) * smoothstep(0.25, 0.8, np.sin(ring / 13 + 0.8)) * smoothstep(240, 160, v)
    liner = np.exp(-(((u - 262 - 0.1 * v) / 60) ** 2) - ((v + 0.0 - 0.22 * (u - 200)) / 13) ** 2)
    trunk = smoothstep(300, 350, v) * smoothstep(110, 200, u) * smoothstep(0.0, 0.7, np.sin(v / 24 + u / 60))
    return np.asarray(np.clip(bars + cheek + liner + 0.8 * trunk, 0, 1), np.float32)


def _coat(rng: np.random.Generator) -> tuple[Plane, Plane]:
    """The colour of the fur at each pixel, (H, W, 3), and the light on it."""
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    u, v = np.abs(x - FACE[0]), y - FACE[1]
    patches = noise(rng, SIZE, 70, 4)
    coat = mix_planes((196, 132, 72), (226, 172, 112), 0.5 + 0.7 * patches)
    coat = mix_planes(coat, (92, 52, 28), 0.9 * _markings(x, y, rng))
    white = smoothstep(1.12, 0.86, np.hypot(u / 150, (v - 210) / 120) + 0.12 * patches)
    white = np.maximum(
        white, smoothstep(1.0, 0.7, np.hypot(u / (46 + 0.16 * np.maximum(v + 60, 0)), (v - 60) / 190) + 0.1 * patches)
    )
    bib = smoothstep(1.1, 0.8, np.hypot(u / 170, (v - 480) / 200) + 0.15 * patches)
    coat = mix_planes(coat, (255, 249, 238), np.maximum(white, bib))
    for ex, ey in EYES:
        lid = np.hypot((x - ex) / 112, (y - ey) / 84)
        coat = mix_planes(coat, (238, 214, 176), 0.75 * smoothstep(1.22, 1.05, lid))
    light = 0.88 + 0.30 * smoothstep(500, -520, (x - FACE[0]) * 0.9 + v * 0.9)
    light *= 1 - 0.42 * smoothstep(0.72, 1.12, np.hypot(u / 410, (v - 20) / 370)) * smoothstep(340, 200, v)
    light *= 1 - 0.45 * np.exp(-(((v - 372 + u * 0.25) / 70) ** 2))
    light *= 1 - 0.26 * np.exp(-(((u - 78) / 34) ** 2)) * smoothstep(150, 20, v) * smoothstep(-120, 0, v)
    light *= 1 - 0.5 * np.exp(-(((v - 214 - 0.0006 * u**2) / 16) ** 2)) * smoothstep(120, 60, u)
    return coat, np.asarray(light, np.float32)


def _lie(x: Points, y: Points) -> Points:
    """The direction in which the hair lies, in radians: away from the nose, downwards on the chest."""
    u, v = x - FACE[0], y - NOSE
    away = np.arctan2(v * 1.0, u)
    up = smoothstep(-20, -160, v) * smoothstep(150, 0, np.abs(u))
    away = away * (1 - up) + up * np.arctan2(-1.0, 0.4 * u / 100)
    chest = smoothstep(200, 270, v)
    return np.asarray(away * (1 - chest) + chest * (np.pi / 2 - 0.5 * u / 500))


def _spots(canvas: Canvas, rng: np.random.Generator, region: Points, count: int) -> Points:
    """Where hairs grow in a region: those far from the nose first, so that nearer ones lie on them."""
    spots = rng.uniform(region.min(axis=0), region.max(axis=0), (count, 2))
    x, y = np.clip(spots.astype(int), 0, (SIZE[1] - 1, SIZE[0] - 1)).T
    spots = spots[canvas.mask(region)[y, x] > 0.5]
    return np.asarray(spots[np.argsort(-np.hypot(spots[:, 0] - FACE[0], spots[:, 1] - NOSE))])


def _hair(
    canvas: Canvas, rng: np.random.Generator, region: Points, count: int, length: float, coat: Plane, light: Plane
) -> None:
    """Covers a region with hairs of the coat's colours, each dark at its root and light at its tip."""
    spots = _spots(canvas, rng, region, count)
    x, y = np.clip(spots.astype(int), 0, (SIZE[1] - 1, SIZE[0] - 1)).T
    number = len(spots)
    near = smoothstep(60, 360, np.hypot(spots[:, 0] - FACE[0], spots[:, 1] - NOSE))
    reach = length * (0.42 + 0.75 * near) * rng.uniform(0.6, 1.3, number)
    steps = np.linspace(0, 1, 5)
    angle = (_lie(*spots.T) + rng.normal(0, 0.2, number))[:, None] + rng.normal(0, 0.25, number)[:, None] * steps
    along = np.stack([np.cos(angle), np.sin(angle)], axis=2) * (reach[:, None] * steps)[..., None]
    hairs = spots[:, None] + along
    tones = coat[y, x] * (light[y, x] * rng.normal(1.0, 0.16, number))[:, None]
    roots, tips = np.clip(tones * 0.88, 0, 255), np.clip(tones * 1.12, 0, 255)
    for hair, root, tip in zip(hairs, roots.tolist(), tips.tolist(), strict=True):
        canvas.stroke(hair[:4], root, 2)
        canvas.stroke(hair[2:], tip, 1)


def _ears(canvas: Canvas, rng: np.random.Generator, coat: Plane, light: Plane) -> None:
    for side in (-1, 1):
        canvas.fill(_ear(side), (150, 96, 56))
        _hair(canvas, rng, _ear(side), 8000, 40, coat * (0.8, 0.74, 0.7), light)
        pink = canvas.mask(_ear(side, inner=True), blur=9)
        canvas.blend(pink, (206, 140, 122))
        canvas.shade(canvas.mask(moved(_ear(side, inner=True), 0, 50), blur=30) * pink, 0.58)
        for _ in range(80):
            x, y = rng.uniform(580, 690), rng.uniform(260, 360)
            tip = (x - rng.uniform(50, 120), y - rng.uniform(40, 120))
            strand = curve([(x, y), (x - 26, y - 40), tip], 2)
            strand = strand if side < 0 else strand * (-1, 1) + (2 * FACE[0], 0)
            canvas.stroke(strand, np.array((240, 214, 184)) * rng.uniform(0.7, 1.0), 2)


def _almond(x: float, y: float, side: int, grow: float = 1.0) -> Points:
    upper = curve([(-96, 22), (-70, -34), (0, -74), (72, -48), (92, -14)])
    lower = curve([(92, -14), (66, 42), (0, 62), (-60, 50), (-96, 22)])
    shape = np.concatenate([upper, lower]) * grow
    return shape * (-side, 1) + (x, y)


def _eye(canvas: Canvas, rng: np.random.Generator, x: float, y: float, side: int) -> None:
    canvas.blend(canvas.mask(_almond(x, y, side, 1.13), blur=3), (42, 26, 20))
    opening = canvas.mask(_almond(x, y, side))
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    away, around = np.hypot(columns - x, rows - y) / 76, np.arctan2(rows - y, columns - x)
    fibres = cv2.remap(
        noise(rng, (64, 720), (60, 5), 3, 0.7),
        ((around + np.pi) * 114).astype(np.float32),
        (away * 30).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    iris = mix_planes((232, 190, 66), (92, 146, 74), smoothstep(0.3, 0.95, away + 0.25 * fibres))
    iris = mix_planes(iris, (30, 44, 26), smoothstep(0.9, 1.12, away)) * (1 + 0.42 * fibres)[..., None]
    iris *= (0.62 + 0.6 * smoothstep(y - 70, y + 50, rows))[..., None]
    canvas.blend(opening, np.clip(iris, 0, 255))
    canvas.blend(canvas.mask(ellipse(x, y - 4, 31, 58), blur=2.5) * opening, (10, 10, 12))
    canvas.shade(canvas.mask(_almond(x, y - 88, side, 1.1), blur=10) * opening, 0.45)
    for dx in (-44, -19):
        pane = [(x + dx, y - 44), (x + dx + 20, y - 48), (x + dx + 20, y - 14), (x + dx, y - 12)]
        canvas.blend(canvas.mask(pane, blur=1.5) * opening, (246, 250, 255), 0.95)
    canvas.glow(canvas.mask(ellipse(x + 30, y + 34, 34, 12, -24), blur=7) * opening, (70, 80, 60))
    lower = _almond(x, y, side, 1.02)[50:]
    canvas.stroke(lower, (214, 176, 150), 3)


def _nose_and_mouth(canvas: Canvas) -> None:
    x, y = FACE[0], NOSE + 10
    shape = _mirrored(
        curve([(x, y - 34), (x - 46, y - 36), (x - 66, y - 20), (x - 44, y + 14), (x - 10, y + 34), (x, y + 36)])
    )
    canvas.shade(canvas.mask(moved(shape, 0, 12), blur=14), 0.6)
    canvas.blend(canvas.mask(shape, blur=2), (204, 122, 112))
    inner = canvas.mask(shape)
    canvas.glow(canvas.mask(ellipse(x - 10, y - 20, 34, 8), blur=7) * inner, (80, 70, 66))
    canvas.shade(canvas.mask(ellipse(x, y + 30, 50, 22), blur=12) * inner, 0.62)
    for side in (-1, 1):
        nostril = curve([(x + side * 16, y + 14), (x + side * 30, y - 2), (x + side * 48, y + 0)])
        canvas.stroke(nostril, (74, 34, 34), 8)
        lip = curve(
            [(x, y + 36), (x, y + 66), (x + side * 30, y + 96), (x + side * 84, y + 86), (x + side * 112, y + 58)]
        )
        canvas.blend(canvas.stroke_mask(lip, 8, blur=2.5), (74, 42, 36), 0.9)
        for row in range(3):
            for k in range(4):
                canvas.fill(ellipse(x + side * (66 + 26 * k + 6 * row), y + 18 + 19 * row - 3 * k, 4, 4), (120, 84, 66))


def _whiskers(canvas: Canvas, rng: np.random.Generator) -> None:
    for side in (-1, 1):
        for k in range(9):
            start = np.array((FACE[0] + side * (76 + 24 * (k % 4)), 706 + 15 * (k % 3)))
            angle = np.radians(-16 + 5.4 * k + rng.normal(0, 2))
            reach = rng.uniform(370, 520)
            along = np.array((side * np.cos(angle), np.sin(angle)))
            path = curve([start, start + along * reach * 0.55 - (0, 34), start + along * reach + (0, 40)], 5)
            third = len(path) // 3
            canvas.stroke(moved(path, 2, 5), (70, 44, 30), 1)
            canvas.stroke(path[: 2 * third], (255, 252, 244), 3)
            canvas.stroke(path[2 * third - 1 :], (255, 252, 244), 2)
        for k in range(4):
            x, y = EYES[(side + 1) // 2]
            brow = curve(
                [
                    (x + side * 12 * k, y - 104),
                    (x + side * (30 + 20 * k), y - 190),
                    (x + side * (90 + 34 * k), y - 250 + 12 * k),
                ]
            )
            canvas.stroke(brow, (250, 244, 232), 2)


def _room(canvas: Canvas, rng: np.random.Generator) -> None:
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    canvas.pixels[:] = mix_planes(
        (116, 138, 132), (34, 46, 54), (x + 0.7 * y) / 2100 + 0.15 * noise(rng, SIZE, 500, 2)
    ).astype(np.uint8)
    for _ in range(26):
        spot = ellipse(rng.uniform(0, 1600), rng.uniform(0, 900), *np.repeat(rng.uniform(34, 84), 2))
        canvas.glow(canvas.mask(spot, blur=9), rng.uniform((20, 18, 8), (60, 50, 26)), 0.7)
    canvas.pixels[:] = soften(canvas.pixels, 7).astype(np.uint8)


def draw(rng: np.random.Generator) -> Pixels:
    """Returns the picture, (1120, 1600, 3) RGB."""
    canvas = Canvas(*SIZE)
    _room(canvas, rng)
    coat, light = _coat(rng)
    canvas.fill(_body(), (120, 78, 46))
    _hair(canvas, rng, _body(), 20000, 74, coat, light * 0.92)
    _ears(canvas, rng, coat, light)
    canvas.fill(_head(), (150, 100, 62))
    _hair(canvas, rng, _head(), 60000, 50, coat, light)
    for side, (x, y) in zip((-1, 1), EYES, strict=True):
        _eye(canvas, rng, x, y, side)
    _nose_and_mouth(canvas)
    _whiskers(canvas, rng)
    return photograph(canvas.pixels, rng, grain=2.0)
