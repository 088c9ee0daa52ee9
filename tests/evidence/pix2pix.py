"""Evidence that training on pairs works, and that the gates notice when it does not.

    python tests/evidence/pix2pix.py

A map of labels is to become shaded shapes: red discs, blue triangles, and squares with stripes whose phase nobody can
know. Everything goes through `img2img.train` and `img2img.translate`. What this rests on:

* Absolute error alone has the best PSNR, and no stripes: it averages over their phases. So PSNR is taken of the pixels
  that can be known, and the stripes must have the truth's energy, neither less nor more.
* A gate that broken training passes is worth nothing. Three controls are trained, and each must fail.

Exit status 0: the healthy training passes every gate, and each broken one fails. Takes under two minutes on one core.
"""

from __future__ import annotations

import logging
import math
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gates import Gate, load_pictures, report, save_pictures
from shapes import DISC, SQUARE, SUPERSAMPLING, TRIANGLE, Floats, Shape, reduced
from torch import Tensor

import img2img
from img2img.media.opencv import cv2
from img2img.nn.distribution import laplacian_pyramid

SIZE = 64
TRAINING, TEST = 400, 40
RED, BLUE = np.float32([0.68, 0.2, 0.16]), np.float32([0.16, 0.28, 0.72])
YELLOW, BLACK = np.float32([0.95, 0.85, 0.2]), np.float32([0.15, 0.12, 0.1])
OPTIONS = {
    "width": 16, "depth": 5, "resize": 0, "crop": SIZE, "flip": False, "batch_size": 4, "lr": 5e-4, "ema": 0.98,
    "constant_steps": 250, "decay_steps": 250, "discriminator_width": 16, "discriminator_layers": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """A pair, (64, 64, 3) each, and which pixels are what, (64, 64) each, 0 or 1."""

    source: Floats
    """Discs in the first channel, squares in the second, triangles in the third; outlines are darker."""
    target: Floats
    known: Floats
    """No square is there."""
    striped: Floats
    """Well inside of a square."""


def scene(seed: int) -> Scene:
    """The figures in the project's notes were measured on these scenes: each draw, and its order, is part of them."""
    rng, side = np.random.default_rng(seed), SIZE * SUPERSAMPLING
    target, labels, numbers = ground(side), np.full((side, side), -1), np.zeros((side, side), np.int32)
    for number in range(1, 1 + rng.integers(2, 6)):
        kind, radius = int(rng.integers(3)), rng.uniform(0.1, 0.22) * side
        shape = Shape(kind, rng.uniform(0.12 * side, 0.88 * side, 2), radius, rng.uniform(0, 6.28))
        here = shape.mask(side)
        labels[here], numbers[here] = kind, number
        if kind == SQUARE:
            surface = stripes(side, rng.uniform(0, 6.28))
        else:
            surface = (RED if kind == DISC else BLUE) * shape.light(side, fall=0.5, low=0.4, high=1.3)
        target = np.where(here[..., None], surface, target)
    maps = [reduced(labels == kind) for kind in (DISC, SQUARE, TRIANGLE)]
    source = np.stack(maps, axis=2) * (1 - 0.5 * reduced(outlines(numbers))[..., None])
    within = cv2.erode((labels == SQUARE).astype(np.uint8), np.ones((3 * SUPERSAMPLING, 3 * SUPERSAMPLING), np.uint8))
    return Scene(source, reduced(target), np.float32(maps[SQUARE] < 0.01), np.float32(reduced(within) > 0.99))


def ground(side: int) -> Floats:
    """Grey that darkens downwards: (side, side, 3)."""
    down = np.linspace(0, 1, side, endpoint=False, dtype=np.float32)[:, None, None].repeat(side, 1)
    return np.float32([0.55, 0.55, 0.6]) - down * np.float32([0.3, 0.25, 0.1])


def stripes(side: int, phase: float) -> Floats:
    """Yellow and black, six pixels of the picture apart, across the diagonal: (side, side, 3)."""
    y, x = np.mgrid[:side, :side]
    wave = np.sin((x * np.cos(0.78) + y * np.sin(0.78)) * 2 * np.pi / (6 * SUPERSAMPLING) + phase)
    return np.where(wave[..., None] > 0, YELLOW, BLACK)


def outlines(numbers: np.ndarray[Any, np.dtype[np.int32]]) -> Floats:
    """Where one shape ends and another begins, a pixel of the picture thick."""
    edges = np.zeros(numbers.shape, np.uint8)
    edges[1:] |= numbers[1:] != numbers[:-1]
    edges[:, 1:] |= numbers[:, 1:] != numbers[:, :-1]
    return np.float32(cv2.dilate(edges, np.ones((SUPERSAMPLING, SUPERSAMPLING), np.uint8)))


@dataclass(frozen=True)
class Figures:
    """Over the test pictures."""

    known: float
    """PSNR of the pixels that can be known, in dB."""
    stripes: float
    """Energy of the finest Laplacian level inside of the squares, over the truth's."""


class Pictures:
    """The pictures of the task, drawn from seeds and saved in pairs; in `shuffled`, with targets of other sources."""

    def __init__(self, folder: Path) -> None:
        self.paired, self.shuffled = folder / "paired", folder / "shuffled"
        training, test = (
            [scene(first + seed) for seed in range(count)] for first, count in ((0, TRAINING), (10_000, TEST))
        )
        for data, shift in ((self.paired, 0), (self.shuffled, 1)):
            save_pictures(data / "trainA", [each.source for each in training])
            save_pictures(data / "trainB", [training[index - shift].target for index in range(TRAINING)])
            save_pictures(data / "testA", [each.source for each in test])
            save_pictures(data / "testB", [each.target for each in test])
        self.source, self.target = load_pictures(self.paired / "testA"), load_pictures(self.paired / "testB")
        self.known, self.striped = (
            torch.from_numpy(np.stack(masks))[:, None]
            for masks in ([each.known for each in test], [each.striped for each in test])
        )

    def judge(self, results: Tensor) -> Figures:
        """Compare (N, 3, 64, 64) with the truth."""
        error = ((results - self.target).square() * self.known).sum() / (3 * self.known.sum())
        return Figures(-10 * math.log10(error.item()), self._detail(results) / self._detail(self.target))

    def mean_image(self) -> Figures:
        """The mean of all targets, whatever the source."""
        mean = load_pictures(self.paired / "trainB").mean(0, keepdim=True)
        return self.judge(mean.expand_as(self.target))

    def translated(self, model: Path) -> Figures:
        """Translate the test pictures as a user would, and judge the files."""
        target = model.with_suffix("")
        img2img.translate(self.paired / "testA", target, model=model)
        return self.judge(load_pictures(target))

    def _detail(self, images: Tensor) -> float:
        return (laplacian_pyramid(images, 2)[0].square() * self.striped).sum().item()


def gates(result: Figures) -> list[Gate]:
    return [
        Gate("known pixels, dB", result.known, low=28.5),
        Gate("stripes over the truth's", result.stripes, low=0.5, high=1.5),
    ]


def show(name: str, figures: Figures) -> None:
    print(f"  {name:16} known pixels {figures.known:.2f} dB, stripes {figures.stripes:.3f}", flush=True)


def train(name: str, pictures: Pictures, data: Path, run: Path, options: Mapping[str, Any]) -> list[Gate]:
    """Train, and judge what the model file makes of the test pictures."""
    print(f"training {name} ...", flush=True)
    done = img2img.train(
        "pix2pix", data, run, {**OPTIONS, **options}, intervals=img2img.Intervals(validate_every=10_000)
    )
    figures = pictures.translated(done.model_path("forward"))
    show(name, figures)
    return gates(figures)


def collect(folder: Path) -> dict[str, list[Gate]]:
    """Train everything; task to its gates. Those of a task that is called broken must not all be passed."""
    pictures = Pictures(folder)
    show("identity", pictures.judge(pictures.source))
    show("mean image", pictures.mean_image())
    paired = pictures.paired
    return {
        "pix2pix": train("healthy", pictures, paired, folder / "healthy", {}),
        "broken: adversarial_weight=0": train("L1 alone", pictures, paired, folder / "l1", {"adversarial_weight": 0}),
        "broken: l1_weight=0": train("no L1", pictures, paired, folder / "no-l1", {"l1_weight": 0}),
        "broken: shuffled targets": train("shuffled", pictures, pictures.shuffled, folder / "shuffled-run", {}),
    }


def main() -> int:
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(1)  # the same figures wherever it runs
    with tempfile.TemporaryDirectory(prefix="img2img-evidence-") as folder:
        return 0 if report(collect(Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
