"""A still life by ray tracing: fruit and a glass ball on a checked cloth with folds, lit from a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .canvas import Canvas, Pixels, Plane, curve, ellipse, moved
from .optics import EYE, FAR, Vectors, dot, fresnel, hit, normalised, rays_through, refract, seen_at
from .texture import mix_planes, noise, photograph, smoothstep

SIZE = (1120, 1600)
LIGHT = np.array([-0.58, 0.70, -0.42], np.float32)
LIGHT /= np.linalg.norm(LIGHT)
WALL = 3.6


@dataclass(frozen=True)
class Fruit:
    """An ellipsoid on the table; `skin` names how its surface is coloured."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    colour: tuple[float, float, float]
    skin: str = "plain"
    gloss: float = 0.5

    @property
    def radius(self) -> float:
        return float(np.mean(self.radii))


FRUITS = (
    Fruit((-1.55, 0.86, 0.75), (0.98, 0.86, 0.98), (0.70, 0.055, 0.04), "apple", 0.8),
    Fruit((0.25, 0.80, 1.35), (0.82, 0.80, 0.82), (0.92, 0.27, 0.015), "orange", 0.35),
    Fruit((1.95, 0.62, 0.75), (0.92, 0.62, 0.64), (0.88, 0.60, 0.03), "orange", 0.45),
    Fruit((-0.15, 0.30, -0.55), (0.30, 0.30, 0.30), (0.120, 0.015, 0.110), "grape", 0.6),
    Fruit((-0.72, 0.30, -0.30), (0.30, 0.30, 0.30), (0.144, 0.015, 0.100), "grape", 0.6),
    Fruit((-0.55, 0.29, -0.95), (0.29, 0.29, 0.29), (0.108, 0.015, 0.120), "grape", 0.6),
    Fruit((-1.12, 0.29, -0.85), (0.29, 0.29, 0.29), (0.156, 0.015, 0.100), "grape", 0.6),
    Fruit((-0.05, 0.28, -1.20), (0.28, 0.28, 0.28), (0.120, 0.015, 0.100), "grape", 0.6),
    Fruit((-0.48, 0.74, -0.58), (0.29, 0.29, 0.29), (0.132, 0.015, 0.120), "grape", 0.6),
    Fruit((1.15, 0.62, -0.75), (0.62, 0.62, 0.62), (0.9, 0.95, 0.95), "glass", 1.0),
)


def _shadow(points: Vectors, skip: int) -> Plane:
    """How much of the window's light arrives: soft, from the distance at which the light's ray passes each fruit."""
    light = np.ones(points.shape[:-1], np.float32)
    for index, fruit in enumerate(FRUITS):
        if index == skip:
            continue
        towards = np.asarray(fruit.centre, np.float32) - points
        along = towards @ LIGHT
        apart = np.sqrt(np.maximum(dot(towards, towards) - along * along, 0))
        reach = fruit.radius * (0.92 if fruit.skin != "glass" else 0.95)
        penumbra = 0.06 + 0.13 * np.maximum(along, 0)
        blocked = (1 - smoothstep(-1, 1, (apart - reach) / penumbra)) * smoothstep(-0.2, 0.2, along)
        light *= 1 - blocked * (0.45 if fruit.skin == "glass" else 1.0)
    return light


def _ambient(points: Vectors, normals: Vectors, skip: int) -> Plane:
    """How open the surroundings are: each fruit hides a part of the sky (Quilez' sphere occlusion)."""
    sky = 0.62 + 0.38 * normals[..., 1]
    for index, fruit in enumerate(FRUITS):
        if index == skip:
            continue
        towards = np.asarray(fruit.centre, np.float32) - points
        distance = np.sqrt(dot(towards, towards)) + 1e-4
        facing = np.maximum(dot(normals, towards) / distance, 0)
        sky *= 1 - 0.9 * facing * np.minimum((fruit.radius / distance) ** 2, 1)
    return np.asarray(sky, np.float32)


