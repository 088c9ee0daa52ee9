"""Learning-rate schedules are pure functions of the step, so that nothing of them needs saving."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

Schedule = Callable[[int], float]


def cosine(steps: int, end: float = 1e-3, warmup: int = 0) -> Schedule:
    """Rise linearly over `warmup` steps, then fall from 1 to `end` over the rest of `steps` along half a cosine."""

    def factor(step: int) -> float:
        """Return the factor at a step."""
        if step < warmup:
            return (step + 1) / (warmup + 1)
        progress = min(1.0, (step - warmup) / max(1, steps - warmup))
        return end + (1 - end) * 0.5 * (1 + cos(pi * progress))

    return factor


def halved(*steps: int) -> Schedule:
    """Halve after each of these steps."""
    return lambda step: 0.5 ** sum(step >= at for at in steps)


def linear(constant: int, decay: int) -> Schedule:
    """Stay at 1 for `constant` steps, then fall linearly to 0 over `decay` steps, which it would reach after them."""
    return lambda step: 1 - max(0, step + 1 - constant) / (decay + 1)
