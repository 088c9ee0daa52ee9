"""Metrics, and MATLAB's imresize, as their formulas say: in NumPy, and in slow loops."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def luma_of(image: ArrayLike) -> np.ndarray:
    """(H, W) of (3, H, W) in [0, 1] by ITU-R BT.601, in 0 … 255."""
    red, green, blue = np.asarray(image, np.float64)
    return 16 + 65.481 * red + 128.553 * green + 24.966 * blue


def decibel(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * math.log10(255**2 / np.mean((a - b) ** 2))


def ssim_of(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2004 for one channel in [0, 1]."""
    luminance, structure = terms_of(a, b)
    return float((luminance * structure).mean())


def ms_ssim_of(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2003, equation 7, for one channel in [0, 1]."""
    product = 1.0
    for weight in (0.0448, 0.2856, 0.3001, 0.2363):
        product *= terms_of(a, b)[1].mean() ** weight
        a, b = halved(a), halved(b)
    return float(product * ssim_of(a, b) ** 0.1333)


def halved(image: np.ndarray) -> np.ndarray:
    """Means of 2 × 2; MATLAB's symmetric padding repeats the edge."""
    image = np.pad(image, [(0, size % 2) for size in image.shape], mode="edge")
    return (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4


def terms_of(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luminance, and contrast with structure, with explicit windows."""
    offsets = np.arange(11) - 5
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2

    def mean(values: np.ndarray) -> np.ndarray:
        return (np.lib.stride_tricks.sliding_window_view(values, (11, 11)) * window).sum((-1, -2))

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b, both = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2, mean(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return luminance, (2 * both + c2) / (var_a + var_b + c2)


def cubic(x: float) -> float:
    """MATLAB's `cubic` in imresize.m."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def resized_line(line: list[float], scale: float) -> list[float]:
    """One line by MATLAB's `contributions`, which counts from 1 and mirrors indices as [1:n, n:-1:1]."""
    size = len(line)
    width = 4 / scale if scale < 1 else 4.0
    result = []
    for x in range(1, math.ceil(size * scale - 1e-9) + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - width / 2)
        total = weights = 0.0
        for tap in range(left, left + math.ceil(width) + 2):
            weight = scale * cubic(scale * (u - tap)) if scale < 1 else cubic(u - tap)
            index = (tap - 1) % (2 * size)
            total += weight * line[index if index < size else 2 * size - 1 - index]
            weights += weight
        result.append(total / weights)
    return result


def slow_imresize(image: np.ndarray, scale: float) -> np.ndarray:
    rows = np.array([resized_line(list(column), scale) for column in image.T]).T
    return np.array([resized_line(list(row), scale) for row in rows])
