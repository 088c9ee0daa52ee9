"""How much of a batch's time goes to the hook layer, when what is hooked in does nothing.

    python tests/benchmarks/hooks.py [--model NAME] [--sizes 64x64,320x180] [--rounds N]

The batch is as large as translation makes it on a CPU, its network the smallest that comes with the program. What the
hook layer does for the batch is timed by itself, many times over: of the whole, it is too little to be seen. Exit
status 0 if every target is met.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import torch
from bench import Pixels, Table, _medians

import img2img
from img2img import Filter, PluginHost, hookimpl
from img2img.host.declarations import Plugin
from img2img.inference.filtering import NO_FILTERS, Chain

OFTEN = 200
"""Times in a row that something is done which takes microseconds."""


class Nothing(Filter):
    name, summary = "nothing", "does nothing"


class NothingPlugin:
    """Hooks into whatever is measured."""

    @hookimpl
    def register_filters(self, register: Callable[[type[Filter]], None]) -> None:
        register(Nothing)

    @hookimpl
    def batch_translated(self, job: object, items: object) -> None: ...

    @hookimpl
    def frame_translated(self, job: object, item: object, done: int, total: int) -> None: ...


def work(host: PluginHost, batch: Pixels, result: Pixels) -> dict[str, Callable[[], object]]:
    """What the hook layer does for a batch, by what is hooked in."""
    return {
        "no filters": partial(through, NO_FILTERS, batch, result),
        "a filter that does nothing": partial(through, Chain.parse(["nothing"], host), batch, result),
        "an observer that does nothing": partial(tell, host, len(batch)),
    }


def through(chain: Chain, batch: Pixels, result: Pixels) -> None:
    """As for images; the frames of a clip share their filters, which costs less."""
    for source, made in zip(batch, result, strict=True):
        passage = chain.start()
        passage.before(source)
        passage.after(source, made)


def tell(host: PluginHost, count: int) -> None:
    """As for images and for the frames of a clip, both."""
    for number in range(count):
        host.notify("batch_translated", job=None, items=[None])
        host.notify("frame_translated", job=None, item=None, done=number, total=count)


def measure(table: Table, model: img2img.Model, host: PluginHost, size: tuple[int, int], rounds: int) -> None:
    width, height = size
    count = model.executor.batch_size(height, width)
    batch = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)
    result = model.executor.run(batch)  # the first pass through a network is slow
    ways = {"network": timed(partial(model.executor.run, batch))}
    ways |= {name: timed(way, OFTEN) for name, way in work(host, batch, result).items()}
    seconds = _medians(ways, rounds)
    network = seconds.pop("network")
    table.row(f"{count} of {width} x {height}: the network", 1000 * network, "ms")
    for name, time in seconds.items():
        table.row(f"{count} of {width} x {height}: {name}", 1e6 * time, "us")
        table.row(f"{count} of {width} x {height}: {name}, of the network", 100 * time / network, "%", high=1)


def timed(way: Callable[[], object], often: int = 1) -> Callable[[], float]:
    """The seconds that something takes, done so often."""

    def run() -> float:
        started = perf_counter()
        for _ in range(often):
            way()
        return (perf_counter() - started) / often

    return run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="photo-x2")
    parser.add_argument("--sizes", default="64x64,320x180", metavar="WxH,…", help="of the images")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    host = PluginHost.discover(strict=True)
    host.register(NothingPlugin(), Plugin("nothing", "img2img-nothing", "1"))
    model, table = img2img.load_model(options.model, device="cpu", host=host), Table()
    for size in options.sizes.split(","):
        width, height = map(int, size.split("x"))
        measure(table, model, host, (width, height), options.rounds)
    return 0 if table.good else 1


if __name__ == "__main__":
    sys.exit(main())
