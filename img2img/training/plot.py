"""The losses and the validation figures of a run, drawn."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from matplotlib.figure import Figure

ACROSS = 3
"""Panels beside each other."""


def plot(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Draw the rows of `log.csv` over the steps, a panel for each column, as PNG."""
    curves = _curves(rows)
    down = max(1, ceil(len(curves) / ACROSS))
    figure = Figure(figsize=(4.2 * ACROSS, 2.6 * down), layout="constrained")
    for place, (name, (steps, values)) in enumerate(curves.items(), 1):
        panel = figure.add_subplot(down, ACROSS, place)
        panel.plot(steps, values, marker="." if len(steps) < 50 else "", linewidth=1)
        panel.set_title(name.replace("_", " "), fontsize=9)
        panel.tick_params(labelsize=7)
        panel.grid(alpha=0.3)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()


def _curves(rows: Iterable[Mapping[str, str]]) -> dict[str, tuple[Sequence[int], Sequence[float]]]:
    """Column to its steps and values, validation last."""
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name != "step" and value:
                steps, values = curves.setdefault(name, ([], []))
                steps.append(int(row["step"]))
                values.append(float(value))
    return {name: curves[name] for name in sorted(curves, key=lambda name: name.startswith("validation"))}
