"""Evidence that training on labels works, and that the gates notice when it does not.

    python tests/evidence/stargan.py

Red, green and blue discs and bars, wide or tall, on grey grounds: one network is to give each the other two colours,
and to leave its shape. Everything goes through `img2img.train` and `img2img.translate`. What this rests on:

* The pictures are drawn, so that each could be drawn again in every shape and colour. Whichever of these nine a result
  is nearest to says what became of it; only differences between channels count, which the ground has none of.
* The right colours alone are no evidence: the mean picture of a class has them. The right shapes alone are none either:
  the source has them. Hence both.
* Two losses tell the generator what a label means: the classification and, less directly, the cycle, which has to give
  back an image under its own label; either is enough for colours. The control has neither, and must fail.

How bright the ground is goes unjudged: InstanceNorm forgets it.

Exit status 0: the healthy training passes both gates, and the broken one fails. Takes about three minutes on one core.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gates import Gate, load_pictures, report, save_pictures
from numpy.typing import NDArray
from shapes import SUPERSAMPLING, Floats, Mask, reduced
from torch import Tensor

import img2img
from img2img.media.opencv import cv2

SIZE = 32
TRAINING, TEST = 400, 30
"""Pictures of each colour."""
COLOURS = {"blue": (0.2, 0.3, 0.95), "green": (0.2, 0.75, 0.25), "red": (0.9, 0.2, 0.15)}
KINDS = {"disc": (1.0, 1.0), "wide": (1.25, 0.45), "tall": (0.45, 1.25)}
"""Half the width and height of each shape, in radii of the disc."""
OPTIONS = {
    "width": 16, "blocks": 2, "resize": 0, "crop": SIZE, "batch_size": 8, "ema": 0.98, "lr": 1e-3,
    "constant_steps": 900, "decay_steps": 400, "critic_steps": 1, "objective": "lsgan", "r1_weight": 25.6,
    "discriminator_width": 32, "discriminator_layers": 3,
}  # fmt: skip


def drawings(seed: int) -> Floats:
    """One scene in every colour and shape: (colours, kinds, 32, 32, 3)."""
    rng, side = np.random.default_rng(seed), SIZE * SUPERSAMPLING
    radius, centre = rng.uniform(0.2, 0.28) * side, rng.uniform(0.38 * side, 0.62 * side, 2)
    ground, light = rng.uniform(0.1, 0.5), rng.uniform(0.75, 1.05)
    shares = [reduced(mask(side, centre, radius, kind))[..., None] for kind in KINDS]
    paints = [np.clip(np.float32(colour) * light, 0, 1) for colour in COLOURS.values()]
    return np.stack([[ground * (1 - share) + paint * share for share in shares] for paint in paints])


def mask(side: int, centre: NDArray[np.float64], radius: float, kind: str) -> Mask:
    """Where a shape is: (side, side)."""
    canvas = np.zeros((side, side), np.uint8)
    if kind == "disc":
        cv2.circle(canvas, centre.astype(int).tolist(), int(radius), 1, -1)
    else:
        reach = radius * np.array(KINDS[kind])
        cv2.rectangle(canvas, (centre - reach).astype(int).tolist(), (centre + reach).astype(int).tolist(), 1, -1)
    return canvas.astype(bool)


@dataclass(frozen=True)
class Figures:
    """Shares of the results."""

    colour: float
    """Of the wanted colour."""
    shape: float
    """Of the source's shape."""


class Pictures:
    """The pictures of the task, drawn from seeds and saved in one folder a colour."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenes: dict[str, Tensor] = {}
        """A colour's test scenes in every colour and shape: (N, colours, kinds, 3, 32, 32)."""
        for index, name in enumerate(COLOURS):
            seeds = range(index * 20_000, index * 20_000 + TRAINING)
            save_pictures(folder / "train" / name, [drawings(seed)[index, seed % 3] for seed in seeds])
            scenes = np.stack([drawings(10_000 + index * 20_000 + number) for number in range(TEST)])
            save_pictures(folder / "val" / name, [scene[index, number % 3] for number, scene in enumerate(scenes)])
            self.scenes[name] = torch.from_numpy(scenes).movedim(-1, -3)

    def judge(self, results: Mapping[tuple[str, str], Tensor]) -> Figures:
        """Judge the results, (N, 3, 32, 32) each, of all ways from one colour to another."""
        colours, shapes = [], []
        for (source, wanted), images in results.items():
            distance = (chroma(images)[:, None, None] - chroma(self.scenes[source])).square().sum((-3, -2, -1))
            nearest = distance.flatten(1).argmin(1)
            colours.append(nearest // len(KINDS) == list(COLOURS).index(wanted))
            shapes.append(nearest % len(KINDS) == torch.arange(TEST) % len(KINDS))
        return Figures(*(torch.cat(right).float().mean().item() for right in (colours, shapes)))

    def translated(self, model: Path) -> Figures:
        """Translate the test pictures of each colour to the others as a user would, and judge the files."""
        results = {}
        for source, wanted in WAYS:
            target = model.parent / f"{source}-{wanted}"
            img2img.translate(self.folder / "val" / source, target, model=model, conditions={"label": wanted})
            results[source, wanted] = load_pictures(target)
        return self.judge(results)

    def baselines(self) -> dict[str, Figures]:
        """What needs no network."""
        sources = {name: load_pictures(self.folder / "val" / name) for name in COLOURS}
        means = {name: load_pictures(self.folder / "train" / name).mean(0).expand(TEST, -1, -1, -1) for name in COLOURS}
        return {
            "identity": self.judge({(source, wanted): sources[source] for source, wanted in WAYS}),
            "class mean": self.judge({(source, wanted): means[wanted] for source, wanted in WAYS}),
        }


WAYS = [(source, wanted) for source in COLOURS for wanted in COLOURS if source != wanted]


def chroma(images: Tensor) -> Tensor:
    """What the channels of (…, 3, H, W) differ from their mean."""
    return images - images.mean(-3, keepdim=True)


def show(name: str, figures: Figures) -> None:
    print(f"  {name:18} colour {figures.colour:.3f}, shape {figures.shape:.3f}", flush=True)


def train(name: str, pictures: Pictures, folder: Path, options: Mapping[str, Any]) -> list[Gate]:
    """Train, and judge what the model makes."""
    print(f"training {name} ...", flush=True)
    run = img2img.train(
        "stargan", pictures.folder, folder, {**OPTIONS, **options}, intervals=img2img.Intervals(validate_every=10_000)
    )
    figures = pictures.translated(run.model_path("forward"))
    show(name, figures)
    return [
        Gate("of the wanted colour", figures.colour, low=0.9),
        Gate("of the source's shape", figures.shape, low=0.9),
    ]


def main() -> int:
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(1)  # the same figures wherever it runs
    with tempfile.TemporaryDirectory(prefix="img2img-evidence-") as name:
        folder = Path(name)
        pictures = Pictures(folder / "data")
        for baseline, figures in pictures.baselines().items():
            show(baseline, figures)
        tasks = {
            "stargan": train("healthy", pictures, folder / "healthy", {}),
            "broken: meaningless labels": train(
                "meaningless labels", pictures, folder / "broken", {"classification_weight": 0, "cycle_weight": 0}
            ),
        }
        return 0 if report(tasks) else 1


if __name__ == "__main__":
    sys.exit(main())
