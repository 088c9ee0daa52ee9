"""Evidence that training without pairs works, and that the gates notice when it does not.

    python tests/evidence/cyclegan.py

Orange discs and squares are to become blue with dark stripes, and back; green triangles and the grey ground stay as
they are. Everything goes through `img2img.train` and `img2img.translate`. What this rests on:

* The pictures are drawn, so that the truth of each test picture is known although training sees no pairs.
* Recolouring is learnt without any adversarial loss: G is trained by identity, and by the backward cycle, to give only
  colours of the target. The stripes, which have no counterpart in the source, and the distance of the distributions
  prove that the adversarial path works; hence the control, which must fail.
* A distribution is easily met by the wrong pictures, such as inverted ones. Hence both sides: content and distribution.

Exit status 0: the healthy training passes every gate, and the broken one fails. Takes about three minutes on one core.
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
from shapes import SUPERSAMPLING, TRIANGLE, Floats, Shape, reduced
from torch import Tensor
from torch.nn.functional import avg_pool2d

import img2img
from img2img.media.opencv import cv2
from img2img.nn import metrics
from img2img.nn.distribution import laplacian_pyramid, sliced_wasserstein
from img2img.training.run import Run

SIZE = 48
TRAINING, TEST = 400, 40
ORANGE, BLUE, DARK, GREEN = (
    np.float32(colour) for colour in ([1, 0.5, 0.1], [0.25, 0.4, 1], [0.02, 0.03, 0.1], [0.2, 0.75, 0.25])
)
OPTIONS = {
    "width": 16, "blocks": 3, "resize": 0, "crop": SIZE, "constant_steps": 465, "decay_steps": 465, "ema": 0.98,
    "discriminator_width": 24, "discriminator_layers": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """One drawn scene in both domains, (48, 48, 3) each, and where objects differ, (48, 48)."""

    source: Floats
    target: Floats
    changed: Floats


def scene(seed: int) -> Scene:
    """The figures in the project's notes were measured on these scenes: each draw, and its order, is part of them."""
    rng, side = np.random.default_rng(seed), SIZE * SUPERSAMPLING
    ground = rng.uniform(0.35, 0.75, (6, 6)).astype(np.float32)
    ground = cv2.resize(ground, (side, side), interpolation=cv2.INTER_CUBIC)[..., None].repeat(3, 2)
    source, target, changed = ground, ground, np.zeros((side, side), bool)
    for _ in range(rng.integers(3, 6)):
        kind, radius = int(rng.integers(3)), rng.uniform(0.11, 0.2) * side
        centre, value = rng.uniform(0.1 * side, 0.9 * side, 2), rng.uniform(0.55, 1.0)
        shape = Shape(kind, centre, radius, rng.uniform(0, 6.28))
        light = shape.light(side, fall=0.35, low=0.5, high=1.2) * value
        here, striped = shape.mask(side), stripes(side, rng.uniform(0, 6.28))
        plain = GREEN if kind == TRIANGLE else ORANGE
        source = np.where(here[..., None], plain * light, source)
        target = np.where(here[..., None], (GREEN if kind == TRIANGLE else striped) * light, target)
        changed[here] = kind != TRIANGLE
    return Scene(reduced(source), reduced(target), reduced(changed))


def stripes(side: int, phase: float) -> Floats:
    """Blue and dark rows, five pixels of the picture apart: (side, 1, 3)."""
    wave = np.sin(np.arange(side) * 2 * np.pi / (5 * SUPERSAMPLING) + phase)
    return np.where(wave[:, None, None] > 0, BLUE, DARK)


@dataclass(frozen=True)
class Figures:
    """Over the test pictures."""

    untouched: float
    """PSNR of the pixels that are to stay, in dB."""
    inside: float
    """PSNR inside the objects without their stripes, in dB."""
    stripes: float
    """Energy of the finest Laplacian level inside the objects, over the truth's."""
    swd: float
    """Sliced Wasserstein distance of that level to the target's pictures, times 1000."""
    correlation: float
    """Of the blurred luminance of source and result."""
    back: float
    """PSNR of the backward direction, in dB."""


