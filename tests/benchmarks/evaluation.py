"""How near the figures of `img2img evaluate` come to their formulas, and what they cost beside the model they judge.

    python tests/benchmarks/evaluation.py [--rounds N]

Agreement: the program judges photo-x2 on pieces of samples/images. The same figures are worked out in NumPy and float64
from sources that slow loops reduce as MATLAB does, where single pixels are rounded to the other side than in float32,
and by quality.py. FID and KID are of the 12 features of a toy network, of which torchmetrics has said them, too.
Cost: of 50 images of 256 x 256, on one thread, counted for 1,000. The ways run alternately, and medians are compared.
Exit status 0 if every target is met.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import quality
import torch
from bench import PROGRAM, ROOT, Pixels, Table, _medians, _write
from hooks import timed
from torch import Tensor

import img2img
from img2img.datasets import list_images, to_tensor
from img2img.evaluation.evaluate import Known, evaluate
from img2img.evaluation.extractor import Extractor
from img2img.evaluation.features import frechet_distance, kernel_distance
from img2img.media import decode_image, read_file
from img2img.nn import metrics
from img2img.nn.distribution import PatchSet

sys.path.insert(0, str(ROOT))

from tests.evaluation import formulas as sets
from tests.evaluation.networks import write_extractor
from tests.nn import formulas

HEIGHT, WIDTH = 64, 66
"""Of what is judged; a truth has a row and a column more, which cannot be halved."""
COUNT, SIDE = 50, 256
"""Of the images by which the cost is measured."""
FEATURES = 2048
"""Of Inception's, from which FID has its name."""
MODEL = "photo-x2"
WHOLE = "evaluate --downscale, beside bicubic"


def read(path: Path) -> Pixels:
    return decode_image(read_file(path), path).pixels


def cut(folder: Path) -> tuple[Path, Path]:
    """Write truths, and images of reference of which no truth is a part."""
    truths, wanted = folder / "truths", folder / "wanted"
    for made in (truths, wanted):
        made.mkdir()
    photos = [read(path) for path in list_images(ROOT / "samples" / "images")]
    for number, photo in enumerate(photo for photo in photos if photo.dtype == np.uint8 and photo.shape[2] == 3):
        height, width, target = (HEIGHT, WIDTH, wanted) if number % 2 else (HEIGHT + 1, WIDTH + 1, truths)
        for y, x in ((0, 0), (0, 61), (55, 0), (55, 61)):
            _write(target / f"{number}-{y}-{x}.png", photo[y : y + height, x : x + width])
    return truths, wanted


def resized(pixels: Pixels, scale: float) -> Pixels:
    """As MATLAB's imresize, rounded to 8 bits."""
    channels = [formulas.slow_imresize(pixels[..., channel].astype(float), scale) for channel in range(3)]
    return np.stack(channels, 2).round().clip(0, 255).astype(np.uint8)


def figures_of(result: Pixels, truth: Pixels) -> dict[str, float]:
    """By formula; two pixels cropped, as the scale is 2."""
    one, two = (np.moveaxis(pixels[2:-2, 2:-2] / 255, 2, 0) for pixels in (result, truth))
    lumas = formulas.luma_of(one), formulas.luma_of(two)
    return {
        "psnr": formulas.decibel(255 * one, 255 * two),
        "psnr_y": formulas.decibel(*lumas),
        "ssim": float(np.mean([formulas.ssim_of(*planes) for planes in zip(one, two, strict=True)])),
        "ssim_y": formulas.ssim_of(lumas[0] / 255, lumas[1] / 255),
    }


def features_of(images: Sequence[Pixels]) -> Pixels:
    """Those of the toy network: (N, 12)."""
    return sets.quarters(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255).numpy()