def _folds(x: Plane, z: Plane) -> tuple[Plane, Plane, Plane]:
    """Slopes of the cloth along x and z, and its height."""
    height = np.zeros_like(x)
    slope_x = np.zeros_like(x)
    slope_z = np.zeros_like(x)
    waves = (
        (1.1, 0.5, 0.3, 0.05),
        (0.5, -1.5, 1.9, 0.042),
        (2.6, 1.3, 0.8, 0.016),
        (-1.7, 3.1, 4.0, 0.013),
        (4.4, -2.0, 2.2, 0.006),
    )
    for kx, kz, phase, size in waves:
        angle = kx * x + kz * z + phase + 0.8 * np.sin(0.6 * x - 0.4 * z + phase)
        ridge = np.cos(angle)
        height += size * ridge * np.abs(ridge)
        slope = -2 * size * np.abs(ridge) * np.sin(angle)
        slope_x += kx * slope
        slope_z += kz * slope
    return slope_x, slope_z, height


def _cloth(points: Vectors) -> tuple[Vectors, Vectors]:
    """Colour and normals of the table cloth at points on it."""
    x, z = points[..., 0], points[..., 2]
    slope_x, slope_z, height = _folds(x, z)
    normals = normalised(np.stack([-2 * slope_x, np.ones_like(x), -2 * slope_z], axis=-1))
    turn = np.float32(0.5)
    u = (x * np.cos(turn) - z * np.sin(turn) + 1.2 * slope_z + height) / 0.42
    v = (x * np.sin(turn) + z * np.cos(turn) + 1.2 * slope_x - height) / 0.42
    edge = 0.03
    across = smoothstep(0.25 - edge, 0.25 + edge, np.abs((u % 1) - 0.5))
    along = smoothstep(0.25 - edge, 0.25 + edge, np.abs((v % 1) - 0.5))
    blue = (across + along) / 2
    weave = 1 + 0.05 * np.sin(u * 78) * np.sin(v * 78)
    colour = mix_planes((0.86, 0.83, 0.76), (0.09, 0.19, 0.42), blue) * weave[..., None]
    return colour.astype(np.float32), normals


def _background(rays: Vectors, origin: Vectors) -> Vectors:
    """What a ray meets that misses all fruit: the cloth in its light, or the wall behind."""
    down = np.where(rays[..., 1] < -1e-3, -origin[..., 1] / np.minimum(rays[..., 1], -1e-3), FAR)
    back = np.where(rays[..., 2] > 1e-3, (WALL - origin[..., 2]) / np.maximum(rays[..., 2], 1e-3), FAR)
    points = origin + rays * np.minimum(np.minimum(down, back), 60)[..., None]
    colour, normals = _cloth(points)
    lit = np.maximum(normals @ LIGHT, 0) * _shadow(points, -1)
    table = colour * (
        1.3 * lit[..., None] * (1.0, 0.95, 0.86) + 0.2 * _ambient(points, normals, -1)[..., None] * (0.8, 0.9, 1.1)
    )
    sweep = smoothstep(-7, 6, points[..., 0] * 1.0 + points[..., 1] * 0.6)
    wall = mix_planes((0.46, 0.36, 0.25), (0.05, 0.06, 0.065), sweep)
    wall *= (0.62 + 0.38 * smoothstep(0, 1.6, points[..., 1]))[..., None]
    return np.where((down < back)[..., None], table, wall).astype(np.float32)


def _window(directions: Vectors, rough: float = 0.0) -> Plane:
    """Brightness of the window with its crossing bars, seen in a direction."""
    side = normalised(np.cross(np.array([0, 1, 0], np.float32), LIGHT))
    upward = np.cross(LIGHT, side)
    u, v, facing = directions @ side, directions @ upward, directions @ LIGHT
    pane = smoothstep(0.36 + rough, 0.33 - rough, np.abs(u)) * smoothstep(0.42 + rough, 0.39 - rough, np.abs(v))
    bars = smoothstep(0.015, 0.04, np.abs(u)) * smoothstep(0.015, 0.04, np.abs(v - 0.05))
    return np.asarray(pane * (bars if rough == 0 else 0.6) * (facing > 0), np.float32)


