"""How fast translation is beside its network alone and beside a plain loop, how soon it starts, what memory it needs.

    python tests/benchmarks/bench.py [--photos DIR] [--model NAME] [--limit N] [--reduce K] [--parts a,b,c,d]

Parts:
  a  images a second of `img2img.translate` over those of the bare forward pass of the same network
  b  the same over the loop that research code has: read, float32, one image at a time, write, nothing at once
  c  start of the program over the start of Python, and of Python with torch
  d  peak memory: 1,000 images beside 100; a large image beside what the untiled network would need

What is compared runs alternately in one process, and medians are compared, so that a busy machine spoils both alike.
Everything runs on the CPU. Exit status 0 if every target is met.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import img2img
from img2img.datasets import list_images, to_tensor
from img2img.inference.picture import Picture
from img2img.media import Image, decode_image, encode_image, read_file, write_file
from img2img.media.image.probe import probe
from img2img.media.opencv import cv2
from img2img.nn.resize import imresize
from img2img.nn.sizes import translate_any_size

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("img2img")
GIB = 1 << 30

Pixels = NDArray[Any]


@dataclass
class Table:
    """Prints figures as they come, and knows whether all targets were met."""

    good: bool = True

    def row(self, name: str, value: float, unit: str = "", low: float | None = None, high: float | None = None) -> None:
        verdict, target = "", ""
        if low is not None or high is not None:
            met = (low is None or value >= low) and (high is None or value <= high)
            verdict, target = "met" if met else "MISSED", f">= {low:g}" if low is not None else f"<= {high:.3g}"
            self.good = self.good and met
        print(f"{name:62} {value:9.3f} {unit:6} {target:9} {verdict}", flush=True)


class Bare:
    """The forward pass alone, on images that are float tensors already, in the batches that translation would make."""

    def __init__(self, model: img2img.Model, sources: Sequence[Path]) -> None:
        self.model = model
        self.batches = list(_batches(model, sources))
        ways = [(1, torch.get_num_threads()), (torch.get_num_threads(), 1)]
        seconds = {way: min(self._pass(*way) for _ in range(2)) for way in ways}
        self.workers, self.threads = min(ways, key=lambda way: seconds[way])

    def __call__(self) -> float:
        """Return the seconds that all images take, the cores divided as is fastest."""
        return self._pass(self.workers, self.threads)

    def _pass(self, workers: int, threads: int) -> float:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            with ThreadPoolExecutor(workers) as pool:
                started = perf_counter()
                for _ in pool.map(self._forward, self.batches):
                    pass
                return perf_counter() - started
        finally:
            torch.set_num_threads(before)

    @torch.inference_mode()
    def _forward(self, batch: Tensor) -> None:
        with self.model.device.autocast():
            translate_any_size(self.model.translator, batch)


class PlainLoop:
    """What research code does for each file in turn."""

    def __init__(self, model: img2img.Model, sources: Sequence[Path], target: Path) -> None:
        self.sources, self.target, self.translator = sources, target, deepcopy(model.translator)
        self.translator.generator.to(memory_format=torch.contiguous_format)
        self.way = cv2.IMREAD_GRAYSCALE if self.translator.traits.channels_in == 1 else cv2.IMREAD_COLOR_RGB
        target.mkdir()

    @torch.no_grad()
    def __call__(self) -> float:
        """Return the seconds that all files take."""
        started = perf_counter()
        for path in self.sources:
            pixels = np.atleast_3d(cv2.imread(str(path), self.way))
            image = torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous().float() / 255
            result = translate_any_size(self.translator, image)[0].clamp(0, 1).mul(255).round().byte()
            pixels = result.permute(1, 2, 0).contiguous().numpy()
            cv2.imwrite(str(self.target / path.name), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        return perf_counter() - started


def compare_throughput(table: Table, model: img2img.Model, sources: Path, parts: set[str], rounds: int) -> None:
    """Parts a and b."""
    paths, numbers = list_images(sources), count()

    def job() -> float:
        target = sources.parent / f"translated-{next(numbers)}"
        report = img2img.translate(sources, target, model=model)
        assert report.counts["done"] == len(paths)
        return report.seconds

    job()  # the first pass through a network is slow
    ways: dict[str, Callable[[], float]] = {"translate": job}
    if "a" in parts:
        ways["bare"] = bare = Bare(model, paths)
        print(f"(the bare pass is fastest with {bare.workers} at once, {bare.threads} threads each)")
    if "b" in parts:
        ways["plain"] = PlainLoop(model, paths, sources.parent / "plain")
    speed = {name: len(paths) / time for name, time in _medians(ways, rounds).items()}
    table.row(f"translate, {len(paths)} images, {model.device.precision}", speed["translate"], "1/s")
    if "a" in parts:
        table.row("bare forward pass, same batches and precision", speed["bare"], "1/s")
        table.row("a: translate over the bare forward pass", speed["translate"] / speed["bare"], low=0.85)
    if "b" in parts:
        table.row("plain loop: read, float32, batch 1, write", speed["plain"], "1/s")
        table.row("b: translate over the plain loop", speed["translate"] / speed["plain"], low=1.5)


def compare_start(table: Table, model: str, source: Path, rounds: int) -> None:
    """Part c."""
    job = [PROGRAM, "translate", model, source, source.parent.parent / "one.png", "--overwrite"]
    commands: dict[str, list[str | Path]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import torch'": [sys.executable, "-c", "import torch"],
        "img2img --help": [PROGRAM, "--help"],
        "img2img plugins": [PROGRAM, "plugins"],
        "img2img translate of one image": job,
    }

    def runner(command: list[str | Path]) -> Callable[[], float]:
        def run() -> float:
            started = perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            return perf_counter() - started

        return run

    seconds = _medians({name: runner(command) for name, command in commands.items()}, rounds)
    python, torch_too = seconds["python -c pass"], seconds["python -c 'import torch'"]
    for name in ("img2img --help", "img2img plugins"):
        table.row(f"c: {name}", seconds[name], "s", high=0.25)
        table.row(f"c: {name}, over python -c pass", seconds[name] / python)
        table.row(f"c: {name}, over python -c 'import torch'", seconds[name] / torch_too, high=0.25)
    one = seconds["img2img translate of one image"] / torch_too
    table.row("c: img2img translate of one image, over python -c 'import torch'", one, high=2.0)


def compare_memory_of_many(table: Table, model: str, photo: Pixels, folder: Path) -> None:
    """Part d, first half: memory must not grow with the number of images."""
    peaks = {}
    for number in (100, 1000):
        sources = folder / f"small-{number}"
        sources.mkdir()
        for index in range(number):
            small = np.roll(photo, index, axis=1)[:48, :48]
            _write(sources / f"{index:04}.png", small)
        peaks[number], _ = _peak([PROGRAM, "translate", model, sources, folder / f"small-{number}-done"])
        table.row(f"{number} images of 48 x 48, peak memory", peaks[number] / GIB, "GiB")
    table.row("d: 1,000 images over 100", peaks[1000] / peaks[100], high=1.1)


def compare_memory_of_large(table: Table, model: str, photo: Pixels, size: tuple[int, int], folder: Path) -> None:
    """Part d, second half: tiles against the untiled pass, which is measured on small images and extrapolated."""

    def peak(width: int, height: int, *words: str) -> tuple[int, float]:
        source = folder / f"{width}x{height}.png"
        _write(source, np.tile(photo, (height // photo.shape[0] + 1, width // photo.shape[1] + 1, 1))[:height, :width])
        return _peak([PROGRAM, "translate", model, source, folder / "large-done.png", "--overwrite", *words])

    (low, _), (high, _) = peak(400, 300, "--tile", "off"), peak(800, 600, "--tile", "off")
    width, height = size
    untiled = low + (high - low) * (width * height - 400 * 300) / (800 * 600 - 400 * 300)
    needed, seconds = peak(width, height)
    done = probe(read_file(folder / "large-done.png"))
    pixels = 3 * done.width * done.height
    table.row(f"{width} x {height}: translated in", seconds, "s")
    table.row(f"{width} x {height}: the target's pixels", pixels / GIB, "GiB")
    table.row(f"{width} x {height}: the untiled pass would need, by estimate", untiled / GIB, "GiB")
    table.row(f"{width} x {height}: peak memory", needed / GIB, "GiB")
    table.row(f"{width} x {height}: peak memory over the untiled pass's", needed / untiled)
    table.row("d: peak memory over 1 GiB and the target's pixels", needed / (pixels + GIB), high=3)


# Linux lets a child begin with its parent's peak, and ours has torch loaded: a small process in between starts it.
_MEASURE = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def _peak(command: Sequence[str | Path]) -> tuple[int, float]:
    """Run a command; return its peak memory in bytes, and its seconds."""
    started = perf_counter()
    done = subprocess.run([sys.executable, "-c", _MEASURE, *command], check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout.split()[-1]) * 1024, perf_counter() - started


def _medians(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Run each way in turn, `rounds` times; the median seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(way())
    return {name: median(times) for name, times in seconds.items()}


def _batches(model: img2img.Model, sources: Sequence[Path]) -> list[Tensor]:
    """Images of one size together, as many as translation would take: (N, C, H, W), channels last."""
    groups: dict[tuple[int, ...], list[Tensor]] = {}
    for path in sources:
        image = to_tensor(Picture.enter(decode_image(read_file(path), path).pixels, model.translator.traits).entering)
        groups.setdefault(tuple(image.shape), []).append(image)
    batches = []
    for (_, height, width), group in groups.items():
        size = model.executor.batch_size(height, width)
        parts = [torch.stack(group[first : first + size]) for first in range(0, len(group), size)]
        batches += [part.contiguous(memory_format=torch.channels_last) for part in parts]
    return batches


def _reduced(paths: Sequence[Path], factor: int, folder: Path) -> Path:
    """Write the photographs into a folder: as they are, or `factor` times smaller, as PNG."""
    folder.mkdir()
    for path in paths:
        if factor == 1:
            write_file(folder / path.name, read_file(path))
            continue
        image = to_tensor(decode_image(read_file(path), path).pixels)
        pixels = imresize(image, Fraction(1, factor)).clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
        _write(folder / f"{path.stem}.png", pixels)
    return folder


def _write(path: Path, pixels: Pixels) -> None:
    write_file(path, encode_image(Image(np.ascontiguousarray(pixels)), ".png").data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "photos" / "test")
    parser.add_argument("--model", default="photo-x4")
    parser.add_argument("--limit", type=int, default=100, help="use only the first N photographs")
    parser.add_argument("--reduce", type=int, default=4)
    parser.add_argument("--parts", default="a,b,c,d")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", default="8000x6000", metavar="WxH", help="size of the large image of part d")
    options = parser.parse_args()
    parts = set(options.parts.split(","))
    width, height = map(int, options.large.split("x"))
    table = Table()
    with tempfile.TemporaryDirectory(prefix="img2img-bench-") as folder:
        sources = _reduced(list_images(options.photos)[: options.limit], options.reduce, Path(folder) / "sources")
        first = next(sources.iterdir())
        if parts & {"a", "b"}:
            model = img2img.load_model(options.model, device="cpu")
            compare_throughput(table, model, sources, parts, options.rounds)
        if "c" in parts:
            compare_start(table, options.model, first, options.rounds)
        if "d" in parts:
            photo = decode_image(read_file(first), first).pixels
            compare_memory_of_many(table, options.model, photo, Path(folder))
            compare_memory_of_large(table, options.model, photo, (width, height), Path(folder))
    return 0 if table.good else 1


if __name__ == "__main__":
    sys.exit(main())
