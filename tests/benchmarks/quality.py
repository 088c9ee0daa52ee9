"""How good models are at super-resolution, beside bicubic.

    python tests/benchmarks/quality.py MODEL... [--photos DIR] [--limit N] [--sheet out.png]

Protocol: each photograph is reduced by MATLAB's bicubic `imresize` and rounded to 8 bits; the model enlarges it again,
as a user's 8-bit image. PSNR and SSIM of the studio-range luma, `scale` pixels cropped along each edge, mean of the
images' own figures; bicubic is MATLAB's as well. `sharpness` is the energy of the finest Laplacian level over the
truth's, `SWD` how far the patches of that level are from the truth's (`img2img/nn/distribution.py`); 0 is the
same texture.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

import img2img
from img2img.datasets import list_images, to_tensor
from img2img.media import Image, decode_image, encode_image, read_file, write_file
from img2img.media.opencv import cv2
from img2img.nn import metrics
from img2img.nn.distribution import sliced_wasserstein
from img2img.nn.resize import imresize

ROOT = Path(__file__).parents[2]

SHEET_ROWS, SHEET_SIDE, SHEET_ZOOM, SHEET_HEADER = 5, 128, 2, 24


@dataclass
class Results:
    """The images of one way of enlarging, and their figures, one for each image."""

    images: list[Tensor] = field(default_factory=list)
    """(3, H, W) each."""
    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)

    def add(self, image: Tensor, truth: Tensor, crop: int) -> None:
        pair = image[None], truth[None]
        self.images.append(image)
        self.psnr.append(metrics.psnr_y(*pair, crop).item())
        self.ssim.append(metrics.ssim_y(*pair, crop).item())
        self.sharpness.append((metrics.detail(pair[0]) / metrics.detail(pair[1])).item())


def compare(models: dict[str, img2img.Model], photos: list[Path]) -> dict[str, Results]:
    """Enlarge every photograph in every way; the last is the truth itself."""
    results = {name: Results() for name in ("bicubic", *models, "truth")}
    scale = next(iter(models.values())).translator.traits.scale
    for index, truth in enumerate(_truths(photos, int(scale))):
        reduced = metrics.to_8_bit(imresize(truth, Fraction(1, scale)))
        enlarged = {name: _enlarge(model, reduced) for name, model in models.items()}
        enlarged |= {"bicubic": metrics.to_8_bit(imresize(reduced, scale)), "truth": truth}
        for name, image in enlarged.items():
            results[name].add(image, truth, int(scale))
        print(f"\r{index + 1}/{len(photos)}", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    return results


def _truths(photos: list[Path], scale: int) -> Iterator[Tensor]:
    """The photographs as (3, H, W), cut to multiples of the scale."""
    for path in photos:
        pixels = decode_image(read_file(path), path).pixels
        height, width = (size // scale * scale for size in pixels.shape[:2])
        colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[..., :3]
        yield to_tensor(colour[:height, :width])


def _enlarge(model: img2img.Model, reduced: Tensor) -> Tensor:
    return to_tensor(model(reduced.mul(255).round().byte().permute(1, 2, 0).numpy()))


def print_table(results: dict[str, Results], photos: int) -> None:
    """One line for each way; in brackets, the difference to bicubic."""
    truth, bicubic = results["truth"], results["bicubic"]
    width = max(len(name) for name in results)
    print(f"{photos} photographs\n{'':{width}}  {'PSNR-Y':>14}  {'SSIM-Y':>16}  {'sharpness':>9}  {'SWD':>5}")
    for name, result in results.items():
        if name == "truth":
            continue
        psnr, ssim = float(np.mean(result.psnr)), float(np.mean(result.ssim))
        more = f"({psnr - np.mean(bicubic.psnr):+.2f})", f"({ssim - np.mean(bicubic.ssim):+.4f})"
        print(
            f"{name:{width}}  {psnr:.2f} {more[0] if result is not bicubic else '':>8}  "
            f"{ssim:.4f} {more[1] if result is not bicubic else '':>9}  {np.mean(result.sharpness):9.3f}  "
            f"{sliced_wasserstein(result.images, truth.images)[0]:5.1f}"
        )


def write_sheet(path: Path, results: dict[str, Results]) -> None:
    """Lay out the most detailed square of the most detailed photographs, each way a column."""
    truth = results["truth"].images
    detailed = sorted(range(len(truth)), key=lambda index: -metrics.detail(truth[index][None]).item())
    rows = []
    for index in detailed[:SHEET_ROWS]:
        y, x = _most_detailed(truth[index])
        cells = [result.images[index][:, y : y + SHEET_SIDE, x : x + SHEET_SIDE] for result in results.values()]
        shown = [interpolate(cell[None], scale_factor=SHEET_ZOOM, mode="nearest")[0] for cell in cells]
        rows.append(torch.cat([pad(cell, (2, 2, 2, 2), value=1.0) for cell in shown], dim=2))
    body = torch.cat(rows, dim=1).mul(255).round().byte().permute(1, 2, 0).numpy()
    header = np.full((SHEET_HEADER, body.shape[1], 3), 255, np.uint8)
    for column, name in enumerate(results):
        at = column * body.shape[1] // len(results) + 6, SHEET_HEADER - 8
        cv2.putText(header, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    write_file(path, encode_image(Image(np.concatenate([header, body])), path.suffix).data)
    print(f"crops: {path}")


def _most_detailed(image: Tensor) -> tuple[int, int]:
    """Where the square with the most energy in its differences to a blurred copy begins."""
    energy = (image - avg_pool2d(image[None], 5, 1, 2)[0]).square().sum(0)
    sums = avg_pool2d(energy[None, None], SHEET_SIDE, stride=8)[0, 0]
    y, x = divmod(int(sums.argmax()), sums.shape[1])
    return y * 8, x * 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="names or paths of model files of one scale")
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "photos" / "test")
    parser.add_argument("--limit", type=int, help="use only the first N photographs")
    parser.add_argument("--sheet", type=Path, help="write crops side by side, as PNG")
    options = parser.parse_args()
    models = {Path(name).stem: img2img.load_model(name) for name in options.models}
    if len({model.translator.traits.scale for model in models.values()}) > 1:
        parser.error("the models have different scales; compare them one by one")
    photos = list_images(options.photos)[: options.limit]
    results = compare(models, photos)
    print_table(results, len(photos))
    if options.sheet:
        write_sheet(options.sheet, results)


if __name__ == "__main__":
    main()