def _skin(fruit: Fruit, local: Vectors, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    """Colour and the bumps added to the normals of a fruit, at points on the unit sphere."""
    colour = np.broadcast_to(np.asarray(fruit.colour, np.float32), local.shape)
    bumps = np.zeros_like(local)
    grain = noise(rng, local.shape[:2], 10, 2)
    if fruit.skin == "apple":
        around = np.arctan2(local[..., 2], local[..., 0])
        streaks = np.sin(13 * around + 2.5 * np.sin(5 * around)) * np.sin(29 * around + 3 * local[..., 1])
        amount = smoothstep(0.1, 1.1, local[..., 1] + 0.3 * streaks + 0.15 * grain)
        colour = mix_planes(colour, (0.80, 0.55, 0.10), amount)
        colour = mix_planes(colour, (0.16, 0.17, 0.03), smoothstep(0.86, 0.99, local[..., 1] + 0.05 * streaks))
        bumps = local * (1, 0, 1) * (-0.9 * smoothstep(0.72, 1.0, local[..., 1]))[..., None]
    elif fruit.skin == "orange":
        pores = noise(rng, local.shape[:2], 13, 1)
        colour = colour * (1 + 0.08 * pores + 0.1 * noise(rng, local.shape[:2], 150, 3))[..., None]
        bumps = 0.22 * np.stack([pores, np.roll(pores, 7, 0), np.roll(pores, 5, 1)], axis=-1)
    else:
        bloom = smoothstep(-0.5, 1.0, local[..., 1] + 0.7 * noise(rng, local.shape[:2], 30, 3))
        colour = mix_planes(colour, (0.30, 0.26, 0.40), 0.42 * bloom)
    return np.asarray(colour, np.float32), np.asarray(bumps, np.float32)


def _solid(index: int, points: Vectors, rays: Vectors, rng: np.random.Generator) -> Vectors:
    fruit = FRUITS[index]
    radii = np.asarray(fruit.radii, np.float32)
    local = (points - np.asarray(fruit.centre, np.float32)) / radii
    smooth = normalised(local / radii)
    colour, bumps = _skin(fruit, local, rng)
    normals = normalised(smooth + bumps)
    facing = normals @ LIGHT
    lit = smoothstep(-0.18, 1.15, facing) * 1.25 * _shadow(points, index)
    sky = _ambient(points, normals, index)
    cloth_light = np.maximum(-normals[..., 1], 0) * 0.22
    shaded = colour * (1.15 * lit + 0.2 * sky + cloth_light)[..., None]
    mirrored = normalised(rays - 2 * dot(rays, smooth)[..., None] * smooth + 0.5 * bumps)
    gleam = _window(mirrored, 0.22 if fruit.skin == "orange" else 0.0) * _shadow(points, index) * fruit.gloss
    sheen = 0.1 * fresnel(smooth, rays, 0.03) * sky
    return np.asarray(shaded + (0.85 * gleam + sheen)[..., None], np.float32)


def _glass(index: int, points: Vectors, rays: Vectors) -> Vectors:
    """A ball of glass: what it refracts, twice, and what it mirrors (Fresnel's share by Schlick)."""
    fruit = FRUITS[index]
    centre = np.asarray(fruit.centre, np.float32)
    normals = (points - centre) / fruit.radius
    inward = refract(rays, normals, 1 / 1.5)
    chord = -2 * dot(inward, normals)[..., None] * fruit.radius
    leaving = points + inward * chord
    outward = refract(inward, -(leaving - centre) / fruit.radius, 1.5)
    mirrored = rays - 2 * dot(rays, normals)[..., None] * normals
    share = fresnel(normals, rays, 0.05)[..., None]
    through = _traced(outward, leaving) * (0.93, 0.98, 0.97)
    light = through * (1 - share) + _traced(mirrored, points) * share
    return np.asarray(light + 1.3 * _window(mirrored)[..., None] + 0.3 * _window(-mirrored)[..., None], np.float32)


def _traced(rays: Vectors, origin: Vectors) -> Vectors:
    """What a ray from the glass meets: the background, or a fruit in plain shading."""
    picture = _background(rays, origin)
    nearest = np.full(rays.shape[:2], FAR, np.float32)
    for fruit in FRUITS:
        if fruit.skin == "glass":
            continue
        distance = hit(fruit.centre, fruit.radii, origin, rays)
        closer = distance < nearest
        points = origin + rays * np.minimum(distance, 60)[..., None]
        normals = normalised(
            (points - np.asarray(fruit.centre, np.float32)) / np.square(np.asarray(fruit.radii, np.float32))
        )
        shade = 0.25 + 1.3 * smoothstep(-0.2, 1.1, normals @ LIGHT)
        picture = np.where(closer[..., None], np.asarray(fruit.colour, np.float32) * shade[..., None], picture)
        nearest = np.where(closer, distance, nearest)
    return np.asarray(picture, np.float32)


def _stems(canvas: Canvas) -> None:
    foot = seen_at(SIZE, -1.55, 1.58, 0.62)
    stem = curve([foot, moved(foot, 4, -50), moved(foot, 34, -104)])
    canvas.stroke(stem, (58, 38, 22), 13)
    canvas.stroke(moved(stem[6:], -3, 0), (128, 96, 60), 4)
    spine = foot + curve([(14, -56), (80, -132), (210, -112)])
    upper = foot + curve([(14, -56), (70, -206), (210, -112)])
    lower = foot + curve([(210, -112), (120, -30), (14, -56)])
    canvas.fill(np.concatenate([upper, lower]), (62, 98, 34))
    canvas.fill(np.concatenate([upper, spine[::-1]]), (98, 136, 52))
    for k in range(2, 15, 2):
        canvas.stroke([spine[k], upper[k + 2]], (72, 110, 40), 3)
        canvas.stroke([spine[k], lower[15 - k]], (48, 80, 28), 3)
    canvas.stroke(spine, (150, 176, 92), 4)
    star = seen_at(SIZE, 0.18, 1.58, 1.1)
    canvas.fill(ellipse(star[0], star[1], 17, 8), (92, 112, 44))
    canvas.fill(ellipse(star[0], star[1] - 3, 8, 4), (164, 160, 90))


def _crop(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def draw(rng: np.random.Generator) -> Pixels:
    """Returns the picture, (1120, 1600, 3) RGB."""
    rays = rays_through(SIZE)
    light = _background(rays, EYE)
    nearest = np.full(SIZE, FAR, np.float32)
    for index, fruit in enumerate(FRUITS):
        distance = hit(fruit.centre, fruit.radii, EYE, rays)
        if not (distance < FAR).any():
            continue
        part = _crop(distance < FAR)
        seen, ahead = distance[part], rays[part]
        points = EYE + ahead * np.minimum(seen, 60)[..., None]
        shaded = _glass(index, points, ahead) if fruit.skin == "glass" else _solid(index, points, ahead, rng)
        front = seen < nearest[part]
        light[part] = np.where(front[..., None], shaded, light[part])
        nearest[part] = np.where(front, seen, nearest[part])
    pixels = 255 * np.clip(light / (1 + 0.18 * light), 0, 1) ** (1 / 2.2)
    canvas = Canvas(*SIZE)
    canvas.pixels = pixels.astype(np.uint8)
    _stems(canvas)
    return photograph(canvas.pixels, rng, grain=2.0)
