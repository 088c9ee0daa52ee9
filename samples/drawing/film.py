"""The two shots of the sample film: what moves before the harbour and the street, and the camera above them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from . import harbour, street
from .canvas import Canvas, Pixels, curve, ellipse, rectangle
from .texture import mix, photograph, smoothstep

TRUTH = (288, 512)
OVERSAMPLING = 4
GULLS = ((330, 300, 62, 0.0), (250, 362, 50, 1.9), (420, 392, 44, 3.6))
RED, CREAM, DARK, GLASS = (172, 44, 40), (240, 226, 192), (40, 36, 40), (74, 90, 104)


def _seen(pixels: Pixels, left: float, top: float, width: float, bloom: float) -> Pixels:
    """Returns what a camera sees of the part of a picture that begins at `left` and `top`; twice as large as TRUTH."""
    height, columns = (side * OVERSAMPLING for side in TRUTH)
    scale = columns / width
    place = np.array([(scale, 0, scale * (0.5 - left) - 0.5), (0, scale, scale * (0.5 - top) - 0.5)])
    large = cv2.warpAffine(pixels, place, (columns, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    view = cv2.resize(large, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return photograph(np.asarray(view, np.uint8), np.random.default_rng(0), bloom, vignette=0.14, grain=0, blur=0.7)


def _gull(canvas: Canvas, x: float, y: float, span: float, beat: float) -> None:
    lift, fold = np.sin(beat), np.sin(beat - 0.9)
    for side in (-1, 1):
        tip = (x + side * span * (0.52 - 0.06 * abs(lift)), y - span * 0.26 * fold)
        bend = (x + side * span * 0.26, y - span * (0.1 + 0.17 * lift))
        front = curve([(x, y - span * 0.05), bend, tip, tip])
        back = curve([tip, tip, (bend[0], bend[1] + span * 0.11), (x - span * 0.02, y + span * 0.06)])
        canvas.fill(np.concatenate([front, back]), (70, 54, 74))
    canvas.fill(ellipse(x + span * 0.04, y, span * 0.17, span * 0.055, 6), (52, 40, 58))


def harbour_shot() -> Callable[[float], Pixels]:
    """Returns how the harbour is filmed, by the second: a boat sails towards the sun, gulls pass, the camera pans."""
    scene = harbour.Harbour(np.random.default_rng(2))

    def at(second: float) -> Pixels:
        canvas = scene.at(second)
        for x, y, span, phase in GULLS:
            glide = 10 * np.sin(1.7 * second + phase)
            _gull(canvas, x + 250 * second, y - 34 * second + glide, span, 9 * second + phase)
        return _seen(canvas.pixels, 10 + 100 * second, 112 + 8 * second, 1330, bloom=0.3)

    return at


def _tram(canvas: Canvas, nose: float) -> None:
    """Draws a tram that goes to the right, its front at `nose`."""
    tail, roof, sill, floor, rail = nose - 760, 786.0, 908.0, 1028.0, 1082.0
    canvas.shade(canvas.mask(rectangle(tail - 10, rail - 16, nose + 14, rail + 14), blur=8), 0.5)
    for bogie in (tail + 150, nose - 160):
        for x in (bogie - 52, bogie + 52):
            for radius, tone in ((34, DARK), (27, (128, 124, 122)), (20, (74, 70, 72))):
                canvas.fill(ellipse(x, rail - 34, radius, radius), tone)
    canvas.fill(rectangle(tail + 20, floor - 4, nose - 20, floor + 16), DARK)
    side = [(nose - 6, floor), (nose, sill), (nose - 34, roof + 6), (nose - 60, roof), (tail + 10, roof)]
    body = [*side, (tail, roof + 20), (tail, floor)]
    canvas.fill(body, CREAM)
    canvas.fill([(tail, sill), (nose, sill), (nose - 6, floor), (tail, floor)], RED)
    for x in np.arange(tail + 40, nose - 120, 92):
        glass = rectangle(x, roof + 34, x + 74, sill - 16)
        canvas.fill(glass, GLASS)
        canvas.fill(
            [(x + 40, roof + 34), (x + 62, roof + 34), (x + 24, sill - 16), (x + 2, sill - 16)], (122, 138, 150)
        )
        canvas.stroke(glass, mix(RED, DARK, 0.5), 4, closed=True)
    canvas.fill([(nose - 84, roof + 32), (nose - 40, roof + 32), (nose - 14, sill - 16), (nose - 84, sill - 16)], GLASS)
    for x in (tail + 215, tail + 491):
        canvas.stroke(rectangle(x, roof + 26, x + 92, floor - 6), mix(RED, DARK, 0.6), 4, closed=True)
    for y, tone in ((sill, (214, 172, 96)), (floor - 30, (214, 172, 96)), (roof + 18, RED)):
        canvas.stroke([(tail + 4, y), (nose - (26 if y < sill else 4), y)], tone, 5)
    canvas.shade(canvas.mask(body) * canvas.mask(rectangle(tail, floor - 70, nose, floor), blur=24), 0.75)
    canvas.fill(rectangle(tail + 60, roof - 16, nose - 110, roof), (96, 92, 92))
    canvas.fill(ellipse(nose - 20, floor - 60, 9, 15), (255, 240, 190))
    canvas.glow(canvas.mask(ellipse(nose + 6, floor - 56, 40, 34), blur=18), (90, 74, 40))


def street_shot() -> Callable[[float], Pixels]:
    """Returns how the street is filmed, by the second: a tram drives in while the camera draws nearer."""
    houses = street.draw(np.random.default_rng(2))

    def at(second: float) -> Pixels:
        canvas = Canvas(*street.SIZE)
        canvas.pixels[:] = houses
        for y in (1066, 1084):
            canvas.stroke([(0, y), (street.SIZE[1], y)], (92, 92, 98), 4)
        _tram(canvas, 300 + 190 * second)
        near = float(smoothstep(-0.6, 3.1, np.float64(second)))
        width = 1560 * (1250 / 1560) ** near
        centre = mix((800, 672), (850, 760), (1560 - width) / 310)
        return _seen(canvas.pixels, centre[0] - width / 2, centre[1] - width * 9 / 32, width, bloom=0)

    return at
