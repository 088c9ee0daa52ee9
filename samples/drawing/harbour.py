"""A harbour at sunset: sailing boats with their rigging, a jetty, a lighthouse, and all of it mirrored in ripples."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .canvas import Canvas, Colour, Pixels, Plane, curve, ellipse, moved, rectangle, soften
from .texture import mix, mix_planes, noise, photograph, smoothstep, vertical_gradient

SIZE = (1120, 1600)
HORIZON = 560
SUN = (1010, 486)
CURRENT = 26.0
Moves = tuple[Plane, Plane, Plane]


@dataclass(frozen=True)
class Boat:
    """A sailing boat: `x` its middle, `y` its waterline, `length` of the hull, `mast` in lengths, `speed` in a film."""

    x: float
    y: float
    length: float
    mast: float
    hull: Colour
    stripe: Colour
    sails: bool = False
    speed: float = 0.0

    def moved_by(self, second: float) -> tuple[float, float]:
        """Returns how far it has come to the right, and how far down the swell has it."""
        return self.speed * second, 0.005 * self.length * np.sin(2.3 * second)


BOATS = (
    Boat(1290, 596, 190, 1.5, (92, 52, 58), (230, 200, 180), sails=True),
    Boat(760, 606, 150, 1.5, (60, 50, 70), (220, 190, 170), sails=True, speed=84),
    Boat(1190, 742, 420, 1.32, (148, 44, 40), (244, 226, 200)),
    Boat(500, 850, 610, 1.24, (36, 62, 92), (246, 232, 208)),
)


def _sky(canvas: Canvas, rng: np.random.Generator) -> None:
    stops = [
        (0, (58, 84, 136)),
        (0.2, (132, 128, 160)),
        (0.36, (232, 162, 130)),
        (0.47, (255, 206, 132)),
        (0.5, (255, 222, 160)),
        (1, (255, 222, 160)),
    ]
    canvas.pixels[:] = vertical_gradient(SIZE, stops)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    away = np.hypot((x - SUN[0]) / 1.5, y - SUN[1])
    canvas.glow(np.exp(-away / 170).astype(np.float32), (90, 60, 20))
    clouds = noise(rng, SIZE, (90, 620), 6, 0.6)
    cover = smoothstep(0.02, 0.45, clouds) * smoothstep(540, 300, y)
    under = smoothstep(-0.01, 0.1, clouds - np.roll(clouds, -14, axis=0))
    canvas.blend(0.8 * cover, mix_planes((122, 96, 126), (255, 176, 120), under))
    canvas.blend(canvas.mask(ellipse(*SUN, 46, 46), blur=2), (255, 250, 222))


def _coast(canvas: Canvas, rng: np.random.Generator) -> None:
    x = np.linspace(-10, 1610, 120)
    for height, colour, shift in ((120, (190, 134, 134), 0.0), (74, (138, 96, 114), 2.0)):
        bumps = np.interp(x, np.linspace(-10, 1610, 24), rng.uniform(-1, 1, 24))
        top = HORIZON - height * (0.45 + 0.35 * np.sin(x / 260 + shift)) - 14 * bumps
        ridge = np.stack([x, np.minimum(top, HORIZON - 8)], axis=1)
        canvas.fill(np.concatenate([ridge, [(1610, HORIZON), (-10, HORIZON)]]), colour)
    left = 20.0
    while left < 620:
        wide, tall = rng.uniform(34, 64), rng.uniform(30, 64)
        wall = mix((104, 66, 84), (186, 116, 104), rng.random())
        canvas.fill(rectangle(left, HORIZON - tall, left + wide, HORIZON + 2), wall)
        roof = [(left - 4, HORIZON - tall), (left + wide / 2, HORIZON - tall - 24), (left + wide + 4, HORIZON - tall)]
        canvas.fill(roof, mix(wall, (70, 30, 40), 0.55))
        for k in np.arange(left + 10, left + wide - 8, 16):
            for y in np.arange(HORIZON - tall + 10, HORIZON - 12, 20):
                canvas.fill(rectangle(k, y, k + 8, y + 11), (255, 214, 130) if rng.random() < 0.5 else (70, 50, 70))
        left += wide + rng.uniform(-2, 8)


def _lighthouse(canvas: Canvas, x: float) -> None:
    foot, top = HORIZON + 6, 250
    canvas.fill([(x - 190, foot + 4), (x - 110, foot - 34), (x + 90, foot - 40), (x + 210, foot + 4)], (66, 48, 58))
    for k in range(6):
        low, high = foot - 30 - k * 44, foot - 30 - (k + 1) * 44
        reach, over = 40 - k * 3, 40 - (k + 1) * 3
        tone = (236, 216, 198) if k % 2 else (186, 62, 54)
        canvas.fill([(x - reach, low), (x + reach, low), (x + over, high), (x - over, high)], tone)
    canvas.shade(
        canvas.mask([(x + 4, foot - 30), (x + 40, foot - 30), (x + 22, top + 10), (x + 4, top + 10)], blur=9), 0.62
    )
    canvas.fill(rectangle(x - 34, top - 4, x + 34, top + 10), (52, 42, 52))
    for k in np.linspace(-32, 32, 7):
        canvas.stroke([(x + k, top - 4), (x + k, top - 26)], (52, 42, 52), 3)
    canvas.stroke([(x - 32, top - 26), (x + 32, top - 26)], (52, 42, 52), 4)
    canvas.fill(rectangle(x - 17, top - 48, x + 17, top - 4), (255, 240, 180))
    canvas.stroke([(x, top - 48), (x, top - 4)], (52, 42, 52), 4)
    canvas.fill([(x - 26, top - 46), (x + 26, top - 46), (x, top - 80)], (150, 44, 44))
    canvas.glow(canvas.mask(ellipse(x, top - 26, 46, 46), blur=24), (110, 90, 50))


def _hull(layer: Canvas, boat: Boat) -> None:
    x, y, half = boat.x, boat.y, boat.length / 2
    tall = boat.length * 0.155
    keel = [
        (x - half, y - tall * 0.9),
        (x - half * 0.86, y + 4),
        (x - half * 0.86, y + 4),
        (x + half * 0.66, y + 4),
        (x + half * 0.7, y + 4),
    ]
    bow = [(x + half * 0.9, y - tall * 0.4), (x + half * 1.06, y - tall * 1.25), (x + half * 1.06, y - tall * 1.25)]
    deck = curve([(x + half * 1.06, y - tall * 1.25), (x, y - tall * 0.72), (x - half, y - tall * 0.9)])
    shell = np.concatenate([curve(keel + bow), deck])
    layer.fill(shell, boat.hull)
    area = layer.mask(shell)
    layer.shade(area * layer.mask(rectangle(x - half, y - tall * 0.35, x + half, y + 8), blur=tall * 0.2), 0.62)
    layer.glow(
        area * layer.mask(ellipse(x + half * 0.5, y - tall * 0.7, half * 0.6, tall * 0.3), blur=tall * 0.2),
        (110, 62, 30),
    )
    for drop, tone, width in ((0.0, boat.stripe, 0.1), (0.2, boat.stripe, 0.05)):
        layer.stroke(moved(deck, 0, drop * tall), tone, max(2, width * tall))
    layer.stroke(
        [(x - half * 0.88, y - 2), (x + half * 0.72, y - 2)], mix(boat.hull, (0, 0, 0), 0.5), max(2, tall * 0.1)
    )


def _cabin(layer: Canvas, boat: Boat) -> None:
    x, y, half, tall = boat.x - boat.length * 0.06, boat.y - boat.length * 0.115, boat.length / 2, boat.length * 0.075
    house = [
        (x - half * 0.5, y + tall * 0.3),
        (x - half * 0.46, y - tall),
        (x + half * 0.34, y - tall),
        (x + half * 0.52, y + tall * 0.3),
    ]
    layer.fill(house, (226, 196, 172))
    layer.fill(
        [
            (x - half * 0.5, y - tall),
            (x + half * 0.37, y - tall),
            (x + half * 0.35, y - tall * 1.3),
            (x - half * 0.48, y - tall * 1.3),
        ],
        (150, 92, 62),
    )
    for k in np.linspace(-0.38, 0.26, 5):
        glass = rectangle(x + half * k - tall * 0.3, y - tall * 0.72, x + half * k + tall * 0.3, y - tall * 0.12)
        layer.fill(glass, (74, 62, 80))
        layer.stroke(glass[[0, 1]], (255, 214, 150), max(1, tall * 0.09))
    rail = y - tall * 1.9
    for k in np.linspace(-0.94, 0.98, 13):
        layer.stroke(
            [(boat.x + half * k, y + tall * 0.2), (boat.x + half * k, rail + tall * 0.9)],
            (196, 180, 172),
            max(1, tall * 0.07),
        )
    layer.stroke(
        [(boat.x - half * 0.94, rail + tall * 0.9), (boat.x + half * 0.98, rail + tall * 0.9)],
        (220, 200, 186),
        max(1, tall * 0.08),
    )


def _rigging(layer: Canvas, boat: Boat) -> None:
    x, half = boat.x + boat.length * 0.04, boat.length / 2
    deck, top = boat.y - boat.length * 0.12, boat.y - boat.length * boat.mast
    wood, rope = (84, 52, 40), (64, 48, 52)
    fine = max(2, boat.length * 0.0048)
    for reach, height in (
        (1.04, top),
        (0.72, 0.7 * top + 0.3 * deck),
        (-0.98, top),
        (-0.3, top),
        (0.3, 0.35 * top + 0.65 * deck),
    ):
        layer.stroke([(boat.x + half * reach, deck), (x, height)], rope, fine)
    spread = 0.5 * (top + deck)
    layer.stroke([(x - half * 0.16, spread), (x + half * 0.16, spread)], wood, 2 * fine)
    for side in (-1, 1):
        layer.stroke([(x, top), (x + side * half * 0.16, spread), (x + side * half * 0.12, deck)], rope, fine)
        for k in np.linspace(0.1, 0.9, 8) if boat.length > 300 else ():
            layer.stroke(
                [(x, deck + k * (spread - deck)), (x + side * half * (0.12 + 0.04 * k), deck + k * (spread - deck))],
                rope,
                fine * 0.7,
            )
    layer.stroke([(x, deck + 8), (x, top - 10)], wood, 4 * fine)
    layer.stroke([(x - fine, deck), (x - fine, top)], (214, 142, 92), fine)
    layer.fill([(x, top - 10), (x + half * 0.2, top - 2), (x, top + half * 0.08)], (206, 54, 44))


def _sails(layer: Canvas, boat: Boat) -> None:
    x, half = boat.x + boat.length * 0.04, boat.length / 2
    deck, top = boat.y - boat.length * 0.12, boat.y - boat.length * boat.mast
    boom, fine = deck - boat.length * 0.12, max(2, boat.length * 0.0048)
    layer.stroke([(x, boom), (x - half * 0.92, boom + 4)], (84, 52, 40), 3 * fine)
    if boat.sails:
        head, clew = (x - 4, top + 8), (x - half * 0.96, deck - 14)
        main = curve([head, head, (x - half * 0.5, 0.4 * top + 0.6 * deck), clew, clew])
        layer.fill(np.concatenate([main, [(x - 4, deck - 14)]]), (250, 214, 180))
        layer.fill([(x + 5, top + 24), (x + half * 0.98, deck), (x + 8, deck - 20)], (232, 176, 150))
        return
    layer.fill(ellipse(x - half * 0.46, boom - 3 * fine, half * 0.42, 3.4 * fine, -1), (236, 216, 194))
    for k in np.linspace(0.14, 0.8, 7):
        layer.stroke([(x - half * k, boom - 6 * fine), (x - half * k - 2, boom)], (126, 88, 76), fine)


def _ripples(sheet: Plane, second: float) -> Moves:
    """How far the mirrored picture is moved, in x and y, and the slope of the waves, at each pixel of the water."""
    height, width = SIZE
    y = np.arange(height, dtype=np.float32)[:, None] - HORIZON + 6
    depth = 560 / np.maximum(y, 4)
    u = (np.arange(width, dtype=np.float32)[None, :] - width / 2) * depth * 0.6 + 1024
    v = np.broadcast_to(depth * 190 - CURRENT * second * smoothstep(20, 160, y), (height, width))
    waves = cv2.remap(
        sheet, u.astype(np.float32), v.astype(np.float32, order="C"), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    near = np.clip(y / 560, 0, 1) ** 0.8
    slope = soften(waves, 1.2)
    return (
        np.asarray(26 * near * slope, np.float32),
        np.asarray((16 + 190 * near) * slope, np.float32),
        np.asarray(slope, np.float32),
    )


def _mirror(picture: Plane, line: float, moves: Moves, border: int, shift: tuple[float, float] = (0, 0)) -> Plane:
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    y -= np.float32(shift[1])
    over = np.minimum(2 * line - y + moves[1] * smoothstep(line - 4, line + 60, y), line)
    along = x + moves[0] - np.float32(shift[0])
    return np.asarray(cv2.remap(picture, along, over, cv2.INTER_LINEAR, borderMode=border), np.float32)


def _water(canvas: Canvas, moves: Moves) -> None:
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    mirrored = _mirror(canvas.pixels.astype(np.float32), HORIZON, moves, cv2.BORDER_REFLECT)
    deep = smoothstep(HORIZON, SIZE[0] + 200, y)
    body = mix_planes((150, 116, 112), (16, 36, 54), deep * 1.2)
    share = np.clip(0.80 - 0.55 * deep + 0.5 * moves[2], 0.1, 0.95)
    water = mix_planes(body, mirrored, share)
    glitter = np.exp(-np.abs(x - SUN[0]) / (26 + 0.24 * np.maximum(y - HORIZON, 0))) * smoothstep(0.12, 0.4, moves[2])
    water += glitter[..., None] * np.array((200, 130, 60), np.float32)
    canvas.blend(canvas.mask(rectangle(0, HORIZON, SIZE[1], SIZE[0])), np.clip(water, 0, 255))


def _built(boat: Boat) -> Plane:
    """The boat alone at its place, (H, W, 4): its colours times their coverage, and the coverage."""
    layers = [Canvas(*SIZE, colour=(tone, tone, tone)) for tone in (0, 255)]
    for layer in layers:
        for part in (_hull, _cabin, _sails, _rigging):
            part(layer, boat)
    black, white = (layer.pixels.astype(np.float32) for layer in layers)
    return np.dstack([black, np.clip(1 - (white - black).mean(axis=2) / 255, 0, 1)])


def _moor(canvas: Canvas, boat: Boat, built: Plane, moves: Moves, shift: tuple[float, float]) -> None:
    below = _mirror(built, boat.y + 2, moves, cv2.BORDER_REPLICATE, shift)
    y = np.arange(SIZE[0], dtype=np.float32)[:, None] - np.float32(shift[1])
    _lay(canvas, below, 0.72 * smoothstep(boat.y - 1, boat.y + 3, y), 0.72)
    _lay(canvas, cv2.warpAffine(built, np.array([(1, 0, shift[0]), (0, 1, shift[1])]), SIZE[::-1]), 1, 1)


def _lay(canvas: Canvas, picture: Plane, opacity: Plane | float, gain: float) -> None:
    coverage = picture[..., 3]
    colour = picture[..., :3] / np.maximum(coverage, 1e-3)[..., None]
    canvas.blend(opacity * coverage, np.clip(gain * colour, 0, 255))


class Harbour:
    """The harbour as it was drawn once, to be painted at any moment of a film."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._sheet = noise(rng, (1024, 2048), (16, 64), 4, 0.42)
        self._shore = Canvas(*SIZE)
        _sky(self._shore, rng)
        _coast(self._shore, rng)
        _lighthouse(self._shore, 1478)
        self._boats = [(boat, _built(boat)) for boat in BOATS]

    def at(self, second: float) -> Canvas:
        """Paints the harbour as it is after so many seconds."""
        canvas = Canvas(*SIZE)
        canvas.pixels[:] = self._shore.pixels
        moves = _ripples(self._sheet, second)
        _water(canvas, moves)
        for boat, built in self._boats:
            _moor(canvas, boat, built, moves, boat.moved_by(second))
        return canvas


def draw(rng: np.random.Generator) -> Pixels:
    """Returns the picture, (1120, 1600, 3) RGB."""
    return photograph(Harbour(rng).at(0).pixels, rng, bloom=0.3, grain=2.0)