def agree(table: Table, model: img2img.Model, folder: Path) -> None:
    truths, wanted = cut(folder)
    extractor = write_extractor(folder / "toy.onnx", "N", 3, HEIGHT, WIDTH, pool=(HEIGHT // 2, WIDTH // 2))
    words = [truths, "--downscale", "--reference", wanted, "--extractor", extractor, "--json", "--device", "cpu"]
    found = json.loads(subprocess.run([PROGRAM, "evaluate", MODEL, *words], check=True, stdout=subprocess.PIPE).stdout)
    paths = list_images(truths)
    whole = [read(path)[:HEIGHT, :WIDTH] for path in paths]
    sources = [resized(truth, 1 / 2) for truth in whole]
    results = {"model": [model(source) for source in sources], "baseline": [resized(source, 2) for source in sources]}
    compare_images(table, found, results, whole)
    compare_quality(table, found, quality.compare({MODEL: model}, paths)[MODEL])
    compare_sets(table, found, results, features_of([read(path) for path in list_images(wanted)]))


def compare_images(
    table: Table, found: Mapping[str, Any], results: Mapping[str, list[Pixels]], truths: list[Pixels]
) -> None:
    differences: dict[str, list[float]] = {}
    for way, images in results.items():
        for image, result, truth in zip(found["images"], images, truths, strict=True):
            for figure, value in figures_of(result, truth).items():
                differences.setdefault(figure, []).append(abs(image["figures"][way][figure] - value))
    for figure, values in differences.items():
        unit = "mdB" if figure.startswith("psnr") else "1e-3"
        table.row(f"{figure} of {len(values)} results, from the formula, at most", 1e3 * np.max(values), unit, high=1)


def compare_quality(table: Table, found: Mapping[str, Any], others: quality.Results) -> None:
    for figure, unit, values in (("psnr_y", "mdB", others.psnr), ("ssim_y", "1e-3", others.ssim)):
        most = np.max(np.abs(np.array([image["figures"]["model"][figure] for image in found["images"]]) - values))
        table.row(f"{figure} of {len(values)} results, from quality.py, at most", 1e3 * most, unit, high=1)


def compare_sets(table: Table, found: Mapping[str, Any], results: Mapping[str, list[Pixels]], wanted: Pixels) -> None:
    for way, images in results.items():
        features, totals = features_of(images), found["total"][way]
        for figure, formula in (("fid", sets.fid_of), ("kid", sets.kid_of)):
            expected = formula(features, wanted)
            tell(table, f"{figure} of the {way}, from the formula", totals[figure]["value"], expected, 1e-3)


def compare_torchmetrics(table: Table, folder: Path) -> None:
    extractor = Extractor(write_extractor(folder / "quarters.onnx", "N", 3, 8, 8, pool=(4, 4)), torch.device("cpu"))
    one, two = (
        torch.stack([extractor(image.float()) for image in images])
        for images in (sets.images(24, 0, 1.0), sets.images(20, 1, 0.6))
    )
    tell(table, "fid, from torchmetrics 1.9.0", frechet_distance(one, two), sets.FID_BY_TORCHMETRICS, 1e-6)
    tell(table, "kid, from torchmetrics 1.9.0", kernel_distance(one[:20], two), sets.KID_BY_TORCHMETRICS, 1e-6)


def tell(table: Table, name: str, found: float, expected: float, limit: float) -> None:
    print(f"({name}: {found:.9f} and {expected:.9f})")
    table.row(f"{name}, relative", 1e6 * abs(found / expected - 1), "1e-6", high=1e6 * limit)


def cost(table: Table, model: img2img.Model, rounds: int, folder: Path) -> None:
    ways = {way: timed(run) for way, run in work(model, folder).items()}
    seconds = {way: 1000 / COUNT * time for way, time in _medians(ways, rounds).items()}
    features = torch.randn(2, 1000, FEATURES, generator=torch.Generator().manual_seed(0)).double()
    seconds[f"FID of {FEATURES} features"] = timed(partial(frechet_distance, *features))()
    seconds[f"KID of {FEATURES} features"] = timed(partial(kernel_distance, *features))()
    own = seconds.pop("model")
    table.row(f"1,000 images of {SIDE} x {SIDE}: {MODEL} itself", own, "s")
    for way, time in seconds.items():
        table.row(way, time, "s")
        table.row(f"{way}, over {MODEL}", time / own, high=None if way == WHOLE else 1)


def work(model: img2img.Model, folder: Path) -> dict[str, Callable[[], object]]:
    """What is done for the images, by what it is for."""
    photo = np.tile(read(ROOT / "samples" / "images" / "street.png"), (2, 2, 1))[:SIDE, :SIDE]
    truths = [np.roll(photo, 5 * index, axis=1) for index in range(COUNT)]
    for index, truth in enumerate(truths):
        _write(folder / f"{index:02}.png", truth)
    sources = [np.ascontiguousarray(truth[::2, ::2]) for truth in truths]
    results = [to_tensor(model(source))[None] for source in sources]
    pairs = list(zip(results, (to_tensor(truth)[None] for truth in truths), strict=True))
    wanted = patches_of([truth for _, truth in pairs])
    return {
        "model": lambda: [model(source) for source in sources],
        "PSNR and PSNR-Y": partial(judge, pairs, metrics.psnr, metrics.psnr_y),
        "SSIM and SSIM-Y": partial(judge, pairs, metrics.ssim, metrics.ssim_y),
        "MS-SSIM": partial(judge, pairs, metrics.ms_ssim),
        "SWD": lambda: patches_of(results).distances(wanted),
        WHOLE: partial(evaluate, model, folder, Known(downscale=True)),
    }


def judge(pairs: Sequence[tuple[Tensor, Tensor]], *measures: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    for result, truth in pairs:
        for measure in measures:
            measure(result, truth, 2)


def patches_of(images: Sequence[Tensor]) -> PatchSet:
    patches = PatchSet(torch.Generator().manual_seed(0))
    for image in images:
        patches.add(image[0])
    return patches


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, table = img2img.load_model(MODEL, device="cpu", precision="fp32"), Table()
    with tempfile.TemporaryDirectory(prefix="img2img-evaluation-") as name:
        agree(table, model, Path(name))
        compare_torchmetrics(table, Path(name))
        (folder := Path(name, "many")).mkdir()
        cost(table, model, options.rounds, folder)
    return 0 if table.good else 1


if __name__ == "__main__":
    sys.exit(main())
