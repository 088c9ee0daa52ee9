"""Figures with bounds, and the table of those that a training passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from img2img.datasets import to_tensor
from img2img.media import Image, decode_image, encode_image, read_file, write_file


@dataclass(frozen=True)
class Gate:
    """A figure, and between which bounds it has to be."""

    figure: str
    value: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def passed(self) -> bool:
        return self.low <= self.value <= self.high


def report(tasks: Mapping[str, Sequence[Gate]]) -> bool:
    """Print the table; tell whether the healthy tasks pass and the broken ones fail."""
    good = True
    print(f"\n{'task':30} {'figure':26} {'value':>7}  {'gate':14} verdict")
    for task, gates in tasks.items():
        passed = all(gate.passed for gate in gates)
        as_it_should = passed != task.startswith("broken")
        good = good and as_it_should
        for gate in gates:
            verdict = "passed" if gate.passed else "failed"
            print(f"{task:30} {gate.figure:26} {gate.value:7.3f}  {_bounds(gate):14} {verdict}")
        print(f"{task:30} {'':26} {'':7}  {'':14} {'as it should' if as_it_should else 'NOT AS IT SHOULD'}")
    return good


def _bounds(gate: Gate) -> str:
    if gate.high == np.inf:
        return f">= {gate.low:g}"
    return f"<= {gate.high:g}" if gate.low == -np.inf else f"{gate.low:g} ... {gate.high:g}"


def save_pictures(folder: Path, pictures: Sequence[np.ndarray[Any, Any]]) -> None:
    folder.mkdir(parents=True)
    for index, picture in enumerate(pictures):
        pixels = np.rint(picture * 255).astype(np.uint8)
        write_file(folder / f"{index:03}.png", encode_image(Image(pixels), ".png").data)


def load_pictures(folder: Path) -> Tensor:
    paths = sorted(folder.glob("*.png"))
    return torch.stack([to_tensor(decode_image(read_file(path), path).pixels) for path in paths])
