"""How good the bundled translations are, on photographs that they have not seen.

    python tests/benchmarks/translation_quality.py [--photos DIR] [--train DIR] [--limit N]

Three tables:

* `colorize` paints photographs whose luma it is given. PSNR of the channels a and b of CIE Lab (peak 255) and
  colourfulness (Hasler & Suesstrunk 2003), beside grey (what it is given) and beside the training photographs' mean
  colour, laid over every pixel.
* `photo-to-pencil` and `pencil-to-photo`: sliced Wasserstein distance (a mean over four Laplacian levels, times
  1000) of sources and of results to images of the target domain. The photos are dealt out to two disjoint halves, one
  of which OpenCV makes drawings, so that no source has its partner among the targets; `same` is the distance that
  perfect results would have. Beside it, PSNR of the cycle and, as a look behind the curtain, PSNR of sources and of
  results to what OpenCV makes of the very photo.
* `tones`: the same distance for each of its classes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kornia.color import rgb_to_lab
from numpy.typing import NDArray
from torch import Tensor

import img2img
from img2img.datasets import list_images, to_tensor
from img2img.media import decode_image, read_file
from img2img.nn.distribution import sliced_wasserstein
from img2img.nn.metrics import psnr

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "samples"))
from stylise import STYLES  # noqa: E402

Pixels = NDArray[Any]


def judge_colorize(photos: Sequence[Pixels], training: Sequence[Pixels]) -> None:
    model = img2img.load_model("colorize")
    mean = torch.stack([chroma(photo).mean((1, 2)) for photo in training]).mean(0)[:, None, None]
    rows: dict[str, list[tuple[float, float]]] = {"grey": [], "mean colour": [], "colorize": [], "truth": []}
    for photo in photos:
        truth, lightness = chroma(photo), rgb_to_lab(to_tensor(photo)[None])[0, :1]
        found = chroma(model(luma(photo)))
        for name, ab in zip(rows, (0 * truth, mean.expand_as(truth), found, truth), strict=True):
            rows[name].append((psnr_ab(ab, truth), colourfulness(torch.cat([lightness, ab]))))
    print(f"colorize, {len(photos)} photographs\n{'':14} {'PSNR ab':>8} {'colourfulness':>14}")
    for name, figures in rows.items():
        values = np.mean(figures, axis=0)
        print(
            f"{name:14} {values[0]:8.2f} {values[1]:14.2f}"
            if name != "truth"
            else f"{name:14} {'':8} {values[1]:14.2f}"
        )


def chroma(pixels: Pixels) -> Tensor:
    """The channels a and b: (2, H, W)."""
    return rgb_to_lab(to_tensor(pixels)[None])[0, 1:]


def luma(pixels: Pixels) -> Pixels:
    """(H, W, 1), as cameras and programs make grey."""
    return np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)[..., None]


def psnr_ab(found: Tensor, truth: Tensor) -> float:
    return float(20 * torch.log10(255 / (found - truth).square().mean().sqrt().clamp_min(1e-3)))


def colourfulness(lab: Tensor) -> float:
    """Hasler & Suesstrunk's measure, taken in the a-b plane: the spread of the chroma and its distance from grey."""
    spread, middle = lab[1:].flatten(1).std(1).norm(), lab[1:].flatten(1).mean(1).norm()
    return float(spread + 0.37 * middle)


def judge_pair(photos: Sequence[Pixels]) -> None:
    draw = via_bgr(STYLES["pencil"])
    sources, others = photos[::2], photos[1::2]
    own, targets = [draw(photo) for photo in sources], [draw(photo) for photo in others]
    forward, backward = img2img.load_model("photo-to-pencil"), img2img.load_model("pencil-to-photo")
    print(
        f"\n{'':20} {'SWD before':>10} {'after':>7} {'same':>7} {'PSNR cycle':>11} {'to own, before':>15} {'after':>7}"
    )
    judge_direction("photo-to-pencil", forward, backward, sources, targets, own)
    judge_direction("pencil-to-photo", backward, forward, targets, sources, others)


def judge_direction(
    name: str,
    model: img2img.Model,
    inverse: img2img.Model,
    sources: Sequence[Pixels],
    targets: Sequence[Pixels],
    own: Sequence[Pixels],
) -> None:
    """One line: `own` are what the sources ought to become."""
    results = [model(source) for source in sources]
    cycle = agreement([inverse(result) for result in results], sources)
    levels = [distances(images, targets) for images in (sources, results, own)]
    mean = [sum(level) / len(level) for level in levels]
    print(
        f"{name:20} {mean[0]:10.2f} {mean[1]:7.2f} {mean[2]:7.2f} {cycle:11.2f} "
        f"{agreement(sources, own):15.2f} {agreement(results, own):7.2f}"
    )
    for when, level in zip(("before", "after", "same"), levels, strict=True):
        print(f"  levels, {when:8}", *(f"{distance:7.1f}" for distance in level))


def judge_tones(photos: Sequence[Pixels]) -> None:
    model = img2img.load_model("tones")
    sources, others = photos[::2], photos[1::2]
    print(f"\n{'tones, of photos':20} {'SWD before':>10} {'after':>7}")
    for name in ("sepia", "cyanotype", "night"):
        targets = [via_bgr(STYLES[name])(photo) for photo in others]
        results = [model(photo, label=name) for photo in sources]
        before, after = (float(np.mean(distances(images, targets))) for images in (sources, results))
        print(f"-c label={name:11} {before:10.2f} {after:7.2f}")


def via_bgr(style: Callable[[Pixels], Pixels]) -> Callable[[Pixels], Pixels]:
    """A style of OpenCV's for RGB."""
    return lambda photo: np.ascontiguousarray(style(np.ascontiguousarray(photo[..., ::-1]))[..., ::-1])


def distances(images: Sequence[Pixels], others: Sequence[Pixels]) -> list[float]:
    """One for each Laplacian level, the finest first."""
    return sliced_wasserstein([to_tensor(image) for image in images], [to_tensor(image) for image in others])


def agreement(images: Sequence[Pixels], truths: Sequence[Pixels]) -> float:
    pairs = zip(images, truths, strict=True)
    return float(np.mean([psnr(to_tensor(a)[None], to_tensor(b)[None]).item() for a, b in pairs]))


def main() -> None:
    data = ROOT.parent / "shared" / "data" / "photos"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=data / "test")
    parser.add_argument("--train", type=Path, default=data / "train", help="photographs that the models learned from")
    parser.add_argument("--limit", type=int, help="use only the first N photographs")
    options = parser.parse_args()
    photos, training = (
        [decode_image(read_file(path), path).pixels for path in list_images(folder)[: options.limit]]
        for folder in (options.photos, options.train)
    )
    judge_colorize(photos, training)
    judge_pair(photos)
    judge_tones(photos)


if __name__ == "__main__":
    main()
