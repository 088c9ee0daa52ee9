"""Computes how far a network looks, from what its layers do with positions along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Step = tuple[Literal["look", "enlarge", "shrink"], int]
"""A step looks as far as a radius, or makes each pixel n (nearest neighbour, pixel shuffle), or makes n pixels one."""


def reach(steps: Sequence[Step], scale: int) -> int:
    """Compute the largest distance, in source pixels, between a target pixel's place and what it depends on."""
    period = scale
    for kind, number in steps:
        period *= number if kind == "shrink" else 1  # counts the target pixel's places within a pixel of the network
    return max(_distance(steps, scale, position) for position in range(period))


def _distance(steps: Sequence[Step], scale: int, position: int) -> int:
    first = last = position
    for kind, number in reversed(steps):
        if kind == "look":
            first, last = first - number, last + number
        elif kind == "enlarge":
            first, last = first // number, last // number
        else:
            first, last = first * number, last * number + number - 1
    return max(position // scale - first, last - position // scale)
