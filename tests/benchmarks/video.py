"""How fast videos are translated, beside each stage alone and beside a plain loop.

    python tests/benchmarks/video.py [--videos DIR] [--models photo-x2 photo-to-pencil] [--frames N] [--rounds K]

For each video and model:
  a  frames a second of `img2img.translate` over those of the slowest of decoder, network and encoder, each alone and
     with all cores
     and over what the cores can do where all stages share them, each of which had all of them alone
  b  the same over the loop that research code has: decode, float32, one frame at a time, encode, nothing at once

What is compared runs alternately in one process, and medians are compared, so that a busy machine spoils all alike.
Everything runs on the CPU. Exit status 0 if every target is met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from time import perf_counter
from typing import Any

import av
import torch
from bench import ROOT, Pixels, Table, _medians

import img2img
from img2img.datasets import to_tensor
from img2img.inference.picture import Picture
from img2img.media.video import Frame, VideoOptions
from img2img.media.video.encoding import choose_encoding
from img2img.media.video.reader import VideoReader
from img2img.media.video.segments import SegmentEncoder
from img2img.nn.sizes import translate_any_size


class Stages:
    """Each stage alone on the same frames, with all cores."""

    def __init__(self, path: Path, model: img2img.Model, frames: int, folder: Path) -> None:
        self.path, self.model, self.folder = path, model, folder
        with VideoReader(path) as reader:
            self.info = reader.info
            shown: list[Frame] = list(islice(reader.frames(), frames))
            self.times = [(frame.pts, frame.duration) for frame in shown]
            self.sources = [frame.picture() for frame in shown]
        self.end = (self.times[-1][0] + self.times[-1][1]) * self.info.time_base - self.info.start
        self.numbers = count()
        self.results = self._translate_all()
        height, width = self.results[0].shape[:2]
        self.encoding = choose_encoding(".mp4", VideoOptions(), replace(self.info, width=width, height=height))
        ways = [(1, torch.get_num_threads()), (torch.get_num_threads(), 1)]
        seconds = {way: min(self._network(*way) for _ in range(2)) for way in ways}
        self.way = min(ways, key=lambda way: seconds[way])

    def pipeline(self) -> float:
        target = self.folder / f"{next(self.numbers)}.mp4"
        report = img2img.translate(self.path, target, model=self.model, video=VideoOptions(end=self.end))
        assert report.counts["done"] == 1
        return report.seconds

    def decode(self) -> float:
        started = perf_counter()
        with VideoReader(self.path) as reader:
            for frame in islice(reader.frames(), len(self.times)):
                frame.picture()
        return perf_counter() - started

    def network(self) -> float:
        return self._network(*self.way)

    def encode(self) -> float:
        started = perf_counter()
        encoder = SegmentEncoder(self.encoding)
        for pixels, (pts, duration) in zip(self.results, self.times, strict=True):
            encoder.add(pixels, pts, duration)
        encoder.write(self.folder / f"{next(self.numbers)}.npz")
        return perf_counter() - started

    def plain(self) -> float:
        """What research code does: one frame after the other, one stage after the other."""
        translator = deepcopy(self.model.translator)
        translator.generator.to(memory_format=torch.contiguous_format)
        started = perf_counter()
        target = self.folder / f"{next(self.numbers)}.mp4"
        with av.open(str(self.path)) as source, av.open(str(target), "w") as output, torch.no_grad():
            stream: Any = output.add_stream("libx264", rate=self.info.rate, options={"crf": "18"})
            stream.height, stream.width = self.results[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for frame in islice(source.decode(video=0), len(self.times)):
                pixels = frame.to_ndarray(format="rgb24")
                image = torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous().float() / 255
                result = translate_any_size(translator, image)[0].clamp(0, 1).mul(255).round().byte()
                array = result.permute(1, 2, 0).contiguous().numpy()
                output.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
            output.mux(stream.encode(None))
        return perf_counter() - started

    def _translate_all(self) -> list[Pixels]:
        return [self.model(pixels) for pixels in self.sources]

    def _network(self, workers: int, threads: int) -> float:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            with ThreadPoolExecutor(workers) as pool:
                started = perf_counter()
                for _ in pool.map(self._forward, self._batches()):
                    pass
                return perf_counter() - started
        finally:
            torch.set_num_threads(before)

    def _batches(self) -> list[torch.Tensor]:
        images = [to_tensor(Picture.enter(pixels, self.model.translator.traits).entering) for pixels in self.sources]
        size = self.model.executor.batch_size(*images[0].shape[1:])
        parts = [torch.stack(images[first : first + size]) for first in range(0, len(images), size)]
        return [part.contiguous(memory_format=torch.channels_last) for part in parts]

    @torch.inference_mode()
    def _forward(self, batch: torch.Tensor) -> None:
        with self.model.device.autocast():
            translate_any_size(self.model.translator, batch)


def compare(table: Table, stages: Stages, name: str, rounds: int) -> None:
    ways = {way: getattr(stages, way) for way in ("pipeline", "decode", "network", "encode", "plain")}
    speed = {way: len(stages.times) / seconds for way, seconds in _medians(ways, rounds).items()}
    for way, frames in speed.items():
        table.row(f"{name}: {way}", frames, "1/s")
    slowest = min(("decode", "network", "encode"), key=lambda way: speed[way])
    table.row(f"{name}: a, pipeline over {slowest} alone", speed["pipeline"] / speed[slowest], low=0.85)
    shared = 1 / sum(1 / speed[way] for way in ("decode", "network", "encode"))
    table.row(f"{name}:    and over all stages sharing the cores", speed["pipeline"] / shared)
    table.row(f"{name}: b, pipeline over the plain loop", speed["pipeline"] / speed["plain"], low=1.5)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=Path, default=ROOT.parent / "shared" / "data" / "video")
    parser.add_argument("--names", nargs="+", default=["bikes.mp4", "bigbuckbunny.mp4"])
    parser.add_argument("--models", nargs="+", default=["photo-x2", "photo-to-pencil"])
    parser.add_argument("--frames", type=int, default=48, help="use only the first N frames")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(words)
    table = Table()
    for video in options.names:
        for name in options.models:
            model = img2img.load_model(name, device="cpu")
            with tempfile.TemporaryDirectory(prefix="img2img-bench-") as folder:
                stages = Stages(options.videos / video, model, options.frames, Path(folder))
                compare(table, stages, f"{video}, {name}", options.rounds)
    return 0 if table.good else 1


if __name__ == "__main__":
    sys.exit(main())
