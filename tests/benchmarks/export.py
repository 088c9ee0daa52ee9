"""How fast onnxruntime and programs of torch.export are beside the model itself.

    python tests/benchmarks/export.py [--model NAME] [--side N] [--batch N] [--rounds N]

The ways run alternately in one process, in float32, on one thread and then on all cores; medians are compared, so that
a busy machine spoils all alike.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from img2img_export.exporting import export

import img2img


def ways(name: str, side: int, batch: int, folder: Path) -> dict[str, Callable[[], object]]:
    """What is compared: each takes a batch to its result, outside of which nothing happens."""
    host = img2img.PluginHost.discover()
    paths = {"torch": name}
    for kind in ("onnx", "pt2"):
        paths[kind] = str(folder / f"{name}.{kind}")
        export(name, Path(paths[kind]), {}, host)
    models = {way: img2img.load_model(path, device="cpu", precision="fp32", host=host) for way, path in paths.items()}
    translator = models["torch"].translator
    images = torch.rand(batch, translator.traits.channels_in, side, side).contiguous(memory_format=torch.channels_last)
    rows = {key: condition.parse(condition.choices[0]) for key, condition in translator.traits.conditions.items()}
    given = {key: row.expand(batch, *row.shape) for key, row in rows.items()}
    return {way: partial(model.translator, images, **given) for way, model in models.items()}


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="photo-x2")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    cores = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        compared = ways(options.model, options.side, options.batch, Path(folder))
        for threads in sorted({1, cores}):
            torch.set_num_threads(threads)
            seconds: dict[str, list[float]] = {way: [] for way in compared}
            for _ in range(options.rounds + 1):  # the first warms up
                for way, run in compared.items():
                    started = perf_counter()
                    run()
                    seconds[way].append(perf_counter() - started)
            times = {way: median(found[1:]) for way, found in seconds.items()}
            print(f"{options.model}, {options.batch} of {options.side} × {options.side}, threads: {threads}")
            for way, time in times.items():
                print(f"  {way:6} {1e3 * time:8.1f} ms, {times['torch'] / time:.2f} times as fast as torch")


if __name__ == "__main__":
    main()
