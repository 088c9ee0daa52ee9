"""A small training, finished once; processes that train and can be killed; and what makes two trainings equal."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from img2img_srgan.config import SRGANTraining
from img2img_srgan.family import SRGAN
from img2img_srgan.trainer import SRGANTrainer
from safetensors.torch import load_file

import img2img
from img2img.host.declarations import Plugin
from img2img.media import Image, encode_image, write_file
from img2img.training.checkpoints import list_checkpoints

OPTIONS: dict[str, Any] = {
    "scale": 2, "width": 8, "depth": 1, "crop": 16, "batch_size": 2, "accumulate": 2, "ema": 0.9,
    "pretrain_steps": 7, "gan_steps": 6, "pretrain_lr": 1e-3, "perceptual": "random", "discriminator_width": 4,
}  # fmt: skip
"""Two stages of a tiny network; the boundary is neither a checkpoint's nor a log line's step."""


def waves(seed: int, height: int = 40, width: int = 48) -> Image:
    """An image full of structure that bilinear enlargement gets wrong."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    frequencies = chance.uniform(0.4, 1.1, (3, 2))
    planes = [np.sin(x * across + y * down + chance.uniform(0, 6)) for across, down in frequencies]
    return Image(np.uint8(127.5 + 120 * np.stack(planes, -1)))


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six drawn images; one is held out."""
    folder = tmp_path_factory.mktemp("photos")
    for index in range(6):
        write_file(folder / f"{index}.png", encode_image(waves(index), ".png").data)
    return folder


@pytest.fixture
def settings(photos: Path, tmp_path: Path) -> dict[str, Any]:
    """Arguments of `img2img.train` for a run in a folder of the test's own."""
    return arguments(photos, tmp_path / "run")


@pytest.fixture(scope="session")
def finished(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's folder of a training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    img2img.train("srgan", **arguments(photos, folder), host=img2img.PluginHost.discover(strict=True))
    return folder


def arguments(photos: Path, folder: Path) -> dict[str, Any]:
    return {
        "data": str(photos), "run": str(folder), "options": dict(OPTIONS), "compute": img2img.Compute("cpu"), "seed": 3,
        "intervals": img2img.Intervals(4, 3, 2), "trained_on": "waves", "license": "CC0-1.0",
    }  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """What came of a training in another process; `error` is the name of an exception, or `killed`."""

    error: str
    message: str = ""
    warnings: tuple[str, ...] = ()


class Children:
    """Starts trainings in processes of their own."""

    def __init__(self, folder: Path) -> None:
        program = [sys.executable, str(Path(__file__).with_name("children.py"))]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer = folder / "answer.json"

    def train(self, settings: Mapping[str, Any], *, killed_after: float | None = None, **job: Any) -> Ended:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.answer.unlink(missing_ok=True)
        order = {"train": settings, "answer": str(self.answer), **job}
        print(json.dumps(order, default=asdict), file=self.process.stdin, flush=True)
        child = int(self.process.stdout.readline())
        if killed_after is not None:
            time.sleep(killed_after)
            os.kill(child, signal.SIGKILL)
        status = int(self.process.stdout.readline())
        if status == signal.SIGKILL:
            return Ended("killed")
        assert status == 0
        answer = json.loads(self.answer.read_text())
        return Ended(answer["error"], answer["message"], tuple(answer["warnings"]))


@pytest.fixture(scope="session")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Children]:
    children = Children(tmp_path_factory.mktemp("children"))
    yield children
    assert children.process.stdin is not None
    assert children.process.stdout is not None
    children.process.stdin.close()
    assert children.process.wait(timeout=60) == 0
    children.process.stdout.close()


@pytest.fixture
def host_with() -> Callable[[type[SRGANTrainer]], img2img.PluginHost]:
    """The installed plugins and a family `scripted`, which is SRGAN with another trainer: `host_with(TrainerClass)`."""

    def host_with(trainer: type[SRGANTrainer]) -> img2img.PluginHost:
        class Scripted(SRGAN):
            name = "scripted"

            def trainer(self, config: SRGANTraining, engine: img2img.Engine) -> img2img.Trainer:
                return trainer(config, engine)

        class Module:
            @img2img.hookimpl
            def register_models(self, register: Callable[[SRGAN], None]) -> None:
                register(Scripted())

        host = img2img.PluginHost.discover(strict=True)
        host.register(Module(), Plugin("scripted", "tests", "1"))
        return host

    return host_with


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run's folder, to be damaged."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def fingerprint() -> Callable[[Path], dict[str, Any]]:
    """All that must be equal where two trainings are, as digests by name: `fingerprint(folder)`."""

    def fingerprint(folder: Path) -> dict[str, Any]:
        models = {path.name: digest(load_file(path)) for path in sorted(folder.glob("*.safetensors"))}
        newest = list_checkpoints(folder / "checkpoints")[-1]
        state = newest.load(torch.device("cpu"))
        parts = {name: digest(part) for name, part in state.items()}
        steps = [checkpoint.step for checkpoint in list_checkpoints(folder / "checkpoints")]
        tables = {name: (folder / name).read_text() for name in ("log.csv", "health.csv")}
        return {**models, **parts, "steps": steps, **tables}

    return fingerprint


def digest(value: Any) -> str:
    """SHA-256 of everything in a tree of tensors and plain values."""
    sha256 = hashlib.sha256()

    def add(part: Any) -> None:
        if isinstance(part, torch.Tensor):
            sha256.update(f"{part.dtype} {tuple(part.shape)}".encode())
            sha256.update(part.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        elif isinstance(part, Mapping):
            for key in sorted(part, key=str):
                sha256.update(repr(key).encode())
                add(part[key])
        elif isinstance(part, list | tuple):
            for item in part:
                add(item)
        else:
            sha256.update(repr(part).encode())

    add(value)
    return sha256.hexdigest()