class Pictures:
    """The pictures of the task, drawn from seeds and saved in a folder in the layout of the authors' data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        save_pictures(folder / "trainA", [scene(seed).source for seed in range(TRAINING)])
        save_pictures(folder / "trainB", [scene(50_000 + seed).target for seed in range(TRAINING)])
        scenes = [scene(90_000 + seed) for seed in range(TEST)]
        save_pictures(folder / "testA", [each.source for each in scenes])
        save_pictures(folder / "testB", [each.target for each in scenes])
        self.source, self.target = load_pictures(folder / "testA"), load_pictures(folder / "testB")
        self.sources, self.targets = load_pictures(folder / "trainA"), load_pictures(folder / "trainB")
        changed = torch.from_numpy(np.stack([each.changed for each in scenes]))[:, None]
        self.untouched = (changed < 0.1).float()
        self.inside = (avg_pool2d(changed, 7, 1, 3) > 0.99).float()

    def judge(self, forward: Tensor, backward: Tensor) -> Figures:
        """Compare the results of both directions, (N, 3, 48, 48), with the truth."""
        return Figures(
            psnr(forward, self.target, self.untouched),
            psnr(low_pass(forward), low_pass(self.target), self.inside),
            self._detail(forward) / self._detail(self.target),
            sliced_wasserstein(list(forward), list(self.targets[:TEST]))[0],
            correlation(forward, self.source),
            psnr(backward, self.source, torch.ones_like(self.inside)),
        )

    def translated(self, run: Run) -> Figures:
        """Translate the test pictures by both model files as a user would, and judge the files."""
        results = []
        for direction, name in (("forward", "testA"), ("backward", "testB")):
            target = run.folder / direction
            img2img.translate(self.folder / name, target, model=run.model_path(direction))
            results.append(load_pictures(target))
        return self.judge(*results)

    def _detail(self, images: Tensor) -> float:
        return (laplacian_pyramid(images, 2)[0].square() * self.inside).sum().item()


def psnr(images: Tensor, truth: Tensor, where: Tensor) -> float:
    """Of the pixels of all images together that count, in dB."""
    error = ((images - truth).square() * where).sum() / (3 * where.sum())
    return -10 * math.log10(max(error.item(), 1e-9))


def low_pass(images: Tensor) -> Tensor:
    return avg_pool2d(images, 5, 1, 2)


def correlation(images: Tensor, others: Tensor) -> float:
    """Mean over the images: below 0 where dark and bright have changed places."""
    blurred = [
        [cv2.GaussianBlur(plane[0].numpy(), (0, 0), 1.5).ravel() for plane in metrics.luma(each)]
        for each in (images, others)
    ]
    return float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in zip(*blurred, strict=True)]))


def matched(images: Tensor, domain: Tensor) -> Tensor:
    """Give all images together the histogram of a domain, channel by channel."""
    result = torch.empty_like(images)
    for channel in range(3):
        ordered = domain[:, channel].flatten().sort().values
        ranks = images[:, channel].flatten().argsort().argsort()
        result[:, channel] = ordered[ranks * len(ordered) // len(ranks)].view_as(result[:, channel])
    return result


def baselines(pictures: Pictures) -> dict[str, Figures]:
    """What needs no network."""

    def flat(domain: Tensor) -> Tensor:
        grain = 1e-4 * torch.rand(TEST, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
        return domain.mean((0, 2, 3), keepdim=True) + grain  # a flat image correlates with nothing

    x, y, xs, ys = pictures.source, pictures.target, pictures.sources, pictures.targets
    return {
        "identity": pictures.judge(x, y),
        "mean colour": pictures.judge(flat(ys), flat(xs)),
        "histogram match": pictures.judge(matched(x, ys), matched(y, xs)),
    }


def gates(result: Figures) -> list[Gate]:
    return [
        Gate("untouched pixels, dB", result.untouched, low=22),
        Gate("objects, low-pass, dB", result.inside, low=19),
        Gate("stripes over the truth's", result.stripes, low=0.65, high=1.6),
        Gate("SWD, finest level", result.swd, high=12),
        Gate("luminance correlation", result.correlation, low=0.4),
        Gate("backward, dB", result.back, low=20),
    ]


def show(name: str, figures: Figures) -> None:
    print(
        f"  {name:16} untouched {figures.untouched:.2f} dB, objects {figures.inside:.2f} dB, "
        f"stripes {figures.stripes:.3f}, SWD {figures.swd:.1f}, correlation {figures.correlation:.2f}, "
        f"backward {figures.back:.2f} dB",
        flush=True,
    )


def train(name: str, pictures: Pictures, folder: Path, options: Mapping[str, Any]) -> list[Gate]:
    """Train both directions and judge what they make."""
    print(f"training {name} ...", flush=True)
    run = img2img.train(
        "cyclegan", pictures.folder, folder, {**OPTIONS, **options}, intervals=img2img.Intervals(validate_every=10_000)
    )
    figures = pictures.translated(run)
    show(name, figures)
    return gates(figures)


def main() -> int:
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(1)  # the same figures wherever it runs
    with tempfile.TemporaryDirectory(prefix="img2img-evidence-") as name:
        folder = Path(name)
        pictures = Pictures(folder / "data")
        for baseline, figures in baselines(pictures).items():
            show(baseline, figures)
        tasks = {
            "cyclegan": train("healthy", pictures, folder / "healthy", {}),
            "broken: adversarial_weight=0": train("no adversary", pictures, folder / "no", {"adversarial_weight": 0}),
        }
        return 0 if report(tasks) else 1


if __name__ == "__main__":
    sys.exit(main())
