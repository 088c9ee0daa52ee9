"""An emblem on a transparent ground: a leaf with veins in a thin ring, a drop of dew, soft edges and a soft shadow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canvas import Canvas, Pixels, curve, ellipse, moved
from .texture import mix_planes, smoothstep

SIZE = (1024, 1024)
FOOT, TIP = (250.0, 790.0), (800.0, 190.0)


def _leaf() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The leaf's upper edge, its midrib and its lower edge, each from the foot to the tip."""
    upper = curve([FOOT, (200, 520), (330, 240), (640, 200), TIP], 5)
    midrib = curve([(FOOT[0] - 70, FOOT[1] + 90), FOOT, (440, 560), (610, 430), TIP], 5)
    lower = curve([FOOT, (520, 830), (790, 680), (830, 380), TIP], 5)
    return upper, midrib, lower


def _veins(canvas: Canvas) -> NDArray[np.float32]:
    upper, midrib, lower = _leaf()
    veins = canvas.stroke_mask(midrib, 17)
    for share in np.linspace(0.22, 0.84, 7):
        start = midrib[round(share * (len(midrib) - 1))]
        for edge in (upper, lower):
            end = edge[round(min(share + 0.1, 1) * (len(edge) - 1))]
            target = 0.82 * end + 0.18 * start
            bow = moved(0.5 * (start + target), 0.05 * (TIP[0] - FOOT[0]), 0.05 * (TIP[1] - FOOT[1]))
            veins = np.maximum(veins, canvas.stroke_mask(curve([start, bow, target]), 9 - 4 * share))
    return veins


def draw(rng: np.random.Generator) -> Pixels:
    """Returns the emblem, (1024, 1024, 4) RGBA with unassociated alpha; nothing in it is left to chance."""
    del rng
    canvas = Canvas(*SIZE)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    canvas.pixels[:] = mix_planes((150, 204, 84), (16, 104, 72), smoothstep(250, 1500, y + 0.55 * x)).astype(np.uint8)
    upper, midrib, lower = _leaf()
    leaf = canvas.mask(np.concatenate([upper, lower[::-1]]), blur=3)
    shady = canvas.mask(np.concatenate([midrib, lower[::-1]]), blur=2)
    canvas.shade(leaf * shady, 0.76)
    canvas.shade(leaf * canvas.stroke_mask(moved(midrib, 14, 16), 40, blur=16), 0.78)
    veins = _veins(canvas)
    canvas.blend(veins * leaf, (226, 244, 190), 0.9)
    canvas.glow(leaf * canvas.mask(ellipse(430, 350, 190, 60, -38), blur=50), (70, 60, 30))
    stalk = canvas.stroke_mask(midrib[: len(midrib) // 4], 24, blur=2) * (1 - leaf)
    canvas.blend(stalk, (30, 104, 62))
    dew = canvas.mask(ellipse(600, 600, 62, 62), blur=2)
    canvas.shade(canvas.mask(ellipse(612, 622, 66, 62), blur=10), 0.6)
    canvas.blend(dew, mix_planes((120, 190, 130), (226, 250, 226), smoothstep(550, 680, 0.4 * x + 0.6 * y + 10)))
    canvas.blend(canvas.mask(ellipse(578, 572, 17, 12, -40), blur=2), (255, 255, 255))
    ring = canvas.stroke_mask(ellipse(512, 500, 440, 440), 22, blur=2)
    canvas.blend(ring * (1 - leaf), (18, 92, 74))
    solid = np.maximum(np.maximum(leaf, stalk), np.maximum(ring, dew))
    shadow = 0.42 * canvas.mask(moved(np.concatenate([upper, lower[::-1]]), 24, 34), blur=22)
    colour = mix_planes(
        (10, 34, 30), canvas.pixels.astype(np.float32), solid / np.maximum(solid + shadow * (1 - solid), 1e-3)
    )
    alpha = solid + shadow * (1 - solid)
    return np.dstack([colour, 255 * alpha + 0.5]).clip(0, 255).astype(np.uint8)
