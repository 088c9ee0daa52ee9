"""The eye and the rays of the still life: where they go, what ellipsoid they hit, how glass bends and mirrors them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import Plane, moved

EYE = np.array([0.0, 2.9, -7.4], np.float32)
PITCH, FIELD = 0.315, 0.86
FAR = np.float32(1e6)
Vectors = NDArray[np.floating[Any]]


def dot(first: Vectors, second: Vectors) -> Plane:
    """Returns the scalar products of vectors, (..., 3)."""
    total = first[..., 0] * second[..., 0] + first[..., 1] * second[..., 1] + first[..., 2] * second[..., 2]
    return np.asarray(total, np.float32)


def normalised(vectors: Vectors) -> Vectors:
    """Returns the vectors, (..., 3), with length one."""
    return np.asarray(vectors / np.maximum(np.sqrt(dot(vectors, vectors))[..., None], 1e-6), np.float32)


def rays_through(size: tuple[int, int]) -> Vectors:
    """Returns the direction in which the eye looks through each pixel, (H, W, 3)."""
    height, width = size
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / width * FIELD
    y = (height / 2 - np.arange(height, dtype=np.float32) - 0.5) / width * FIELD
    upward, side = np.meshgrid(y, x, indexing="ij")
    dy = upward * np.cos(PITCH) - np.sin(PITCH)
    dz = upward * np.sin(PITCH) + np.cos(PITCH)
    return normalised(np.stack([side, dy, dz], axis=-1))


def seen_at(size: tuple[int, int], x: float, y: float, z: float) -> NDArray[np.float64]:
    """Returns the pixel, (x, y), at which the eye sees a point."""
    dx, dy, dz = np.array([x, y, z], np.float64) - EYE
    forward = dz * np.cos(PITCH) - dy * np.sin(PITCH)
    upward = dy * np.cos(PITCH) + dz * np.sin(PITCH)
    return moved(np.array([dx, -upward]) / forward / FIELD * size[1], size[1] / 2, size[0] / 2)


def hit(centre: tuple[float, float, float], radii: tuple[float, float, float], origin: Vectors, rays: Vectors) -> Plane:
    """Returns how far rays from an origin go until they meet an ellipsoid; FAR where they miss it."""
    size = np.asarray(radii, np.float32)
    start, ahead = np.divide(origin - np.asarray(centre, np.float32), size), np.divide(rays, size)
    a, b = dot(ahead, ahead), dot(ahead, start)
    inside = b * b - a * (dot(start, start) - 1)
    distance = (-b - np.sqrt(np.maximum(inside, 0))) / a
    return np.where((inside > 0) & (distance > 1e-3), distance, FAR).astype(np.float32)


def fresnel(normals: Vectors, rays: Vectors, base: float) -> Plane:
    """Returns the share of light that a surface mirrors, after Schlick; `base` is that of a straight look."""
    return np.asarray(base + (1 - base) * (1 - np.clip(-dot(normals, rays), 0, 1)) ** 5, np.float32)


def refract(rays: Vectors, normals: Vectors, ratio: float) -> Vectors:
    """Returns the rays bent by Snell's law; `ratio` is the refractive index before the surface over that behind it."""
    cosine = -dot(rays, normals)[..., None]
    root = np.sqrt(np.maximum(1 - ratio * ratio * (1 - cosine * cosine), 0))
    return normalised(ratio * rays + (ratio * cosine - root) * normals)
