"""Mountains in mist, in 16 bits of grey: a height field seen in perspective, its gradients finer than 8 bits hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canvas import Plane, soften
from .texture import noise, smoothstep

SIZE = (960, 1280)
STEPS = 1800
NEAR, FAR = 5.0, 60.0
EYE, SIGHT = 4.6, 300.0
SUN = (-0.62, 0.55, -0.42)


def _sheet(rng: np.random.Generator, side: int, cell: float, octaves: int) -> Plane:
    """A square of ridged noise in about [0, 1]."""
    total = np.zeros((side, side), np.float32)
    weight, weights = 1.0, 0.0
    for octave in range(octaves):
        ridge = 1 - np.abs(noise(rng, (side, side), cell / 2**octave, 1)) * 1.6
        total += weight * (np.maximum(ridge, 0) ** 2 if octave else ridge)
        weights += weight
        weight *= 0.5
    return total / np.float32(weights)


def _sampled(sheet: Plane, u: Plane, v: Plane) -> Plane:
    """The sheet between its pixels, by Catmull and Rom's cubic (OpenCV 4 rounds positions to 1/32: slopes show it)."""
    side = len(sheet)
    flat = np.ascontiguousarray(sheet).ravel()
    left, top = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
    across, along = _weights(u - left.astype(np.float32)), _weights(v - top.astype(np.float32))
    total = np.zeros_like(u)
    for j in range(4):
        row = _mirrored(top + (j - 1), side) * side
        line = sum(across[i] * flat.take(row + _mirrored(left + (i - 1), side)) for i in range(4))
        total += along[j] * line
    return total


def _weights(t: Plane) -> tuple[Plane, ...]:
    near, far = t * t, t * t * t
    return -0.5 * t + near - 0.5 * far, 1 - 2.5 * near + 1.5 * far, 0.5 * t + 2 * near - 1.5 * far, 0.5 * (far - near)


def _mirrored(index: NDArray[np.int32], side: int) -> NDArray[np.int32]:
    return np.asarray(np.minimum(np.abs((index + side) % (2 * side) - side), side - 1), np.int32)


def _height(rng: np.random.Generator, x: Plane, z: Plane) -> Plane:
    broad, fine = _sheet(rng, 2048, 260, 7), _sheet(rng, 2048, 160, 6)
    u, v = x * 24 + 1024, z * 24
    high, rough = _sampled(broad, u, v), _sampled(fine, u * 5, v * 5)
    peaks = np.maximum(high - 0.24, 0) ** 1.5
    valley = 1 - 0.62 * np.exp(-np.square((x + 1.5 * np.sin(z / 6)) / (1.1 + 0.06 * z)))
    return np.asarray((9.5 * peaks + 0.5 * rough * (0.15 + high)) * valley, np.float32)


def _terrain(rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    """Along each column's line of sight, (STEPS, W): the row at which the ground is seen, its brightness, its mist."""
    aside = ((np.arange(SIZE[1], dtype=np.float32) / SIZE[1] - 0.5) * 1.15)[None]
    z = np.repeat(np.geomspace(NEAR, FAR, STEPS).astype(np.float32)[:, None], SIZE[1], axis=1)
    ground = _height(rng, aside * z, z)
    slope_x = np.gradient(ground, aside[0], axis=1) / z
    slope_z = np.gradient(ground, z[:, 0], axis=0) - aside * slope_x
    steep = 1 / np.sqrt(1 + slope_x**2 + slope_z**2)
    facing = (-slope_x * SUN[0] + SUN[1] - slope_z * SUN[2]) * steep
    snow = smoothstep(1.1, 2.0, ground + 1.2 * (steep - 0.7)) * smoothstep(0.25, 0.5, steep)
    light = (0.07 + 0.8 * np.maximum(facing, 0) ** 1.2) * (0.40 + 0.85 * snow)
    row = SIGHT + (EYE - ground) / z * SIZE[0]
    clear = 1 - 0.9 * smoothstep(1.0, 0.0, ground + 0.5 * noise(rng, z.shape, (60, 300), 3))
    mist = 1 - np.exp(-np.maximum(z - 9, 0) / 34) * clear
    return np.asarray(row, np.float32), np.asarray(light, np.float32), np.asarray(mist, np.float32)


def draw(rng: np.random.Generator) -> NDArray[np.uint16]:
    """Returns the picture, (960, 1280) grey in 16 bits."""
    row, light, mist = _terrain(rng)
    skyline = -np.minimum.accumulate(row, axis=0)
    rows = np.arange(SIZE[0], dtype=np.float32)
    y = np.repeat(rows[:, None], SIZE[1], axis=1)
    picture = 0.34 + 0.50 * smoothstep(-100, 460, y)
    picture += 0.05 * smoothstep(0, 0.6, noise(rng, SIZE, (110, 420), 6)) * smoothstep(360, 100, y)
    for column in range(SIZE[1]):
        at = np.searchsorted(skyline[:, column], -rows)
        seen = at < STEPS
        met = np.minimum(at, STEPS - 1)
        veil = mist[met, column]
        grey = light[met, column] * (1 - veil) + 0.86 * veil
        picture[:, column] = np.where(seen, grey, picture[:, column])
    return np.asarray(np.clip(65535 * soften(picture, 0.9) + 0.5, 0, 65535), np.uint16)
